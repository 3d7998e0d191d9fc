import ArgumentParser
import CLI
import Foundation
import TestSupport
import Testing

/// What people are told of errors, by the command lines that lead there.
@Suite("Errors", .serialized)
struct ErrorTests {
  /// A folder with runs of several kinds, data and files that are none.
  private nonisolated(unsafe) static let place = Result { () throws -> Scratch in
    let folder = Scratch()
    let small = ["--dimension", "8", "--pmf-epochs", "4", "--device", "cpu"]
    let agent = small + ["--steps", "200", "--batch-size", "16", "--learning-starts", "50"]
    for words in [
      Tiny.train("d"), Tiny.train("lat", "--split", "latest"),
      Tiny.train("none", "--split", "none"),
      Tiny.train("d2", data: "generated:tiny:2"), Tiny.train("grp", "--seeds", "2"),
      ["train", "pmf", "--run", "p", "--data", "generated:tiny"] + small,
      ["train", "q", "--run", "q", "--env", "cliff", "--steps", "300"],
      ["train", "multi-q", "--run", "m", "--data", "generated:tiny"],
      ["train", "dqn", "--run", "n", "--data", "generated:tiny", "--no-myopic"] + agent,
      ["train", "dqn", "--run", "nt", "--env", "cliff", "--steps", "200", "--device", "cpu"],
      Tiny.gan + ["--run", "g", "--device", "cpu"],
      ["bandit", "--rounds", "100", "--seeds", "2", "--run", "b"],
      ["bandit", "--rounds", "100", "--seeds", "1", "--policy", "ucb1", "--out", "b.csv"],
      ["data", "generate", "tiny", "gen"], ["export", "model", "d", "model", "--device", "cpu"],
    ] {
      try Program.run(words, in: folder).required()
    }
    for (name, text) in [
      ("notes.txt", "notes\n"), ("a.json", "{\"a\": 1}\n"), ("damaged/config.json", "{\n"),
      ("log.csv", "action,reward,propensity\n0,1,0.5\n1,0,0.5\n"),
      ("shop.csv", "buyer,sku,type\n1,2,view\n,2,view\n"),
      ("odd.json", "{\"u\":1,\"i\":2}\n{\"u\":1\n"), ("two/a.csv", "userId,itemId,rating\n1,2,3\n"),
      ("two/b.tsv", "1\t2\t3\t4\n"), ("a.gz", "no gzip"), ("a.tar", "no tar"),
      ("log.dsjson", "{\"a\":[1,2]}\n"),
      ("logbad.csv", "action,reward,propensity\n0,1,2\n"), ("loghead.csv", "a,b\n0,1\n"),
      ("space.yaml", "train: dqn\nenv: cliff\nsteps: 2000\nsearch:\n  hidden: [4, 8]\n"),
      ("bad-space.yaml", "train: dqx\nenv: cliff\n"),
    ] { try folder.write(name, text) }
    try folder.makeFolder("empty")
    try folder.copy("d", "cut")
    truncate(folder.path + "/cut/pmf.safetensors", 100)
    return folder
  }

  private static func outcome(_ line: String) throws -> Outcome {
    let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
    return try Program.run(words, in: place.get(), asGiven: true)
  }

  /// Of what was printed, the sentence.
  private static func sentence(_ outcome: Outcome) -> Substring {
    let line = outcome.error.split(separator: "\n").first { $0.hasPrefix("Error: ") } ?? ""
    return line.dropFirst("Error: ".count)
  }

  @Test("the sentence says what was typed, what is wrong and what to do")
  func sentences() throws {
    for (line, expected) in ErrorLines.sentences {
      // How long a header is depends on the name of the processor in it.
      let found = try Self.sentence(Self.outcome(line)).replacing(/end at byte \d+/) { _ in
        "end at byte N"
      }
      #expect(found == expected, "\(line)")
    }
  }

  /// How the usage of the command that a line names begins.
  private static func usage(_ line: String) -> String {
    var (command, usage): (any ParsableCommand.Type, String) = (DRRCommand.self, "Usage: drr")
    for word in line.split(separator: " ") {
      let next = command.configuration.subcommands.first { $0._commandName == word }
      guard let next else { break }
      command = next
      usage += " \(word)"
    }
    return usage + " "
  }

  /// Words of the program alone, which nobody typed.
  private static let privateWords = [
    " share is", "twin", "cloning", "capacity", "Error(", "Optional", "./", "/proc/",
  ]

  @Test("every error is one sentence with a remedy that can be followed", arguments: ErrorLines.all)
  func rules(_ line: String) throws {
    let outcome = try Self.outcome(line)
    let sentence = Self.sentence(outcome)
    #expect(outcome.code == 1 || outcome.code == 64, "\(outcome.description)")
    #expect(outcome.output == "")
    #expect(!sentence.isEmpty, "\(outcome.description)")
    // A device that was looked for is named before.
    let lines = outcome.error.split(separator: "\n")
    #expect(
      !lines.contains { $0.hasPrefix("device: ") } || Self.late.contains(line), "\(outcome.error)")
    // Below the sentence there is the usage of the command that was typed, or nothing.
    if outcome.code == 64 {
      #expect(lines.contains { $0.hasPrefix(Self.usage(line)) }, "\(outcome.error)")
      #expect(lines.last?.hasSuffix("--help' for more information.") == true, "\(outcome.error)")
    } else {
      #expect(lines.last?.hasPrefix("Error: ") == true, "\(outcome.error)")
    }
    #expect(sentence.contains("; "), "no remedy: \(sentence)")
    #expect(sentence.firstMatch(of: /[.!] [A-Z]/) == nil, "two sentences: \(sentence)")
    #expect(try !sentence.contains(Self.place.get().path) && !sentence.contains("/tmp/"))
    #expect(sentence.firstMatch(of: /(agent|evaluation)\.[a-z]/) == nil, "\(sentence)")
    for word in Self.privateWords { #expect(!sentence.contains(word), "\(word): \(sentence)") }
    for remedy in sentence.matches(of: /`drr ([^`]+)`/) {
      let words = remedy.1.split(separator: " ").map(String.init)
      do {
        _ = try DRRCommand.parseAsRoot(words)
      } catch {
        // Help is asked for by an error too.
        #expect(
          DRRCommand.exitCode(for: error) == .success,
          "\(remedy.0): \(DRRCommand.fullMessage(for: error))")
      }
    }
  }

  /// What only the work itself shows.
  private static let late: Set = [
    "compare --run lat --against popularty", "compare --run lat --against xxxxxxxx",
  ]
}

import Foundation
import TestSupport
import Testing

@Suite("What fuzzing reads")
struct FuzzedReadersTests {
  private static let program = Program.path(of: "fuzz")

  private static func readers() throws -> [String] {
    try Program.run([], of: program).required().output.split(separator: "\n").map(String.init)
  }

  private static func seeds(_ reader: String = "") throws -> [String] {
    let folder = packageRoot.appendingPathComponent("Tests/Campaign/Fuzz/Corpus/\(reader)").path
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .map { "\(folder)/\($0)" }
  }

  @Test("each reader has files to begin with, and holds them")
  func corpus() throws {
    let readers = try Self.readers()
    #expect(readers.count > 40 && Set(readers).count == readers.count)
    #expect(try Self.seeds().map { ($0 as NSString).lastPathComponent } == readers.sorted())
    for reader in readers {
      let seeds = try Self.seeds(reader)
      #expect(!seeds.isEmpty, "\(reader)")
      let outcome = try Program.run([reader] + seeds, of: Self.program, asGiven: true)
      #expect(outcome.code == 0, "\(reader): \(outcome.description)")
    }
  }

  /// Readers of the files and folders that an option names; none of what is written, of texts that
  /// are taken line by line, and of numbers.
  private static let byOption: [String: [String]] = [
    "--config": ["options"], "--space": ["search"], "--weights": ["safetensors"],
    "--data": ["ratings-csv", "feedback", "dsjson", "criteo", "open-bandit", "trajectories"],
    "<source>": ["ratings-table", "sessions-three"], "--new-ratings": ["ratings-line"],
    "--sessions": ["sessions-lines"], "--test": ["sessions-yoochoose"], "--file": ["ratings-zip"],
    "--items": ["ratings-metadata"], "--env": ["mdp"], "--start": ["mdp"],
    "--from": ["served"], "--log": ["served"], "--model": ["model"],
    "<model>": ["model", "promotions"], "--from-run": ["configuration"],
    "--run": ["configuration", "metrics"], "<run>": ["configuration", "metrics"],
    "<runs>": ["metrics", "report"], "<folder>": ["metrics"],
    "--out": [], "--plot": [], "--lists": [], "--socket": [], "--users": [], "--token-file": [],
    "--log-seed": [],
  ]

  @Test("every option that names a file has its reader among them")
  func options() throws {
    let readers = Set(try Self.readers())
    for (option, names) in Self.byOption {
      #expect(readers.isSuperset(of: names), "\(option)")
    }
    let help = try Program.run(["--experimental-dump-help"]).required().output
    let tree = try JSONSerialization.jsonObject(with: Data(help.utf8)) as? [String: Any]
    let command = try #require(tree?["command"] as? [String: Any])
    let found = Set(Self.naming(command))
    #expect(found.count > 20)
    for option in found.subtracting(Self.byOption.keys) {
      Issue.record("\(option) names a file: add its reader to Tests/Campaign/Fuzz, and it here")
    }
  }

  /// Options and words of a command, and of those below it, whose values are files or folders.
  private static func naming(_ command: [String: Any]) -> [String] {
    // What measures the program is no part of it.
    if command["commandName"] as? String == "bench" { return [] }
    let kinds: Set = [
      "file", "path", "folder", "source", "data", "log", "run", "runs", "model",
    ]
    let words = command["arguments"] as? [[String: Any]] ?? []
    let own = words.compactMap { word -> String? in
      guard word["kind"] as? String != "flag", let value = word["valueName"] as? String,
        !kinds.isDisjoint(with: value.split { !$0.isLetter }.map(String.init))
      else { return nil }
      let names = word["names"] as? [[String: String]] ?? []
      return names.first { $0["kind"] == "long" }?["name"].map { "--\($0)" } ?? "<\(value)>"
    }
    return own + (command["subcommands"] as? [[String: Any]] ?? []).flatMap(naming)
  }
}

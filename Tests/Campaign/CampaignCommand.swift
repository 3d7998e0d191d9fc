import ArgumentParser
import DRRCore
import Foundation
import Tensor
import Terminal

@main
struct CampaignCommand: ParsableCommand {
  static let parts: [any CampaignPart.Type] = [
    Kills.self, WriteFaults.self, DriverFaults.self, CheckpointMutations.self, Arguments.self,
    Mutated.self, Fuzzing.self, Sanitizers.self, Implementations.self, Serve.self,
  ]

  static let configuration = CommandConfiguration(
    commandName: "campaign",
    abstract: "Try to break drr, and count what held.",
    discussion: """
      Without names every part runs, each for its share of the minutes; a part may
      be done earlier. What fails is named with the command that repeats it, and
      the exit code is then 1.

      \(parts.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      Examples:
        ./campaign
        ./campaign --minutes 60 --seed 7 --json out.json
        ./campaign \(parts[0].name) --minutes 2
      """)

  @Argument(help: ArgumentHelp("Parts to run (default: all).", valueName: "part"))
  var names: [String] = []

  @Option(help: ArgumentHelp("Wall time, shared out among the parts.", valueName: "number"))
  var minutes = 10.0

  @Option(help: "What all draws come of.")
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "Inputs of each reader, from the committed corpus alone, trials of options and bodies for a "
        + "server: the same ones for the same seed. (default: what time allows)",
      valueName: "number"))
  var inputs: Int?

  @Option(help: ArgumentHelp("The counts as JSON.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("The counts as a page of Markdown.", valueName: "file"))
  var page: String?

  @Option(help: ArgumentHelp("The program that is tried.", valueName: "path"))
  var program: String = CampaignCommand.besideThis("drr")

  static func besideThis(_ name: String) -> String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent(name).path
  }

  func validate() throws {
    for name in names where !Self.parts.contains(where: { $0.name == name }) {
      let known = Self.parts.map { $0.name }.joined(separator: ", ")
      throw ValidationError("there is no part \(name); the parts are \(known)")
    }
    guard minutes > 0, minutes < 100_000 else {
      throw ValidationError("--minutes is \(minutes); it must be above 0 and below 100000")
    }
    guard inputs ?? 1 > 0 else {
      throw ValidationError("--inputs is \(inputs!); it must be 1 or more")
    }
    guard access(program, X_OK) == 0 else {
      throw ValidationError("there is no program at \(program); build it: swift build -c release")
    }
  }

  func run() throws {
    let chosen = Self.parts.filter { names.isEmpty || names.contains($0.name) }
    let end = ContinuousClock.now + .seconds(minutes * 60)
    var report = CampaignReport(seed: seed)
    for (place, part) in chosen.enumerated() {
      let begun = ContinuousClock.now
      let share = (end - begun) / (chosen.count - place)
      let room = CampaignRoom(
        program: URL(fileURLWithPath: program).standardizedFileURL.path, seed: seed,
        deadline: begun + max(share, .seconds(1)), inputs: inputs)
      Console.note("\(part.name): \(part.summary)")
      var tally = Tally()
      do {
        tally = try part.run(in: room)
      } catch let absence as Absent {
        tally.failed("what it needs", absence.description, again: "./campaign \(part.name)")
      }
      if tally.rows.isEmpty {
        tally.notes.append("Nothing was tried in its share of the time: give it more --minutes.")
      }
      report.parts.append(
        CampaignReport.Part(
          name: part.name, seconds: (ContinuousClock.now - begun).seconds, tally: tally))
      print(report.parts.last!.text)
    }
    if let json { try AtomicFile.write(report.json() + "\n", to: json) }
    if let page { try AtomicFile.write(report.page, to: page) }
    if report.failed > 0 { throw ExitCode.failure }
  }
}

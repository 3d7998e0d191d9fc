import ArgumentParser
import DRR
import Terminal

/// What moved between two results.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what moved between two results beyond the noise.",
    discussion: """
      A time moved where its median left the other's by more than one and a half times the larger \
      range between the quartiles, and by --least; a count moved where it differs. The exit code is \
      1 where something takes longer or asks more of the device.

      Examples:
        drr bench compare before.json after.json
        drr bench compare bench/results/cpu.json now.json --counts
      """)

  @Argument(help: "The JSON of any measuring command.")
  var before: String
  @Argument(help: "That of a later run.")
  var after: String
  @Option(help: "The smallest relative change that counts.")
  var least = 0.05
  @Flag(help: "Compare launches, waits and buffers only.")
  var counts = false
  @Flag(help: "Print JSON.")
  var json = false

  private struct Row: Encodable {
    var name: String
    var verdict: String
    var before: String
    var after: String
    var ratio: Double?
  }

  func run() throws {
    let comparison = Comparison(
      try read(before), try read(after), least: least, countsOnly: counts)
    if json {
      let rows = comparison.rows.map {
        Row(
          name: $0.name, verdict: $0.verdict.rawValue, before: $0.before, after: $0.after,
          ratio: $0.ratio)
      }
      try Console.result(RunFolder.json(rows, pretty: true))
    } else {
      try Console.result(comparison.text)
    }
    if comparison.isWorse { throw ExitCode(1) }
  }

  private func read(_ path: String) throws -> Report {
    guard let text = readText(path) else {
      throw RunError("\(path): no such file; name what --json of a command printed")
    }
    do { return try Report(json: text) } catch {
      throw RunError("\(path): \(error)")
    }
  }
}

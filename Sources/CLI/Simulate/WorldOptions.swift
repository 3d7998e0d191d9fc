import ArgumentParser
import DRR
import Kernels

/// Makes a log, showing progress.
func makeSessions(
  _ log: SimulatedLog, in source: WorldSource
) throws -> SessionSimulation.Result {
  let progress = Progress()
  defer { progress.finish() }
  return try log.make(in: source) { progress.update($0, of: $1, "sessions") }
}

/// A world, and a log that is made in it.
struct WorldOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The world: drawn, or a simulator's files (default: tabular).",
      valueName: "source|tabular[:SEED]|lstm[:SEED]"))
  var world = "tabular"
  @Option(help: "Who fills the lists (default: mix; in an LSTM world whom its log was made by).")
  var policy: String?
  @Option(
    help: "Sessions; in a tabular world those without a click come on top (default: 1000).")
  var sessions = 1_000
  @Option(help: "Items of a list (default: 10; in an LSTM world 20).")
  var shown: Int?
  @Option(help: "Draws the sessions (default: 1).")
  var logSeed: UInt64 = 1
  @Flag(help: "In an LSTM world, do without the dropout that its logs were made with.")
  var noDropout = false

  func open(on backend: any Backend) throws -> WorldSource {
    try WorldSource(world, dropout: noDropout ? 0 : 0.25, on: backend)
  }

  func log(_ source: WorldSource) -> SimulatedLog {
    SimulatedLog(
      policy: policy ?? source.loggingPolicy, sessions: sessions,
      listSize: shown ?? source.listSize, seed: logSeed)
  }
}

/// 1,2,5 as numbers.
func wholeNumbers(_ text: String, _ option: String) throws -> [Int] {
  try text.split(separator: ",").map { part in
    guard let number = Int(part), number > 0 else {
      throw ValidationError("\(option) has \"\(part)\"; it must be whole numbers, as 1,5,10.")
    }
    return number
  }
}

extension SimulationStatistics {
  static let header = [
    "policy", "reward", "±", "clicks", "±", "with a click", "coverage@10", "items shown",
  ]

  func row(_ name: String) -> [String] {
    [
      name, decimal(reward.mean, 3), decimal(reward.standardError, 3), decimal(clicks.mean, 3),
      decimal(clicks.standardError, 3), decimal(clickedShare, 3),
      coverage.last.map { decimal($0, 3) } ?? "–", grouped(distinctItems),
    ]
  }
}

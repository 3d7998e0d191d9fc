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

/// A simulator, and a log that is made in it.
struct WorldOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The simulator: tabular[:SEED], lstm[:SEED], or a simulator's files.",
      valueName: "simulator"), completion: .file())
  var env = "tabular"
  @Option(
    help: "The logging policy. (default: mix; in an LSTM simulator that of its log)",
    completion: .list(["random", "max", "mix", "optimal", "blind", "logging"]))
  var policy: String?
  @Option(help: "Sessions; in a tabular simulator those without a click come on top.")
  var sessions = 1_000
  @Option(help: "Items of a list. (default: 10; in an LSTM simulator 20)")
  var shown: Int?
  @Option(help: "Seed of the sessions.")
  var logSeed: UInt64 = 1
  @Flag(help: "In an LSTM simulator, do without the dropout that its logs were made with.")
  var noDropout = false

  func open(on backend: @autoclosure () throws -> any Backend) throws -> WorldSource {
    try WorldSource(env, dropout: noDropout ? 0 : 0.25, on: backend())
  }

  func log(_ source: WorldSource) -> SimulatedLog {
    SimulatedLog(
      policy: policy ?? source.loggingPolicy, sessions: sessions,
      listSize: shown ?? source.listSize, seed: logSeed)
  }
}

extension SimulationStatistics {
  static let header = [
    "policy", "reward", "±", "clicks", "±", "with a click", "top-10 recall", "unique items",
  ]

  func row(_ name: String) -> [String] {
    [
      name, decimal(reward.mean, 3), decimal(reward.standardError, 3), decimal(clicks.mean, 3),
      decimal(clicks.standardError, 3), decimal(clickedShare, 3),
      coverage.last.map { decimal($0, 3) } ?? "–", grouped(distinctItems),
    ]
  }
}

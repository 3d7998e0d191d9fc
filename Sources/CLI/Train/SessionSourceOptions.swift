import ArgumentParser
import DRR
import Kernels

/// Where sessions come from: a file, or a simulator.
struct SessionSourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A log: a folder, a file or a .zip. (default: one that is made in --env)",
      valueName: "source"), completion: .file())
  var data: String?
  @Option(
    help: ArgumentHelp(
      "The simulator that the log is from, if it is known, for evaluation there: tabular[:SEED], "
        + "lstm[:SEED], a folder or a .zip; without --data the log is made in it. (default: "
        + "tabular)", valueName: "simulator"), completion: .file())
  var env: String?
  @Option(
    help: ArgumentHelp(
      "The logging policy of a log that is made: random, max, mix, optimal or blind. (default: "
        + "mix; in an LSTM simulator logging)"),
    completion: .list(["random", "max", "mix", "optimal", "blind", "logging"]))
  var policy: String?
  @Option(
    help: ArgumentHelp(
      "Sessions of a log that is made; in a tabular simulator those without a click come on top. "
        + "(default: 1000)"))
  var sessions: Int?
  @Option(help: "Items of its lists. (default: 10; in an LSTM simulator 20)")
  var shown: Int?
  @Option(help: "Its seed. (default: 1)")
  var logSeed: UInt64?

  /// Reads the log, or makes it; what is not given is as the run was started.
  ///
  /// - Parameter backend: asked for where the log is made by networks.
  func load(
    _ reading: SessionOptions, begun: IRecGANRunConfiguration?, on backend: LazyBackend
  ) throws -> LoadedSessions {
    let makes = begun == nil || begun?.simulation != nil
    if data == nil && makes {
      let world = env ?? begun?.world ?? "tabular"
      let source = try WorldSource(world, on: backend())
      let known = begun?.simulation
      let simulation = SimulatedLog(
        policy: policy ?? known?.policy ?? source.loggingPolicy,
        sessions: sessions ?? known?.sessions ?? 1_000,
        listSize: shown ?? known?.listSize ?? source.listSize,
        seed: logSeed ?? known?.seed ?? 1)
      return LoadedSessions(
        log: try makeSessions(simulation, in: source).log, source: world, reading: reading,
        world: world,
        simulation: simulation)
    }
    let reading = data == nil ? begun!.reading : reading
    let source = data ?? begun!.data.source
    return LoadedSessions(
      log: try loadSessions(source, reading), source: source, reading: reading,
      world: env ?? begun?.world, simulation: nil)
  }
}

struct LoadedSessions {
  var log: SessionLog
  var source: String
  var reading: SessionOptions
  var world: String?
  var simulation: SimulatedLog?
}

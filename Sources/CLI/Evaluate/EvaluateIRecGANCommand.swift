import ArgumentParser
import DRR
import Kernels
import Tensor

extension EvaluateCommand {
  struct IRecGAN: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "irecgan",
      abstract: "Rank the clicks of held-out sessions, and play in the log's simulator.",
      usage: "drr evaluate irecgan [<options>]",
      discussion: """
        Two precisions, not to be compared: HR@k is the fraction of test clicks among the first k of \
        the list that was shown; precision@k that of k items, recommended out of the whole \
        catalogue, that was clicked. In the simulator that the log came from stand beside the agents \
        random lists, the logging policy, and the lists that only the simulator knows. A folder of \
        several runs is evaluated as one: figures are means over seeds.

        Examples:
          drr evaluate irecgan --run runs/gan
          drr evaluate irecgan --run runs/three --env irecgan-lstm-sim.zip --json
          drr evaluate irecgan --run runs/gan --simulate-only --sessions 10000
        """)

    static let usualSessions = 5_000

    @OptionGroup var options: RunOptions
    @OptionGroup var place: RunDataOption
    @Option(
      help: ArgumentHelp(
        "The simulator that the log came from: tabular[:SEED], lstm[:SEED], a folder or a .zip. "
          + "(default: the run's, if it knows one)", valueName: "simulator"), completion: .file())
    var env: String?
    @Option(help: "Sessions that each plays in the simulator; 0: none.")
    var sessions = Self.usualSessions
    @Flag(help: "Only play in the simulator.")
    var simulateOnly = false
    @OptionGroup var random: SeedOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if sessions < 0 { throw ValidationError("--sessions is \(sessions); it must be 0 or more.") }
      if simulateOnly && sessions == 0 {
        throw ValidationError("--sessions is 0, and --simulate-only plays; leave one of them out.")
      }
    }

    func run() throws {
      try Self.evaluate(
        options, data: place.data, env: env, sessions: sessions, seed: random.seed, device, output,
        simulateOnly: simulateOnly)
    }

    static func evaluate(
      _ options: RunOptions, data: String?, env: String?, sessions: Int, seed: UInt64,
      _ device: DeviceOptions, _ output: OutputOptions, simulateOnly: Bool = false
    ) throws {
      let backend = LazyBackend {
        try device.sessionBackend(begunIn: runFolders(options)[0])
      }
      let evaluation = try IRecGANEvaluation(
        experiments: openIRecGAN(options, data: data, on: backend), world: env, on: backend())
      var table: IRecGANTable?
      if !simulateOnly {
        let progress = Progress()
        defer { progress.finish() }
        table = try evaluation.evaluate { progress.update($0, of: $1, "rankers") }
      }
      if simulateOnly || (evaluation.hasWorld && sessions > 0) {
        let progress = Progress()
        defer { progress.finish() }
        table = try evaluation.simulate(sessions: sessions, seed: seed, into: table) {
          progress.update($0, of: $1, "policies")
        }
      }
      let folder = options.folder
      try output.print(table!, table!.text) {
        try folder.write(table!, to: simulateOnly ? folder.online : folder.evaluation)
      }
    }
  }
}

/// The sessions of a run: made again in their simulator, or read from where they are now.
func loadSessions(
  of configuration: IRecGANRunConfiguration, moved: Bool, on backend: LazyBackend
) throws -> SessionLog {
  let source = configuration.data.source
  guard let simulation = configuration.simulation, !moved else {
    return try loadSessions(source, configuration.reading)
  }
  return try makeSessions(simulation, in: WorldSource(source, on: backend())).log
}

/// The runs of a folder, with their sessions from where they are now.
func openIRecGAN(
  _ options: RunOptions, data: String?, on backend: LazyBackend
) throws -> [IRecGANExperiment] {
  let folders = try runFolders(options)
  var logs: [String: SessionLog] = [:]
  return try folders.map { folder in
    if folder.exists(folder.configuration), folder.readAlgorithm() != "irecgan" {
      throw RunError(try Algorithms.direction(to: folder) ?? folder.path)
    }
    guard var configuration = try folder.read(IRecGANRunConfiguration.self) else {
      throw folder.absence("train irecgan")
    }
    if let data { configuration.data.source = data }
    let source = configuration.data.source
    let log = try logs[source] ?? loadSessions(of: configuration, moved: data != nil, on: backend)
    logs[source] = log
    return try IRecGANExperiment(configuration, log: log, folder: folder)
  }
}

import ArgumentParser
import DRR
import Kernels
import Tensor

extension EvaluateCommand {
  struct IRecGAN: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "irecgan",
      abstract: "Rank the clicks of held-out sessions, and play in the world they came from.",
      discussion: """
        Two precisions, not to be compared: re-ranking is the share of positions whose click is among \
        the first k of what was shown; share of list is the share of k items, recommended out of the \
        whole catalogue, that was clicked. A folder of several runs is evaluated as one: figures are \
        means over seeds.

        Examples:
          drr evaluate irecgan --run runs/gan
          drr evaluate irecgan --run runs/three --world irecgan-lstm-sim.zip --json
        """)

    @OptionGroup var options: RunOptions
    @Option(help: "Where the run's sessions are now (default: where they were).")
    var data: String?
    @Option(
      help: ArgumentHelp(
        "The world that the log came from (default: the run's, if it knows one).",
        valueName: "source|tabular[:SEED]|lstm[:SEED]"))
    var world: String?
    @Option(help: "Sessions that each plays in the world; 0: none (default: 5000).")
    var sessions = 5_000
    @Option(help: "Draws the world's users (default: 1).")
    var seed: UInt64 = 1
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let backend = try device.sessionBackend(begunIn: runFolders(options)[0])
      let evaluation = try IRecGANEvaluation(
        experiments: openIRecGAN(options, data: data, on: backend), world: world, on: backend)
      let progress = Progress()
      var table = try evaluation.evaluate { progress.update($0, of: $1, "rankers") }
      progress.finish()
      if evaluation.hasWorld && sessions > 0 {
        let online = Progress()
        table = try evaluation.simulate(sessions: sessions, seed: seed, into: table) {
          online.update($0, of: $1, "contestants")
        }
        online.finish()
      }
      try options.folder.write(table, to: options.folder.evaluation)
      try Console.result(output.json ? RunFolder.json(table, pretty: true) : table.text)
    }
  }
}

/// The folder of a run, or those of its group's runs.
func runFolders(_ options: RunOptions) throws -> [RunFolder] {
  try options.folder.readGroup()?.members.map { $0.folder(in: options.folder) }
    ?? [options.folder]
}

/// The runs of a folder, with their sessions from where they are now.
func openIRecGAN(
  _ options: RunOptions, data: String?, on backend: any Backend
) throws -> [IRecGANExperiment] {
  let folders = try runFolders(options)
  var logs: [String: SessionLog] = [:]
  return try folders.map { folder in
    guard var configuration = try folder.readIRecGAN() else {
      throw RunError("\(folder.path): no run was begun there; use `drr train irecgan`")
    }
    if let data { configuration.data.source = data }
    let source = configuration.data.source
    let log: SessionLog
    if let known = logs[source] {
      log = known
    } else if let simulation = configuration.simulation, data == nil {
      log = try makeSessions(simulation, in: WorldSource(source, on: backend)).log
    } else {
      log = try loadSessions(source, configuration.reading)
    }
    logs[source] = log
    return try IRecGANExperiment(configuration, log: log, folder: folder)
  }
}

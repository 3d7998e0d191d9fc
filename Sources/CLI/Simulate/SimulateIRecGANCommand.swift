import ArgumentParser
import DRR
import Kernels
import Tensor

extension SimulateCommand {
  struct IRecGAN: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "irecgan",
      abstract: "Let the agents of a run of IRecGAN fill the lists of its world's users.",
      discussion: """
        The world is the one that the run's log came from: an agent that is tested in another one is \
        told nothing. Beside the agents stand random lists, the policy that made the log, and the \
        lists that only the world knows.

        Examples:
          drr simulate irecgan --run runs/gan
          drr simulate irecgan --run runs/lstm --world irecgan-lstm-sim.zip --sessions 10000 --json
        """)

    @OptionGroup var options: RunOptions
    @Option(help: "Where the run's sessions are now (default: where they were).")
    var data: String?
    @Option(
      help: ArgumentHelp(
        "The world that the log came from (default: the run's).",
        valueName: "source|tabular[:SEED]|lstm[:SEED]"))
    var world: String?
    @Option(help: "Sessions that each plays (default: 5000).")
    var sessions = 5_000
    @Option(help: "Draws the users (default: 1).")
    var seed: UInt64 = 1
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let backend = try device.sessionBackend(begunIn: runFolders(options)[0])
      let progress = Progress()
      let report = try IRecGANEvaluation(
        experiments: openIRecGAN(options, data: data, on: backend), world: world, on: backend
      ).simulate(sessions: sessions, seed: seed) { progress.update($0, of: $1, "contestants") }
      progress.finish()
      try options.folder.write(report, to: options.folder.online)
      try Console.result(output.json ? RunFolder.json(report, pretty: true) : report.text)
    }
  }
}

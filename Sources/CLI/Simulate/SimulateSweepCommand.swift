import ArgumentParser
import DRR
import Kernels
import Tensor

extension SimulateCommand {
  struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sweep",
      abstract:
        "Train on logs of many sizes, policies and list sizes, and play in their simulator.",
      discussion: """
        Every log is made anew with each seed; all methods learn from the same one, as many epochs, \
        and are then shown to the simulator's users. What is done is kept in the run's folder: the \
        same command goes on where it was stopped.

        Examples:
          drr simulate sweep --sizes 200,1000 --policies max,mix --run runs/sweep
          drr simulate sweep --env tabular:7 --list-sizes 5,10,20 --run runs/sizes
        """)

    @OptionGroup var options: RunOptions
    @Option(
      help: ArgumentHelp(
        "The simulator: tabular[:SEED], lstm[:SEED], a folder or a .zip.", valueName: "simulator"),
      completion: .file())
    var env = "tabular"
    @Option(help: ArgumentHelp("Sessions with a click of a log.", valueName: "n,n,..."))
    var sizes = "200,1000"
    @Option(help: ArgumentHelp("Logging policies.", valueName: "policy,..."))
    var policies = "max,mix"
    @Option(help: ArgumentHelp("Items of a list.", valueName: "k,k,..."))
    var listSizes = "10"
    @Option(help: "Logs and trainings of each kind.")
    var seeds = 3
    @Option(help: "The training method; may repeat. (default: irecgan, pg and pgu)")
    var method: [IRecGANMethod] = []
    @Option(help: "Sessions that each agent plays.")
    var evaluationSessions = 2_000
    @OptionGroup(title: "Network options") var settings: IRecGANOptions
    @OptionGroup var start: FreshOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let backend = try device.sessionBackend()
      let source = try WorldSource(env, on: backend)
      let policies = policies.split(separator: ",").map(String.init)
      let listSizes = try wholeNumbers(listSizes, "--list-sizes")
      for policy in policies {
        for size in listSizes { _ = try source.policy(policy, listSize: size) }
      }
      var cells: [SimulatedLog] = []
      for policy in policies {
        for size in listSizes {
          for sessions in try wholeNumbers(sizes, "--sizes") {
            for seed in 1...UInt64(max(1, seeds)) {
              cells.append(
                SimulatedLog(policy: policy, sessions: sessions, listSize: size, seed: seed))
            }
          }
        }
      }
      var sweep = IRecGANSweep(
        cells: cells, methods: method.isEmpty ? [.irecgan, .pg, .pgu] : method,
        settings: settings.settings())
      sweep.evaluationSessions = evaluationSessions
      let keeper = SweepFolder(options.folder, sweep, world: env)
      try keeper.begin(fresh: start.fresh)
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      var outcomes = try keeper.read()
      for (number, cell) in cells.enumerated() {
        progress.update(
          number, of: cells.count, "logs, \(cell.policy) \(cell.sessions) k \(cell.listSize)")
        if outcomes.contains(where: { $0.cell == cell }) { continue }
        // A cell's networks leave nothing of theirs in the next one's memory.
        let own = try DeviceCatalog.backend(for: backend.device.id)
        let found = try sweep.run(cell, in: source, on: own) { Interrupt.isRequested }
        try keeper.add(found)
        outcomes += found
      }
      progress.update(cells.count, of: cells.count, "logs")
      progress.finish()
      let rows = SweepRow.rows(of: outcomes.filter { cells.contains($0.cell) })
      try output.print(rows, Table(rows: SweepRow.table(rows)).text)
    }
  }
}

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

    func validate() throws {
      if !(1...1_000).contains(seeds) {
        throw ValidationError("--seeds is \(seeds); it must be 1 ... 1000.")
      }
    }

    func run() throws {
      if let group = try options.folder.readGroup() {
        _ = try Algorithms.begun(
          SweepSettings.self, in: group.members[0].folder(in: options.folder))
      }
      try options.requireOne()
      let begun =
        start.fresh ? nil : try Algorithms.begun(SweepSettings.self, in: options.folder)
      Interrupt.install()
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
            for seed in 1...UInt64(seeds) {
              cells.append(
                SimulatedLog(policy: policy, sessions: sessions, listSize: size, seed: seed))
            }
          }
        }
      }
      var sweep = IRecGANSweep(
        cells: cells, methods: method.isEmpty ? [.irecgan, .pg, .pgu] : method,
        settings: settings.settings(begun: begun?.settings))
      sweep.evaluationSessions = evaluationSessions
      let run = try Run(
        SweepSettings(sweep, world: env, checksum: source.checksum), folder: options.folder)
      try run.begin(fresh: start.fresh)
      let trainer = SweepTrainer(sweep, in: source, folder: options.folder) {
        try DeviceCatalog.backend(for: backend.device.id)
      }
      try watched(
        resume: Interrupt.typedCommand, saved: { "\(grouped($0)) logs are done and saved" }
      ) { _ = try run.train(trainer, device: "\(backend.device.id)", $0) }
      let rows = SweepRow.rows(of: trainer.outcomes.filter { cells.contains($0.cell) })
      try output.print(rows, Table(rows: SweepRow.table(rows)).text)
    }
  }
}

import ArgumentParser
import DRR
import Kernels
import Tensor

extension TrainCommand {
  struct IRecGAN: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "irecgan",
      abstract: "Train a user model, an agent and a discriminator on sessions.",
      discussion: """
        A log of sessions is a folder, a file or a .zip: gen_click.txt, gen_action.txt and \
        gen_reward.txt; lines of session;state;click;list;purchase; item ids by blank, a session a \
        line; or the raw files of CIKM Cup 2016. Without --data a simulator makes the log. First \
        the user model and the agent learn from the log alone; then each method goes on from there, \
        as many epochs each. Interrupted or killed, a run goes on from its last checkpoint to the \
        same bits.

        Examples:
          drr train irecgan --env tabular --policy mix --sessions 1000 --run runs/gan
          drr train irecgan --data irecgan-lstm-sim.zip --run runs/lstm
          drr train irecgan --env tabular --seeds 3 --all-methods --run runs/three
          drr train irecgan --preset paper --data cikm2016 --run runs/shop
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup(title: "Data options") var source: SessionSourceOptions
    @OptionGroup(title: "Data options") var reading: SessionReadingOptions
    @OptionGroup(title: "Network options") var settings: IRecGANOptions
    @OptionGroup var parts: BatchPartsOption
    @Option(
      help: ArgumentHelp(
        "What the agent is trained by after the log; may repeat. (default: irecgan and pg)"))
    var method: [IRecGANMethod] = []
    @Flag(help: "Train by every method.")
    var allMethods = false
    @OptionGroup var random: RunSeedOption
    @Option(help: "Number of runs, with seeds from --seed on, in the folders seed-0, seed-1 …")
    var seeds: Int?
    @Option(help: "Permutes the sessions before they are split 80/10/10. (default: file order)")
    var splitSeed: UInt64?
    @OptionGroup var start: StartOptions
    @OptionGroup var follow: TensorBoardOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if allMethods, !method.isEmpty {
        throw ValidationError(
          "--method and --all-methods exclude each other; leave one of them out.")
      }
      if let seeds, !(1...1_000).contains(seeds) {
        throw ValidationError(
          "--seeds is \(seeds); it must be at \(seeds < 1 ? "least 1" : "most 1000").")
      }
    }

    func run() throws {
      Interrupt.install()
      let group = try options.folder.readGroup()
      let count = seeds ?? (start.fresh ? nil : group?.seeds) ?? 1
      let folders =
        group == nil && count == 1
        ? [options.folder]
        : RunGroup(seeds: count).members.map { $0.folder(in: options.folder) }
      if folders.count > 1 { try Ranks.requireOne(for: "a group of runs") }
      let begun: IRecGANRunConfiguration? = try start.begun(folders[0])
      let found = LazyBackend {
        try device.sessionBackend(begunIn: start.fresh ? nil : folders[0])
      }
      let loaded = try source.load(reading.options, begun: begun, on: found)
      let named = allMethods ? IRecGANMethod.allCases : method
      let methods = named.isEmpty ? begun?.methods ?? [.irecgan, .pg] : named
      let experiments = try folders.enumerated().map { number, folder in
        try experiment(folder, number: UInt64(number), begun: begun, methods, loaded)
      }
      let backend = try found()
      try experiments[0].configuration.memory.require(on: backend.device)
      var reports: [IRecGANReport] = []
      for (number, experiment) in experiments.enumerated() {
        try Ranks.begun(experiment.folder, { try experiment.begin(fresh: start.fresh) }, with: {})
        // Once the first run stands, the folder is that of a group.
        if number == 0 && folders.count > 1 {
          try options.folder.write(RunGroup(seeds: count), to: options.folder.group)
        }
        for part in [.pretraining] + methods.map({ IRecGANTrainer.Part.method($0) }) {
          reports += try watched(experiment, part, on: backend)
        }
        if Ranks.leads { try experiment.folder.finishEvents() }
      }
      try output.print(
        reports,
        "trained by \(methods.map(\.title).joined(separator: ", "))\nnext: "
          + "drr evaluate irecgan --run \(options.run)")
    }

    /// What is not given is as the run was started.
    private func experiment(
      _ folder: RunFolder, number: UInt64, begun: IRecGANRunConfiguration?,
      _ methods: [IRecGANMethod], _ loaded: LoadedSessions
    ) throws -> IRecGANExperiment {
      var configuration = IRecGANRunConfiguration(
        data: .init(source: loaded.source, log: loaded.log), reading: loaded.reading,
        world: loaded.world, simulation: loaded.simulation,
        seed: (random.seed ?? begun?.seed ?? 0) &+ number,
        settings: settings.settings(
          begun: begun?.settings, log: loaded.log, listSize: loaded.simulation?.listSize))
      configuration.methods = methods
      if let batchParts = parts.batchParts { configuration.settings.batchParts = batchParts }
      configuration.split.seed = splitSeed ?? begun?.split.seed
      return try IRecGANExperiment(configuration, log: loaded.log, folder: folder)
    }

    private func watched(
      _ experiment: IRecGANExperiment, _ part: IRecGANTrainer.Part, on backend: any Backend
    ) throws -> [IRecGANReport] {
      try Commands.watched(
        follow: follow, resume: Interrupt.typedCommand,
        saved: { "\(grouped($0)) batches of \(part.name) are saved" }
      ) { try experiment.train(part, on: backend, $0, among: Ranks.all) }
    }
  }
}

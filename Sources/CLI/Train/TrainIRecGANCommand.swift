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
      let reports: [IRecGANReport]
      if experiments.count > 1 {
        reports = try trainGroup(experiments, on: backend)
      } else {
        let one = experiments[0]
        try Ranks.begun(one.folder, { try one.begin(fresh: start.fresh) }, with: {})
        reports = try train(one, on: backend, among: Ranks.all)
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

    /// Trains one run after another; under `mpirun` each rank its part of them, and one that fails
    /// there stops those of its rank alone.
    private func trainGroup(
      _ experiments: [IRecGANExperiment], on backend: any Backend
    ) throws -> [IRecGANReport] {
      // What cannot go on is told before any is begun.
      for experiment in experiments where !start.fresh {
        let (wanted, folder) = (experiment.configuration, experiment.folder)
        guard let begun = try folder.read(IRecGANRunConfiguration.self) else { continue }
        try Run(wanted, folder: folder).requireSame(begun)
      }
      let ranks = Ranks.all
      var (reports, failure, path) = ([IRecGANReport](), "", "")
      try ranks.barrier()
      do {
        for number in ranks.share(of: experiments.count) {
          path = experiments[number].folder.path
          try experiments[number].begin(fresh: start.fresh)
          // Once the first run stands, the folder is that of a group.
          if number == 0 {
            try options.folder.write(
              RunGroup(seeds: experiments.count), to: options.folder.group)
          }
          reports += try train(experiments[number], on: backend, among: SoleCollective())
        }
      } catch let error where ranks.size > 1 && !(error is Interrupted) {
        failure = "\(error)".hasPrefix(path) ? "\(error)" : "\(path): \(error)"
      }
      try Ranks.requireNone(failure)
      guard ranks.size > 1 else { return reports }
      return try ranks.allGather(Array(RunFolder.json(reports).utf8)).flatMap {
        RunFolder.value([IRecGANReport].self, json: String(decoding: $0, as: UTF8.self)) ?? []
      }
    }

    /// Trains all of a run that is begun.
    private func train(
      _ experiment: IRecGANExperiment, on backend: any Backend, among ranks: any Collective
    ) throws -> [IRecGANReport] {
      let methods = experiment.configuration.methods ?? []
      let parts = [.pretraining] + methods.map { IRecGANTrainer.Part.method($0) }
      let reports = try parts.flatMap { part in
        try Commands.watched(
          follow: follow, resume: Interrupt.typedCommand,
          saved: { "\(grouped($0)) batches of \(part.name) are saved" }
        ) { observer in
          var observer = observer
          // What a rank trains alone it stops alone.
          if ranks.size == 1 { observer.shouldStop = { Interrupt.isRequested } }
          return try experiment.train(part, on: backend, observer, among: ranks)
        }
      }
      if ranks.leads { try experiment.folder.finishEvents() }
      return reports
    }
  }
}

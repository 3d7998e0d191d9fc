import ArgumentParser
import DRR
import Tensor

extension TrainCommand {
  struct GRU: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "gru",
      abstract: "Train a GRU that ranks next items, by cross-entropy over the whole catalogue.",
      discussion: """
        Learned item vectors go through a GRU, whose output is scored against the same vectors. \
        Each user's ratings are learned in the order of time; what was rated at one time is put in \
        another order every epoch. The epoch with the best NDCG@10 on the validation ratings is \
        kept. `drr compare` shows the networks alone, mixed with the windowed Markov chain, and \
        with the nearest sessions besides, the weights chosen on the validation ratings. \
        Interrupted or killed, a run goes on from its last checkpoint.

        --head q and sac learn values of the log's transitions beside it (SQN and SAC of Xin et al. \
        2020), from rewards of 1 for what was liked and 0.2 for other ratings; --head count, \
        --shuffle-rewards and --discount 0 are their controls.

        --sessions learns from sessions of clicks: the last are held out, and an item may come \
        again.

        Started as mpirun -n 4 drr train gru …, processes share each batch by its sequences, and \
        what is held out for validation.

        Examples:
          drr train gru --data ml-100k.zip --run runs/gru
          drr train gru --data ml-100k.zip --networks 3 --run runs/three
          drr compare --run runs/three
          drr train gru --data ml-100k.zip --head q --run runs/sqn
          drr train gru --sessions diginetica-sessions.zip --run runs/clicks
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var ratings: RatingsOption
    @OptionGroup var sessions: ClickSessionsOption
    @OptionGroup var held: SplitOptions<LatestHeldOut>
    @OptionGroup var scale: ScaleOptions
    @OptionGroup var settings: GRUOptions
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try held.requireTraining() }

    func run() throws {
      Interrupt.install()
      try ratings.rounds(options) {
        var round = self
        round.options = $0
        try round.train()
      }
    }

    private func train() throws {
      if let group = try group.wanted(options.folder, fresh: training.fresh) {
        return try trainGroup(group)
      }
      try options.requireOne()
      let begun: GRURunConfiguration? = try training.start.begun(options.folder)
      let work = try work(begun, options.folder)
      let backend: any Backend = try Ranks.begun(
        options.folder, { try work.run.begin(fresh: training.fresh) },
        with: { try self.backend(work.run.settings) })
      let trainer = try GRUTrainer(work.run.settings, work.log, work.split, on: backend)
      try training.watched(options, work.run.settings.command, saves: "steps") {
        _ = try work.run.train(trainer, device: "\(backend.device.id)", $0, among: Ranks.all)
      }
      try output.print(
        trainer.best, trainer.text + "\nnext: drr compare --run \(options.run)"
      ) { try options.folder.finish(trainer.best) }
    }

    private func backend(_ settings: GRURunConfiguration) throws -> any Backend {
      try device.backend(settings.memory) {
        try DeviceTrial.secondsPerSequenceUpdate(settings.settings, on: $0)
      }
    }

    private func trainGroup(_ group: RunGroup) throws {
      let begun: GRURunConfiguration? = try training.start.begun(options.folder)
      let first = RunFolder("\(options.run)/\(group.members[0].name)")
      let run = try work(begun, first).run
      let reports = try GroupTraining(
        group: group, options: options, training: training, device: device, first: run.settings,
        need: run.settings.memory, preparation: run.folder.preparation
      ).run(steps: 0, on: backend(run.settings).device, [GRUTrainer.Report].self)
      try output.print(
        reports,
        "\(reports.count) GRU runs in \(options.run)\nnext: drr compare --run \(options.run)")
    }

    /// What is not given is as the run was started.
    private func work(
      _ begun: GRURunConfiguration?, _ folder: RunFolder
    ) throws -> (run: Run<GRURunConfiguration>, log: RatingsLog, split: UserSplit) {
      let loaded = try LoadedLog(
        ratings, sessions, scale.range.range ?? begun?.data.ratingRange, begun: begun?.data,
        begun?.evaluation, for: folder)
      let log = loaded.log
      var wanted = begun ?? GRURunConfiguration(source: loaded.data.source, log: log)
      if begun == nil || ratings.data != nil || sessions.sessions != nil {
        wanted.data = loaded.data
      }
      try scale.apply(to: &wanted.data, &wanted.scale, begun: begun?.data, log)
      try wanted.data.requireContents(of: log)
      held.apply(to: &wanted.evaluation, choosing: false)
      if let share = loaded.testShare {
        if let given = held.testFraction {
          throw ValidationError(
            "--test-fraction is \(given), and the sessions for test are named; leave it out.")
        }
        wanted.evaluation.testShare = share
      }
      try settings.apply(to: &wanted.settings)
      let split = UserSplit(log, wanted.evaluation)
      if let warning = split.orderWarning(in: log) { Console.note(warning) }
      var folder = folder
      folder.preparation = loaded.preparation
      return (try Run(wanted, folder: folder), log, split)
    }
  }
}

extension GRUTrainer {
  /// For people.
  fileprivate var text: String {
    best.map { network in
      "network \(network.network): epoch \(network.epoch) kept, cross-entropy "
        + "\(decimal(network.loss, 3))"
        + (network.ndcg.map {
          ", HR@10 \(decimal(network.hitRate ?? 0, 4)) and NDCG@10 \(decimal($0, 4)) on the "
            + "validation ratings"
        } ?? "")
    }.joined(separator: "\n")
  }
}

import ArgumentParser
import DRR
import Kernels
import Tensor
import Terminal

extension TrainCommand {
  struct MultiQ: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "multi-q",
      abstract: "Multi-table Q-learning on a log of ratings, one table a genre.",
      discussion: """
        The last items of a user are split by genre into item tuples. Each tuple is a state of its \
        genre's table, with a value for every item that followed it, and recommendations are merged \
        over the tuples. Only state-action entries that were visited are kept. With --shards the \
        states are spread over threads by a hash of their key, or, started as mpirun -n 4 drr train \
        multi-q …, over processes; the result is the same to the bit. Interrupted or killed, a run goes on from its last checkpoint.

        --preset published is the system of Kumar & Ranjan (2020): reward +15 for what was watched, \
        −5 for what was recommended and not watched, α 0.8, γ 0.4, ε 0.3, the 627 items rated most \
        often (of equally often rated ones the lower id), without its program's defects:
        \(MultiTableConfiguration.defectsLeftOut.map { "  - \($0)" }.joined(separator: "\n"))

        Examples:
          drr train multi-q --data ml-100k.zip --run runs/tables
          drr train multi-q --preset published --data ml-100k.zip --run runs/published
          drr train multi-q --data ml-100k.zip --solver iteration --run runs/exact
          drr train multi-q --data generated:large --shards 2 --run runs/large --json
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var ratings: RatingsOption
    @OptionGroup var held: SplitOptions<LatestHeldOut>
    @OptionGroup var scale: ScaleOptions
    @OptionGroup var settings: MultiTableOptions
    @Option(help: "Threads that the states are spread over.")
    var shards = 1
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      try held.requireTraining()
      if !(1...256).contains(shards) {
        throw ValidationError("--shards is \(shards); it must be 1 ... 256.")
      }
    }

    func run() throws {
      try ratings.rounds(options) {
        var round = self
        round.options = $0
        try round.train()
      }
    }

    private func train() throws {
      let (folder, ranks) = (options.folder, Ranks.all)
      Interrupt.install()
      if ranks.size > 1, shards > 1 {
        throw ConfigurationError(
          "--shards is \(shards) under mpirun, where each process is a shard; leave it out")
      }
      if let group = try group.wanted(folder, fresh: training.fresh) {
        return try trainGroup(group)
      }
      try options.requireOne()
      let begun: MultiTableRunConfiguration? = try training.start.begun(folder)
      let work = try makeTraining(begun, folder)
      try work.memory.require(on: CPUBackend.info)
      try ranks.barrier()
      if ranks.leads { try work.run.begin(fresh: training.fresh) }
      try ranks.barrier()
      let progress = Progress(reports: training.reportProgress)
      defer { progress.finish() }
      nonisolated(unsafe) let observer = Observer.watching(
        progress, checkpointSteps: training.checkpointSteps, training.follow)
      let outcome: MultiTableTraining.Outcome
      if shards == 1 {
        outcome = try work.train(ranks, observer)
      } else {
        outcome = try ThreadCollective.run(shards) { collective in
          try collective.rank == 0 ? work.train(collective, observer) : work.train(collective)
        }[0]
      }
      progress.finish()
      try tell(outcome, work)
    }

    private func trainGroup(_ group: RunGroup) throws {
      let begun: MultiTableRunConfiguration? = try training.start.begun(options.folder)
      let first = RunFolder("\(options.run)/\(group.members[0].name)")
      let found = try makeTraining(begun, first)
      let (work, need) = (found.run, found.memory)
      let reports = try GroupTraining(
        group: group, options: options, training: training, device: nil,
        first: work.settings, need: need, preparation: work.folder.preparation,
        also: ["--shards", "\(shards)"]
      ).run(steps: 0, on: CPUBackend.info, MultiTableReport.self)
      try output.print(
        reports,
        "\(reports.count) runs of multi-table Q-learning in \(options.run)\nnext: drr compare --run "
          + "\(options.run)/\(group.members[0].name)")
    }

    private func tell(
      _ outcome: MultiTableTraining.Outcome, _ work: MultiTableTraining
    ) throws {
      switch outcome {
      case .interrupted(let round):
        Interrupt.note(
          "\(grouped(round)) rounds are saved",
          resume: "drr train multi-q --run \(options.run)")
        throw Interrupted(step: round)
      case .finished(let report):
        let folder = work.run.folder
        try output.print(report, report.text + "\nnext: drr compare --run \(options.run)") {
          try folder.finish(report)
        }
      }
    }

    /// Reads the log, takes from it what is learned from, and lets it go. What is not given is as
    /// the run was started.
    private func makeTraining(
      _ begun: MultiTableRunConfiguration?, _ folder: RunFolder
    ) throws -> MultiTableTraining {
      try ratings.requireNoEarlier()
      let loaded = try ratings.load(
        scale.range.range ?? begun?.data.ratingRange, begun: begun?.data, for: folder)
      let log = loaded.log
      var wanted = begun ?? MultiTableRunConfiguration(source: loaded.data.source, log: log)
      if begun == nil || ratings.data != nil { wanted.data = loaded.data }
      try scale.apply(to: &wanted.data, &wanted.scale, begun: begun?.data, log)
      try wanted.data.requireContents(of: log)
      held.apply(to: &wanted.evaluation, choosing: false)
      settings.apply(to: &wanted.settings)
      let split = UserSplit(log, wanted.evaluation)
      if settings.roundSize == nil {
        // Rounds that were fitted to the log stay, though a preset is named again.
        if let begun {
          wanted.settings.roundSize = begun.settings.roundSize
        } else {
          wanted.fitRounds(to: log, split)
        }
      }
      var folder = folder
      folder.preparation = loaded.preparation
      let run = try Run(wanted, folder: folder)
      if let warning = split.orderWarning(in: log) { Console.note(warning) }
      let training = try MultiTableTraining(run, log, split)
      let (rules, events) = (wanted.settings, training.histories.count)
      if rules.solver == .learning, rules.discount > 0, rules.roundSize * 2 > events {
        Console.warn(
          "--round-size is \(rules.roundSize), and there are \(events) events to learn "
            + "from: γ has next to no effect where a round holds half of them; lower it")
      }
      return training
    }
  }
}

extension MultiTableReport {
  /// For people.
  fileprivate var text: String {
    func percent(_ share: Double) -> String { "\(decimal(100 * share, 1)) %" }
    var lines = [
      "\(grouped(rows)) states, \(grouped(cells)) state-action entries in \(byteText(Double(bytes))): "
        + "\(decimal(100 * Double(cells) / max(denseCells, 1), 4)) % of the "
        + "\(grouped(Int(min(denseCells, 1e18)))) of dense tables",
      "\(decimal(subStatesPerEvent, 2)) item tuples an event, \(grouped(counts.updates)) updates, "
        + "\(grouped(Int(updatesPerSecond))) a second, \(grouped(Int(updatesPerCoreSecond))) a "
        + "second of a core",
      "\(shards) \(shards == 1 ? "shard" : "shards"), the largest \(decimal(shardSkew, 3)) times the "
        + "mean; \(grouped(Int(messagesPerRound))) messages a round, \(grouped(rounds)) rounds",
      "state-action entries by table: "
        + tableShares.prefix(5).map { "\($0.table) \(percent($0.share))" }.joined(separator: ", "),
    ]
    if let coverage, let backOffRate {
      lines.append(
        "held out: \(percent(coverage)) of the item tuples are states seen; \(percent(backOffRate)) "
          + "of the events have none and are backed off")
    }
    if let clickRate {
      lines.append("\(percent(clickRate)) of what was recommended in training was watched")
    }
    return (lines + ["checksum \(checksum)"]).joined(separator: "\n")
  }
}

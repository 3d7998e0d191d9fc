import ArgumentParser
import DRR

extension TrainCommand {
  struct PMF: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "pmf", abstract: "Fit a probabilistic matrix factorization (PMF).",
      discussion: """
        Started as mpirun -n 4 drr train pmf …, processes share the batches of Adam by their users: \
        each holds the ratings and the vectors of its own. Of 5,000,000 ratings and more they take \
        Adam where one would take sgd. A run that one process began goes on in several, and the \
        reverse.

        Examples:
          drr train pmf --data ml-1m.zip --run runs/million
          drr train pmf --data generated:medium --dimension 50 --run runs/medium
          drr train pmf --data ml-1m.zip --from feedback --run runs/second
          drr train pmf --data ml-1m.zip --from feedback --follow --run runs/shop
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup(title: "Data and PMF options") var settings: SettingOptions
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      try settings.ratings.rounds(options) {
        var round = self
        round.options = $0
        try round.train()
      }
    }

    private func train() throws {
      if let group = try group.wanted(options.folder, fresh: training.fresh) {
        return try trainGroup(group)
      }
      let training = try Training(opening(options), training, device) {
        try $0.secondsPerPMFUpdate(on: $1)
      }
      let model = try training.model()
      let error = try training.sessionError(model)
      guard Ranks.leads else { return }
      let report = try training.report(error)
      try output.print(
        report,
        "PMF of \(model.userCount) users and \(model.itemCount) items, k \(model.dimension): "
          + (report.sessionRMSE.map {
            "RMSE \(decimal($0, 4)) \(training.experiment.ratingUnit) on held-out test ratings"
          } ?? "nothing was held out"))
    }

    private func opening(_ run: RunOptions, isOfGroup: Bool = false) -> RunOpening {
      RunOpening(
        run: run, settings: settings, agent: nil, start: training.start, isOfGroup: isOfGroup)
    }

    private func trainGroup(_ group: RunGroup) throws {
      var run = options
      run.run += "/\(group.members[0].name)"
      Interrupt.install()
      let first = try opening(run, isOfGroup: true).open()
      let reports = try GroupTraining(
        group: group, options: options, training: training, device: device,
        first: first.configuration, need: first.memory, preparation: first.folder.preparation
      ).run(
        steps: 0,
        on: device.backend(for: first) { try first.secondsPerPMFUpdate(on: $0) }.device,
        TrainingReport.self)
      let errors = reports.compactMap(\.sessionRMSE).map { decimal($0, 4) }.joined(separator: " ")
      try output.print(
        reports,
        "\(reports.count) PMF runs in \(options.run): RMSE \(errors) \(first.ratingUnit) on "
          + "held-out test ratings")
    }
  }
}

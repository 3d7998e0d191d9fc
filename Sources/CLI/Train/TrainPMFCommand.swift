import ArgumentParser
import DRR

extension TrainCommand {
  struct PMF: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pmf", abstract: "Fit a probabilistic matrix factorization (PMF).",
      discussion: """
        Examples:
          drr train pmf --data ml-1m.zip --run runs/million
          drr train pmf --data generated:medium --dimension 50 --run runs/medium
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup(title: "Data and PMF options") var settings: SettingOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let training = try Training(
        "pmf", RunOpening(run: options, settings: settings, agent: nil, fresh: training.fresh),
        training, device
      ) { try $0.secondsPerPMFUpdate(on: $1) }
      let model = try training.model()
      let report = try training.report(model)
      try output.print(
        report,
        "PMF of \(model.userCount) users and \(model.itemCount) items, k \(model.dimension): "
          + (report.sessionRMSE.map { "RMSE \(decimal($0, 4)) stars on held-out test ratings" }
            ?? "nothing was held out"))
    }
  }
}

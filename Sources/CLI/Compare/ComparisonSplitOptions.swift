import ArgumentParser
import DRR

/// What the baselines are compared on where no run says it.
struct ComparisonSplitOptions: ParsableArguments {
  @OptionGroup var held: SplitOptions<LatestHeldOut>
  @OptionGroup var scale: ScaleOptions
  @Option(help: "Number of splits, with seeds from --split-seed on. (default: 1)")
  var splits: Int?

  var firstGiven: String? {
    held.firstGiven ?? scale.firstGiven ?? (splits == nil ? nil : "--splits")
  }

  func validate() throws {
    try held.requireTraining()
    if let splits, splits < 1 {
      throw ValidationError("--splits is \(splits); it must be at least 1.")
    }
  }

  /// One a split.
  ///
  /// - Parameter testShare: of the sessions, where their files say it.
  func trainings(for log: RatingsLog, testShare: Double?) throws -> [Comparison.Training] {
    let scale = try scale.scale(of: log)
    return (0..<UInt64(splits ?? 1)).map { number in
      var evaluation = EvaluationProtocol(for: log)
      if !log.isOfSessions { evaluation.split = LatestHeldOut.split }
      held.apply(to: &evaluation, choosing: false)
      if let testShare { evaluation.testShare = testShare }
      evaluation.splitSeed &+= number
      evaluation.ties = evaluation.tieOrder
      return Comparison.Training(evaluation: evaluation, scale: scale)
    }
  }
}

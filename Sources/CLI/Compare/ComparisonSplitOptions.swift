import ArgumentParser
import DRR

/// What the baselines are compared on where no run says it.
struct ComparisonSplitOptions: ParsableArguments {
  @Option(
    name: .customLong("split"),
    help: "Baselines alone: what is held out: latest, time or users (default: latest).")
  var kind: EvaluationProtocol.Split?
  @Option(help: "Baselines alone: draws what is held out and the order of ties (default: 0).")
  var splitSeed: UInt64?
  @Option(help: "Baselines alone: so many splits, seeds from --split-seed on (default: 1).")
  var splits: Int?
  @Option(help: "Baselines alone: share held out for test (default: 0.2).")
  var testShare: Double?
  @Option(help: "Baselines alone: share held out for validation (default: 0.1).")
  var validationShare: Double?
  @Option(
    help: "Baselines alone: ratings of one time: drawn or file order (default: drawn with latest).")
  var ties: TieOrder?

  var firstGiven: String? {
    let given: [(String, Bool)] = [
      ("--split", kind != nil), ("--split-seed", splitSeed != nil), ("--splits", splits != nil),
      ("--test-share", testShare != nil), ("--validation-share", validationShare != nil),
      ("--ties", ties != nil),
    ]
    return given.first { $0.1 }?.0
  }

  /// One a split.
  func trainings(for log: RatingsLog) -> [Comparison.Training] {
    (0..<UInt64(splits ?? 1)).map { number in
      var evaluation = EvaluationProtocol()
      evaluation.split = kind ?? .latest
      evaluation.splitSeed = (splitSeed ?? 0) &+ number
      if let testShare { evaluation.testShare = testShare }
      if let validationShare { evaluation.validationShare = validationShare }
      evaluation.ties = ties ?? evaluation.tieOrder
      return Comparison.Training(
        evaluation: evaluation, scale: RewardScale(ratingRange: log.ratingRange))
    }
  }
}

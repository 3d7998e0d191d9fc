import DRRCore
import Tensor

/// What came of an experiment, a row a policy.
public struct BanditReport: Codable, Sendable {
  public struct Row: Codable, Sendable {
    public var policy: String
    /// After all rounds, over the seeds.
    public var regret: Estimate
    /// A round.
    public var reward: Estimate
    /// Share of the rounds with the best choice.
    public var best: Estimate
    /// Of the last round, in the mean of the seeds.
    public var bound: Double?
    public var boundSource: String?
    public var figures: [String: Estimate]
    /// Of each mark: the mean regret, the interval, and the bound.
    public var curve: [Estimate]
    public var bounds: [Double]?
  }

  public var problem: String
  public var rounds: Int
  public var seeds: Int
  public var seed: UInt64
  public var marks: [Int]
  public var rows: [Row]
  /// The growth that Lai & Robbins prove to be the least, at each mark.
  public var asymptote: [Double]?

  public init<Problem>(_ experiment: BanditExperiment<Problem>) {
    let configuration = experiment.configuration
    problem = Problem.kind
    (rounds, seeds, seed) = (configuration.rounds, configuration.seeds, configuration.seed)
    marks = experiment.marks
    let all = (0..<UInt64(seeds)).map { configuration.seed + $0 }
    let marks = marks
    rows = configuration.policies.compactMap { policy in
      let outcomes = experiment.outcomes.filter { $0.policy == policy }
      guard outcomes.count == configuration.seeds else { return nil }
      func estimate(
        within range: ClosedRange<Double> = -.infinity ... .infinity,
        _ value: (BanditOutcome) -> Double
      ) -> Estimate {
        Estimate(runs: outcomes.map(value), within: range)
      }
      let losses = 0.0 ... .infinity
      let found = all.map { configuration.problem.bound(policy, seed: $0, after: marks) }
      let bounds =
        found.contains { $0 == nil } ? nil : Self.mean(found.map { $0!.values })
      let names = Set(outcomes.flatMap(\.figures.keys))
      return Row(
        policy: policy, regret: estimate(within: losses) { $0.regret.last ?? 0 },
        reward: estimate { $0.reward / Double(configuration.rounds) },
        best: estimate(within: 0...1) { Double($0.best) / Double(configuration.rounds) },
        bound: bounds?.last, boundSource: bounds == nil ? nil : found[0]?.source,
        figures: Dictionary(
          uniqueKeysWithValues: names.map { name in (name, estimate { $0.figures[name] ?? 0 }) }),
        curve: marks.indices.map { mark in estimate(within: losses) { $0.regret[mark] } },
        bounds: bounds)
    }
    let asymptotes = all.map { configuration.problem.asymptote(seed: $0, after: marks) }
    asymptote = asymptotes.contains { $0 == nil } ? nil : Self.mean(asymptotes.map { $0! })
  }

  private static func mean(_ curves: [[Double]]) -> [Double] {
    curves[0].indices.map { mark in
      curves.reduce(0) { $0 + $1[mark] } / Double(curves.count)
    }
  }
}

/// What one policy earned more a round than another, paired by seeds.
public struct BanditGain: Codable, Sendable {
  public var policy: String
  public var over: String
  /// Reward a round, and by the name of each other figure.
  public var reward: Estimate
  public var figures: [String: Estimate]

  public init?<Problem>(
    of policy: String, over other: String, in experiment: BanditExperiment<Problem>
  ) {
    func outcomes(_ name: String) -> [BanditOutcome] {
      experiment.outcomes.filter { $0.policy == name }.sorted { $0.seed < $1.seed }
    }
    let (ours, theirs) = (outcomes(policy), outcomes(other))
    guard !ours.isEmpty, ours.map(\.seed) == theirs.map(\.seed) else { return nil }
    let configuration = experiment.configuration
    (self.policy, over) = (policy, other)
    reward = Estimate(
      runs: zip(ours, theirs).map { ($0.reward - $1.reward) / Double(configuration.rounds) })
    figures = Dictionary(
      uniqueKeysWithValues: ours[0].figures.keys.map { name in
        (
          name,
          Estimate(
            runs: zip(ours, theirs).map { ($0.figures[name] ?? 0) - ($1.figures[name] ?? 0) })
        )
      })
  }
}

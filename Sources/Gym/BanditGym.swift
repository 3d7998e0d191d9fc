import Bandits
import DRRCore
import Tensor

/// Bandits side by side: what the arms are seen by, [arms · features] or 0 where they have none, and
/// the number of the arm that is chosen. A round is an episode.
struct BanditGym<Rounds: BanditRounds>: GymEnvironments {
  private var rounds: [Rounds]
  private var seen: [BanditRound]

  init(_ rounds: [Rounds]) {
    self.rounds = rounds
    seen = []
    beginEpisodes()
  }

  private var width: Int { rounds[0].arms * rounds[0].width }
  var count: Int { rounds.count }
  var actionSpace: Space { .discrete(rounds[0].arms) }
  var observationSpace: Space { width == 0 ? .discrete(1) : .box(width: width, range: -1...1) }
  var allowed: ItemMask? { nil }

  var observations: Numbers {
    width == 0
      ? .whole(Array(repeating: 0, count: count))
      : .real(seen.flatMap { $0.features.map { Float($0) } })
  }

  mutating func step(_ actions: Numbers) -> GymOutcome {
    let rewards = zip(rounds.indices, actions.integers).map { row, arm in
      Float(rounds[row].pay(Int(arm)).reward)
    }
    let last = observations
    beginEpisodes()
    let ended = Array(repeating: true, count: count)
    return GymOutcome(
      rewards: rewards, terminated: ended, truncated: ended.map { !$0 }, last: last)
  }

  mutating func beginEpisodes() { seen = rounds.indices.map { rounds[$0].next() } }
}

extension GymWorld {
  /// Arms that pay 0 or 1. All environments have the arms of the seed, and draws of their own.
  public init(_ name: String, _ arms: BernoulliArms) {
    self.init(name) { count, seed in
      try arms.validate()
      return BanditGym((0..<UInt64(count)).map { ArmsRounds(arms, seed: seed, part: $0) })
    }
  }

  /// Arms with features. All environments have the θ of the seed, and draws of their own.
  public init(_ name: String, _ problem: LinearProblem) {
    self.init(name) { count, seed in
      try problem.validate()
      // What all environments are seen by is held at once.
      try ConfigurationError.require(
        "num envs", count, in: 1...((1 << 26) / (problem.arms * problem.width)))
      return BanditGym((0..<UInt64(count)).map { LinearRounds(problem, seed: seed, part: $0) })
    }
  }
}

import DRRCore
import DRRData
import OffPolicy
import Tensor

extension BernoulliArms {
  /// The decisions of a policy, each with the probability that it had given all before it: a log
  /// that other policies can be evaluated on. A policy that leaves nothing to chance has
  /// propensities of 1, and its log then says nothing of what it did not choose.
  ///
  /// - Parameter progress: told the rounds that are done; true ends the log there.
  public func log(
    _ name: String, rounds: Int, seed: UInt64, progress: (Int) -> Bool = { _ in false }
  ) throws -> LoggedFeedback {
    try BanditConfiguration(self, policies: [name], rounds: rounds, seeds: 1, seed: seed).validate()
    return try log(policy(name, seed: seed), name, rounds, seed, progress)
  }

  private func log(
    _ fresh: some BanditPolicy, _ name: String, _ rounds: Int, _ seed: UInt64,
    _ progress: (Int) -> Bool
  ) throws(LineFault) -> LoggedFeedback {
    var policy = fresh
    let (means, round) = (means(seed: seed), BanditRound())
    var random = Philox(seed: seed, stream: Streams.banditRewards)
    var actions: [Int32] = []
    var rewards: [Double] = []
    var propensities: [Double] = []
    for done in 0..<rounds {
      if progress(done) { break }
      let before = policy
      let choice = policy.choose(round)
      let reward: Double = random.coin(means[choice.arm]) ? 1 : 0
      actions.append(Int32(choice.arm))
      rewards.append(reward)
      // A draw can be of an arm whose integral comes out as nothing.
      propensities.append(
        choice.probability
          ?? max(before.probabilities(round)?[choice.arm] ?? 1, .leastNormalMagnitude))
      policy.observe(choice.arm, reward: reward, in: round)
    }
    return try LoggedFeedback(
      name: name, actions: actions, rewards: rewards, propensities: propensities.map { min($0, 1) },
      actionCount: means.count)
  }
}

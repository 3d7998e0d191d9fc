import Bandits
import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Evaluation
import Gym
import TestSupport
import Testing

private func real(_ numbers: Numbers) throws -> [Float] {
  var found: [Float]?
  if case .real(let floats) = numbers { found = floats }
  return try #require(found)
}

@Suite("Bandits, the point and a memory as Gymnasium has them")
struct BanditGymTests {
  /// Whoever plays the arms of a seed earns what the program's own policy earns with them.
  @Test("arms pay as in the program's own trials", arguments: ["random", "thompson"])
  func arms(_ name: String) throws {
    let problem = BernoulliArms()
    var own = try problem.trial(name, seed: 5)
    var policy = try problem.policy(name, seed: 5)
    var gym = try GymWorld("arms", problem).environments(count: 2, seed: 5)
    #expect(gym.observationSpace == .discrete(1) && gym.actionSpace == .discrete(10))
    var earned: [Float] = []
    for _ in 0..<300 {
      let arm = policy.choose(BanditRound()).arm
      let outcome = gym.step(.whole([Int32(arm), 0]))
      #expect(outcome.terminated == [true, true] && outcome.truncated == [false, false])
      #expect(outcome.last == .whole([0, 0]))
      #expect(outcome.rewards[0] == Float(own.play().reward))
      policy.observe(arm, reward: Double(outcome.rewards[0]), in: BanditRound())
      earned.append(outcome.rewards[0])
    }
    #expect(Set(earned) == [0, 1])
  }

  @Test("features are those of the trials, and each environment has its own")
  func linear() throws {
    let problem = LinearProblem(arms: 4, width: 3)
    var own = try problem.trial("linucb", seed: 9)
    var policy = try problem.policy("linucb", seed: 9)
    var gym = try GymWorld("linear-bandit", problem).environments(count: 2, seed: 9)
    #expect(gym.actionSpace == .discrete(4) && gym.observationSpace.width == 12)
    for _ in 0..<50 {
      let seen = try real(gym.observations)
      #expect(seen[..<12] != seen[12...])
      for arm in 0..<8 {
        let x = seen[3 * arm..<3 * arm + 3]
        #expect(abs(x.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
      }
      var rounds = BanditRound()
      rounds.features = seen[..<12].map { Double($0) }
      let arm = policy.choose(rounds).arm
      let reward = gym.step(.whole([Int32(arm), 0])).rewards[0]
      #expect(abs(reward - Float(own.play().reward)) < 1e-5)
      policy.observe(arm, reward: Double(reward), in: rounds)
    }
  }

  /// x′ = x + u + σ noise, at a cost of x² + ρu², 15 steps long.
  @Test func point() throws {
    let world = PointWorld()
    var gym = try GymWorld("point", world).environments(count: 500, seed: 1)
    #expect(gym.observationSpace.width == 1 && gym.actionSpace.width == 1)
    var errors: [Float] = []
    for number in 1...15 {
      let before = try real(gym.observations)
      let pushes = before.map { -0.5 * $0 }
      let outcome = gym.step(.real(pushes))
      for (row, reward) in outcome.rewards.enumerated() {
        #expect(abs(reward + before[row] * before[row] * (1 + 0.5 * 0.25)) < 1e-5)
      }
      #expect(outcome.truncated.allSatisfy { $0 == (number == 15) })
      let after = try real(number == 15 ? outcome.last : gym.observations)
      errors += zip(after, before).map { $0 - 0.5 * $1 }
    }
    let deviation = (errors.reduce(0) { $0 + $1 * $1 } / Float(errors.count)).squareRoot()
    #expect(abs(deviation - Float(world.deviation)) < 0.005, "\(deviation)")
    let begun = try real(gym.observations)
    #expect(begun.allSatisfy { abs($0) <= 1 } && Set(begun).count > 400)
  }

  /// With a memory of strength c an item that would earn r earns (r + cσ) / (1 + c), and the last
  /// item and what it earned are seen.
  @Test func memory() throws {
    let split = UserSplit(Worlds.tiny, EvaluationProtocol())
    let model = Worlds.model(Worlds.tiny, dimension: 4)
    let statistics = ItemStatistics(Worlds.tiny, split, scale: .fiveStars)
    let logged = LoggedRewards(Worlds.tiny, scale: .fiveStars) {
      split.visibleRows(of: $0, in: Worlds.tiny)
    }
    let kinds = (0..<Int32(model.itemCount)).map { $0 }
    func gym(_ satisfaction: Satisfaction) throws -> any GymEnvironments {
      let environment = try RatingEnvironment(
        log: Worlds.tiny, split: split, model: model, statistics: statistics, window: 3,
        sessionLength: 4, scale: .fiveStars, seed: 2,
        world: World(logged: logged, model: model, satisfaction: satisfaction))
      return try GymWorld(ratings: "ratings", window: 3) { _ in environment }
        .environments(count: 1, seed: 2)
    }
    var plain = try gym(.none)
    var streaks = try gym(Satisfaction(strength: 1, kinds: kinds))
    #expect(plain.observationSpace.width == 16 && streaks.observationSpace.width == 21)
    var run = (liked: 0, disliked: 0)
    for _ in 0..<3 {
      let item = try #require(
        (0..<model.itemCount).first { streaks.allowed?[0, $0] == true })
      let reward = plain.step(.whole([Int32(item)])).rewards[0]
      let earned = streaks.step(.whole([Int32(item)])).rewards[0]
      let level = Float(min(run.liked, 5) - min(run.disliked, 5)) / 5
      #expect(abs(earned - (reward + level) / 2) < 1e-6)
      let seen = try real(streaks.observations)
      #expect(Array(seen[16..<20]) == Array(model.itemFactors[item * 4..<item * 4 + 4]))
      #expect(seen[20] == earned)
      run = reward > 0 ? (run.liked + 1, 0) : (0, run.disliked + 1)
    }
  }
}

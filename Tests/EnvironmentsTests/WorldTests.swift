import DRRData
import DRRTestSupport
import Environments
import Factorization
import TestSupport
import Testing

@Suite("Worlds")
struct WorldTests {
  @Test("every rating on record is found, nothing else is")
  func logged() {
    let log = Worlds.tiny
    let logged = LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0).dropLast(3) }
    for user in 0..<log.userCount {
      var expected: [Int32: Float] = [:]
      for row in log.rows(ofUser: user).dropLast(3) {
        expected[log.items[row]] = (log.ratings[row] - 3) / 2
      }
      for item in 0..<Int32(log.itemCount) {
        #expect(logged.reward(user: user, item: item) == expected[item])
      }
      let row = logged.row(ofUser: user)
      #expect(Array(row.items) == expected.keys.sorted())
      #expect(zip(row.items, row.rewards).allSatisfy { expected[$0] == $1 })
    }
  }

  @Test("a reward is the log's, else the model's within ±1, one by one and in batches")
  func rewards() {
    let log = RatingsLog(
      name: "two", users: [0, 0, 1], items: [0, 2, 1], ratings: [5, 2, 4])
    let model = PMFModel(
      dimension: 1, mean: 0.25, userFactors: [1, -1], itemFactors: [0, 0.5, 4],
      userBiases: [0, 0.125], itemBiases: [0, 0, 0])
    let world = World(
      logged: LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0) }, model: model)
    // User 0: rated 1, predicted 0.75, rated −0.5; user 1: predicted 0.375, rated 0.5, −3.625.
    #expect(world.rewards(user: 0) == [1, 0.75, -0.5])
    #expect(world.rewards(user: 1) == [0.375, 0.5, -1])
    #expect(world.rewards(users: [1, 0, 1], items: [2, 1, 0]) == [-1, 0.75, 0.375])
    #expect(world.isLogged(user: 0, item: 2) && !world.isLogged(user: 1, item: 2))
  }

  @Test("consecutive items by hand")
  func satisfaction() {
    let rule = Satisfaction(strength: 0.5, limit: 2, kinds: [0, 0, 1, 1])
    var run = Satisfaction.Run()
    // Item, what it would earn, σ before it, what it earns: (r + σ / 2) / 1.5.
    let session: [(Int32, Float, Float, Float)] = [
      (0, 1, 0, 1 / 1.5),  // the first liked item begins a run
      (2, 0.5, 0.5, 0.75 / 1.5),  // another kind: the run is 2
      (0, 0.5, 1, 1 / 1.5),  // and 3, but 2 is the limit
      (1, 0.5, 1, 1 / 1.5),  // the same kind: a new run of 1
      (3, 0, 0.5, 0.25 / 1.5),  // not liked: 1 disliked
      (2, -1, -0.5, -1.25 / 1.5),
      (0, -1, -1, -1),  // the worst there is
      (2, 1, -1, 0.5 / 1.5),  // liked: the disliked are over
      (0, 1, 0.5, 1.25 / 1.5), (2, 1, 1, 1),  // the best there is
    ]
    for (item, reward, level, earned) in session {
      #expect(rule.level(run) == level)
      #expect(abs(rule.reward(reward, after: run) - earned) < 1e-6)
      run = rule.run(run, showing: item, earning: reward)
    }
    // Without strength nothing is counted and nothing changes.
    let none = Satisfaction.none
    #expect(none.run(Satisfaction.Run(), showing: 3, earning: 1) == Satisfaction.Run())
    #expect(none.reward(0.3, after: run) == 0.3)
  }

  @Test("an environment earns by its run, and likes by the item alone where it tells")
  func environment() throws {
    let split = UserSplit(Worlds.tiny, EvaluationProtocol())
    let (plain, moved) = (Worlds.world(), Worlds.world(consecutive: 2))
    func environment(_ world: World) throws -> RatingEnvironment {
      try RatingEnvironment(
        log: Worlds.tiny, split: split, model: Worlds.model(Worlds.tiny, dimension: 8),
        statistics: ItemStatistics(Worlds.tiny, split, scale: .fiveStars), window: 3,
        sessionLength: 15, scale: .fiveStars, seed: 1, world: world)
    }
    var (one, two) = (try environment(plain), try environment(moved).telling(true))
    var random = SeededGenerator(8)
    var levels: Set<Float> = []
    for episode in 0..<20 {
      #expect(one.reset(episode: episode) == two.reset(episode: episode))
      var (liked, disliked, kind) = (0, 0, Int32(-1))
      for _ in 0..<15 {
        let item = (0..<Int32(120)).filter { one.allowed[0, Int($0)] }
          .randomElement(using: &random)!
        let level = Float(min(liked, 5) - min(disliked, 5)) / 5
        levels.insert(level)
        let (a, b) = (one.step(item), two.step(item))
        #expect(abs(b.reward - (a.reward + 2 * level) / 3) < 1e-6)
        #expect(a.observation.user == b.observation.user)
        #expect(a.observation.history == b.observation.history)
        let (seen, moved) = (a.observation.feedback, b.observation.feedback)
        #expect(seen.map(\.item) == moved.map(\.item))
        #expect(seen.map(\.reward) == moved.map(\.reward))
        #expect(seen.last?.earned == a.reward && moved.last?.earned == b.reward)
        if a.reward > 0 {
          (liked, disliked) = (item % 3 == kind ? 1 : liked + 1, 0)
        } else {
          (liked, disliked) = (0, disliked + 1)
        }
        kind = item % 3
      }
    }
    #expect(levels.count >= 8)
  }
}

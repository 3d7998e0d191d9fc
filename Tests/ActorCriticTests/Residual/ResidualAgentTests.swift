import ActorCritic
import Agents
import DRRData
import DRRTestSupport
import Environments
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("The residual agent")
struct ResidualAgentTests {
  private static let seen: [(item: Int32, reward: Float)] = [(5, 1), (60, -0.5), (7, 0.5)]

  /// Sum of the factorisations' predictions for every item, b_u + b_i + ⟨p_u, q_i⟩, from dense
  /// posteriors.
  private static func predictions(_ user: Int32, after count: Int) throws -> [Double] {
    let model = try BeliefWorlds.model
    let split = UserSplit(Worlds.tiny, BeliefWorlds.evaluation)
    let profile = split.visibleRows(of: Int(user), in: Worlds.tiny).map {
      (item: Worlds.tiny.items[$0], reward: (Worlds.tiny.ratings[$0] - 3) / 2)
    }
    return model.factorizations.reduce(into: [Double](repeating: 0, count: 120)) { sums, part in
      let belief = DenseGaussian.posterior(
        (profile + seen.prefix(count)).map { (Double($0.reward), part.items.dense(Int($0.item))) },
        priorVariances: part.userVariances.map { Double($0) }, mean: Double(part.mean),
        noisePrecision: Double(part.noisePrecision)
      ).mean
      for item in 0..<120 {
        let vector = part.items.dense(item).mean
        sums[item] += belief.last! + vector.last!
        for k in 0..<part.dimension { sums[item] += belief[k] * vector[k] }
      }
    }
  }

  @Test("untrained it ranks as its beliefs predict", arguments: TestDevices.all)
  func untrained(_ device: TestDevice) throws {
    let agent = try ResidualWorlds.trainer(on: device.make()).agent
    let split = UserSplit(Worlds.tiny, BeliefWorlds.evaluation)
    let table = try agent.items.doubles()
    for user in [split.testUsers[0], split.trainUsers[3]] {
      for count in [0, 3] {
        var state = SessionState(user: user, history: [])
        for (item, reward) in Self.seen.prefix(count) { state.observe(item, reward) }
        let believed = try Self.predictions(user, after: count)
        let pmf = ResidualWorlds.factorization
        let expected = believed.enumerated().map { item, belief in
          belief + 4 * Double(pmf.reward(user: Int(user), item: item) - pmf.mean)
        }
        let action = try agent.act([state]).doubles()
        let scores = (0..<120).map { item in
          (0..<22).reduce(0) { $0 + action[$1] * table[item * 22 + $1] }
        }
        #expect(relativeError(scores, expected) < 1e-4)
        let best = try agent.recommend(
          state, count: 120, allowed: ItemMask(rows: 1, items: 120, allowed: true)
        ).map(\.item)
        #expect(Set(best).count == 120)
        for (above, below) in zip(best, best.dropFirst()) {
          #expect(expected[above] > expected[below] - 1e-4)
        }
        // The critic begins at the mean of what is believed.
        let values = try agent.value(
          of: agent.act([state]), picking: [Int32(best[0])], in: [state])
        #expect(abs(Double(values[0]) - believed[best[0]] / 2) < 1e-4)
      }
    }
  }

  @Test("a new user is known by what they like")
  func guest() throws {
    let agent = try ResidualWorlds.trainer(on: CPUBackend()).agent
    var state = SessionState(user: -1, history: [])
    for item in [9, 33] as [Int32] { state.observe(item, 1) }
    var belief = try BeliefWorlds.model.belief()
    for item in [9, 33] as [Int32] { belief.observe(item, 1, fold: 3) }
    let vector = try agent.vectors([state]).host()
    #expect(vector.count == 51 && Array(vector[..<17]) == belief.action())
    #expect(vector[17..<22] == [0, 0, 0, 1, 0])
    let shown = try [9, 33].map { try BeliefWorlds.model.itemVector($0, fold: 3) }
    #expect(Array(vector[22..<39]) == shown[1] && vector[39..<44].allSatisfy { $0 == 0 })
    // Two rated of mean 1, those liked in a row that varied, two liked in a row of five, none
    // disliked, 1 earned last, two shown of 20.
    let varied = shown[0][13...] == shown[1][13...] ? 0.2 : 0.4
    let context = [log(3.0) / 5, 1, varied, 0.4, 0, 1, 0.1]
    #expect(relativeError(vector.suffix(7).map { Double($0) }, context) < 1e-6)
  }

  @Test("clusters of a streak effect are seen by who is told them, and by nobody else")
  func hidden() throws {
    let log = Worlds.tiny
    let split = UserSplit(log, BeliefWorlds.evaluation)
    func kinds(_ shift: Int32, _ change: (inout SessionTraining) -> Void) throws -> [Float] {
      let others = (0..<Int32(log.itemCount)).map { ($0 / 3 + shift * $0) % 4 }
      let task = AgentTask(
        log: log, split: split, statistics: ItemStatistics(log, split, scale: .fiveStars),
        evaluation: BeliefWorlds.evaluation, scale: .fiveStars, seed: 5,
        model: ResidualWorlds.factorization, world: { Worlds.world() },
        beliefs: { _ in
          var model = try BeliefWorlds.model
          model.kinds = others
          return model
        })
      let configuration = ResidualWorlds.drr { change(&$0.training) }
      let agent = try configuration.makeAgent(task, on: CPUBackend())
      #expect(agent.isTold == (configuration.training.tellsClusters == true))
      #expect(configuration.name.hasSuffix("told clusters") == agent.isTold)
      var state = SessionState(user: 3, history: [])
      for item in [9, 33, 34, 35] as [Int32] { state.observe(item, 1) }
      let residual = try #require(agent as? ResidualAgent)
      return try residual.vectors([state]).host() + residual.items.host()
    }
    let hidden = try [0, 1].map { try kinds($0) { $0.consecutive = 1 } }
    #expect(hidden[0] == hidden[1])
    let told = try [0, 1].map {
      try kinds($0) { ($0.consecutive, $0.tellsClusters) = (1, true) }
    }
    #expect(told[0] != told[1])
  }

  @Test("the context counts the latest liked ones, and how many of them changed kind")
  func runs() throws {
    let agent = try ResidualWorlds.trainer(on: CPUBackend()).agent
    let model = try BeliefWorlds.model
    let kinds = (0..<120).map { item in model.itemVector(item, fold: 3)[13...].firstIndex(of: 1)! }
    let a = Int32(0)
    let b = Int32(try #require(kinds.firstIndex { $0 != kinds[0] }))
    let twin = Int32(try #require(kinds.indices.first { $0 > 0 && kinds[$0] == kinds[0] }))
    for (seen, expected) in [
      ([], [0, 0, 0]), ([(a, -1)], [0, 0, 1]), ([(a, 1)], [1, 1, 0]),
      ([(a, 1), (b, 1)], [2, 2, 0]), ([(a, 1), (twin, 1)], [1, 2, 0]),
      ([(b, 1), (a, 1), (twin, 1), (b, 0.5)], [2, 4, 0]),
      ([(a, 1), (b, 0), (twin, 1)], [1, 1, 0]),
      ([(a, 1), (b, -1), (twin, 0)], [0, 0, 2]),
    ] as [([(Int32, Float)], [Float])] {
      var state = SessionState(user: -1, history: [])
      for (item, reward) in seen { state.observe(item, reward) }
      let vector = try agent.vectors([state]).host()
      #expect(Array(vector[46..<49]) == expected.map { $0 / 5 }, "\(seen)")
    }
  }
}

import DRR
import Factorization
import Kernels
import Serving
import Tensor
import TestSupport
import Testing

@Suite("A policy to serve") struct ServingPolicyTests {
  static let log = ServedModels.log

  /// Guests who have rated other items, each another number of them.
  static func guests(_ count: Int) -> [Guest] {
    var random = SeededGenerator(3)
    return (0..<count).map { number in
      let items = (0..<log.itemCount).shuffled(using: &random).prefix(1 + number % 9)
      return Guest(
        rated: items.dropFirst(2).map { .init(item: $0, rating: Float(1 + random.next() % 5)) },
        liked: Array(items.prefix(2)), exclude: [number % log.itemCount])
    }
  }

  @Test("recommends as the agent that it was exported from", arguments: StateModuleKind.allCases)
  func agent(_ kind: StateModuleKind) throws {
    let factorization = ServedModels.factorization()
    var drr = DRRConfiguration()
    (drr.state, drr.window, drr.ddpg.hidden) = (kind, 3, 16)
    let agent = try DRRAgent(drr, model: factorization, seed: 5, on: CPUBackend())
    let policy = try ServedModels.policy(ServedModels.drr(kind))
    for user in [0, 7, 31] {
      let rows = Self.log.rows(ofUser: user)
      let liked = rows.filter { Self.log.ratings[$0] > 3 }.map { Self.log.items[$0] }
      var allowed = ItemMask(rows: 1, items: Self.log.itemCount, allowed: true)
      for row in rows { allowed[0, Int(Self.log.items[row])] = false }
      let known = rows.suffix(3).map {
        ItemReward(item: Self.log.items[$0], reward: (Self.log.ratings[$0] - 3) / 2)
      }
      let expected = try agent.recommend(
        SessionState(user: Int32(user), history: liked.suffix(3), known: known), count: 9,
        allowed: allowed)
      let found = try policy.recommend(to: .user(user), count: 9)
      #expect(found.map(\.item) == expected.map(\.item))
      for (a, b) in zip(found, expected) { #expect(abs(a.score - b.score) < 1e-5) }
    }
  }

  @Test("PMF orders by the reward that it predicts")
  func factorization() throws {
    let model = ServedModels.factorization()
    let policy = try ServedModels.policy(ServedModels.pmf())
    let found = try policy.recommend(to: .user(4), count: 5)
    let rated = Set(Self.log.rows(ofUser: 4).map { Int(Self.log.items[$0]) })
    let expected = (0..<Self.log.itemCount).filter { !rated.contains($0) }
      .sorted { model.reward(user: 4, item: $0) > model.reward(user: 4, item: $1) }
    #expect(found.map(\.item) == Array(expected.prefix(5)))
    for item in found {
      let reward = model.reward(user: 4, item: item.item)
      #expect(abs(item.score - reward) < 1e-5)
      #expect(abs(item.predictedRating! - Double(min(max(2 * reward + 3, 1), 5))) < 1e-4)
    }
  }

  @Test("guests asked for at once get what each gets alone, in any batch and on any task")
  func isolation() async throws {
    let guests = Self.guests(300)
    for model in [try ServedModels.drr(), try ServedModels.drr(.gru), try ServedModels.pmf()] {
      let policy = try ServedModels.policy(model)
      let requests = guests.map { Request(.guest($0)) }
      let alone = try guests.map { try ServedModels.policy(model).recommend(to: .guest($0)) }
      #expect(Set(alone.map { $0.map(\.item) }).count > 100)
      func items(_ lists: [[Recommendation]]) -> [[Int]] { lists.map { $0.map(\.item) } }
      #expect(items(try policy.recommend(requests)) == items(alone))
      #expect(items(try policy.recommend(requests, concurrently: false)) == items(alone))
      let together = try await withThrowingTaskGroup(of: (Int, [Recommendation]).self) { group in
        for (number, guest) in guests.enumerated() {
          group.addTask { (number, try policy.recommend(to: .guest(guest))) }
        }
        var lists = [[Recommendation]](repeating: [], count: guests.count)
        for try await (number, list) in group { lists[number] = list }
        return lists
      }
      #expect(items(together) == items(alone))
      // And again: nothing that was asked has left anything behind.
      #expect(try policy.recommend(to: .guest(guests[0])) == alone[0])
    }
  }

  @Test("a dislike counts, and what was rated or excluded is not recommended")
  func ratings() throws {
    for model in [try ServedModels.pmf(), try ServedModels.drr()] {
      let policy = try ServedModels.policy(model)
      func list(_ rating: Float) throws -> [Recommendation] {
        try policy.recommend(
          to: .guest(.init(rated: [.init(item: 5, rating: rating)], liked: [9], exclude: [11])),
          count: 200)
      }
      let (worst, best) = (try list(1), try list(5))
      #expect(worst.map(\.item) != best.map(\.item))
      for list in [worst, best] {
        #expect(Set(list.map(\.item)) == Set(0..<Self.log.itemCount).subtracting([5, 9, 11]))
        #expect(zip(list, list.dropFirst()).allSatisfy { $0.score >= $1.score })
      }
    }
  }

  @Test(
    "one who has rated as a user did, all of it seen in training, is that user to PMF's fold-in")
  func foldIn() throws {
    let model = ServedModels.factorization()
    let rows = Self.log.rows(ofUser: 7)
    let items = rows.map { Self.log.items[$0] }
    let rewards = rows.map { RewardScale.fiveStars.reward(Self.log.ratings[$0]) }
    let (vector, bias) = model.foldIn(
      items: items, rewards: rewards, regularization: 0.06, biasRegularization: 0.02)
    // The gradient of the regularized squared error is 0 there.
    var gradient = [Double](repeating: 0, count: model.dimension + 1)
    for (item, reward) in zip(items, rewards) {
      let error = Double(model.reward(of: vector, item: Int(item)) + bias - reward)
      for k in 0..<model.dimension {
        gradient[k] += error * Double(model.itemFactors[Int(item) * model.dimension + k])
      }
      gradient[model.dimension] += error
    }
    let n = Double(items.count)
    for k in 0..<model.dimension { gradient[k] += 0.06 * n * Double(vector[k]) }
    gradient[model.dimension] += 0.02 * n * Double(bias)
    #expect(gradient.allSatisfy { abs($0) < 1e-4 }, "\(gradient)")
    let none = model.foldIn(
      items: [Int32](), rewards: [], regularization: 0, biasRegularization: 0)
    #expect(none.vector.allSatisfy { $0 == 0 } && none.bias == 0)
  }

  @Test("fold-in goes on from what was summed of the first items, and to the same bits")
  func continuedFoldIn() throws {
    let model = ServedModels.factorization()
    let rows = Self.log.rows(ofUser: 7)
    let items = rows.map { Self.log.items[$0] }
    let rewards = rows.map { RewardScale.fiveStars.reward(Self.log.ratings[$0]) }
    func found(_ model: PMFModel, _ count: Int, _ products: inout ItemProducts) -> [Float] {
      let found = model.foldIn(
        items: Array(items.prefix(count)), rewards: Array(rewards.prefix(count)),
        regularization: 0.06, biasRegularization: 0.02, &products)
      return found.vector + [found.bias]
    }
    func alone(_ model: PMFModel, _ count: Int) -> [Float] {
      var products = ItemProducts()
      return found(model, count, &products)
    }
    var products = ItemProducts()
    // Of a user that rates more, and then of another that has rated less.
    for count in Array(0...items.count) + [3, 2, 7] {
      #expect(found(model, count, &products) == alone(model, count), "\(count) items")
    }
    // What was summed is not summed again: by another model it would be something else.
    let other = PMFModel(
      dimension: model.dimension, mean: model.mean, userFactors: model.userFactors,
      itemFactors: model.itemFactors.map { $0 * 2 }, userBiases: model.userBiases,
      itemBiases: model.itemBiases)
    _ = found(model, 5, &products)
    #expect(found(other, 6, &products) != alone(other, 6))
  }

  @Test("only items of a set, fewer where fewer are left, none that training never saw")
  func limits() throws {
    let policy = try ServedModels.policy(ServedModels.pmf(unknown: [2, 3]))
    let requests = [
      Request(.guest(Guest(liked: [1])), exclude: [4], only: [1, 2, 4, 5, 6]),
      Request(.guest(Guest()), only: []),
    ]
    let lists = try policy.recommend(requests, count: 10)
    #expect(Set(lists[0].map(\.item)) == [5, 6] && lists[1].isEmpty)
    #expect(try policy.recommend([], count: 10).isEmpty)
    #expect(try policy.recommend(to: .guest(Guest()), count: 1_000).count == Self.log.itemCount - 2)
  }

  @Test(
    "what is not there is refused in a sentence",
    arguments: [
      (Request(.user(50)), "user 50 is none of 50"), (Request(.user(-1)), "user -1 is none of 50"),
      (Request(.guest(Guest(liked: [120]))), "item 120 is none of 120"),
      (Request(.guest(Guest(exclude: [-3]))), "item -3 is none of 120"),
      (Request(.guest(Guest(liked: [4, 4]))), "is rated twice"),
      (
        Request(.guest(Guest(rated: [.init(item: 4, rating: 7)]))), "is 7.0; it must be 1.0 ... 5.0"
      ),
      (Request(.guest(Guest(rated: [.init(item: 4, rating: .nan)]))), "is nan; it must be"),
      (Request(.guest(Guest(liked: [2]))), "training has seen no rating of it"),
      (Request(.user(3), exclude: [500]), "item 500 is none of 120"),
      (Request(.session([1])), "recommends for ratings, not for the clicks of a session"),
    ])
  func refused(_ request: Request, _ reason: String) throws {
    let policy = try ServedModels.policy(ServedModels.pmf(unknown: [2, 3]))
    let error = try #require(throws: ServingError.self) { try policy.recommend([request]) }
    #expect(error.description.contains(reason), "\(error)")
    #expect(throws: ServingError.self) { try policy.recommend(to: .user(1), count: 0) }
  }
}

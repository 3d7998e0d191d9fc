import DRRData
import Tensor

/// The users of a ``ClosedLoop``; what they think of every item is worked out once.
struct LoopWorld: Sendable {
  let tastes: SimulatedTastes
  /// The expected reward [users, items].
  private let rewards: [Double]
  /// The cumulated probabilities of the ratings [users, items, levels].
  private let chances: [Float]

  /// - Parameter ratings: of whose factorization the truth is.
  /// - Throws: where no factorization can be fitted.
  init(
    _ settings: ClosedLoop.Settings, _ ratings: RatingsLog, on backend: any Backend
  ) throws {
    tastes = try SimulatedTastes(
      Self.restricted(ratings, to: settings.items), noise: settings.noise, seed: settings.seed,
      on: backend)
    var (rewards, chances) = ([Double](), [Float]())
    for user in 0..<tastes.log.userCount {
      for item in 0..<tastes.log.itemCount {
        rewards.append(tastes.reward(user: user, item: item))
        var sum = 0.0
        for chance in tastes.chances(user: user, item: item) {
          sum += chance
          chances.append(Float(sum))
        }
      }
    }
    (self.rewards, self.chances) = (rewards, chances)
  }

  /// The ratings of the items with the most of them.
  private static func restricted(_ log: RatingsLog, to count: Int) -> RatingsLog {
    var counts = [Int](repeating: 0, count: log.itemCount)
    for item in log.items { counts[Int(item)] += 1 }
    let kept = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }.prefix(count)
    var places = [Int32](repeating: -1, count: log.itemCount)
    for (place, item) in kept.sorted().enumerated() { places[item] = Int32(place) }
    let rows = log.items.indices.filter { places[Int(log.items[$0])] >= 0 }
    var users: [Int32: Int32] = [:]
    return RatingsLog(
      name: log.name, ratingRange: log.ratingRange,
      users: rows.map { row in
        let next = Int32(users.count)
        let number = users[log.users[row]] ?? next
        users[log.users[row]] = number
        return number
      }, items: rows.map { places[Int(log.items[$0])] }, ratings: rows.map { log.ratings[$0] })
  }

  private var users: Int { tastes.log.userCount }
  private var items: Int { tastes.log.itemCount }

  /// The mean reward of a user's ratings of an item.
  func reward(user: Int, item: Int) -> Double { rewards[user * items + item] }

  /// The rating that a number in [0, 1) draws.
  func rating(user: Int, item: Int, _ drawn: Float) -> Float {
    let levels = tastes.levels
    let first = (user * items + item) * levels.count
    let level = levels.indices.first { drawn < chances[first + $0] } ?? levels.count - 1
    return levels[level]
  }

  /// What an item earns, of all users and items alike.
  var meanReward: Double { rewards.reduce(0, +) / Double(rewards.count) }

  /// What so many items earn in a list: those of the highest mean reward of all users.
  func popularity(_ count: Int) -> Double {
    let means = (0..<items).map { item in
      (0..<users).reduce(0) { $0 + reward(user: $1, item: item) } / Double(users)
    }
    return ranked(count) { means[$1] }
  }

  /// The same of each user's best.
  func oracle(_ count: Int) -> Double { ranked(count) { reward(user: $0, item: $1) } }

  /// The same of each user's best by some score, in order.
  private func ranked(_ count: Int, by score: (_ user: Int, _ item: Int) -> Double) -> Double {
    let sums = (0..<users).map { user -> Double in
      (0..<items).sorted { (-score(user, $0), $0) < (-score(user, $1), $1) }
        .prefix(count).reduce(0) { $0 + reward(user: user, item: $1) }
    }
    return sums.reduce(0, +) / Double(users)
  }
}

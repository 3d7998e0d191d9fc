import DRRData
import DRRTestSupport
import Environments
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Rating environment")
struct RatingEnvironmentTests {
  private static func environment(
    _ log: RatingsLog = Worlds.tiny, split: UserSplit? = nil, window: Int = 3,
    sessionLength: Int = 9, seed: UInt64 = 2, model: PMFModel? = nil
  ) throws -> RatingEnvironment {
    let split = split ?? UserSplit(log, EvaluationProtocol())
    return try RatingEnvironment(
      log: log, split: split, model: model ?? Worlds.model(log, dimension: 4),
      statistics: ItemStatistics(log, split, scale: .fiveStars), window: window,
      sessionLength: sessionLength, scale: .fiveStars, seed: seed)
  }

  /// Items in an order of mine that are allowed.
  private static func pick(
    _ environment: RatingEnvironment, _ random: inout SeededGenerator
  ) -> Int32 {
    let count = environment.model.itemCount
    var item = Int.random(in: 0..<count, using: &random)
    while !environment.allowed[0, item] { item = (item + 1) % count }
    return Int32(item)
  }

  @Test("rewards: the log where rated, the clipped prediction elsewhere")
  func rewards() throws {
    let log = Worlds.tiny
    // Predictions far outside ±1 for many pairs.
    let base = Worlds.model(log, dimension: 4)
    let model = PMFModel(
      dimension: 4, mean: 0, userFactors: base.userFactors.map { $0 * 3 },
      itemFactors: base.itemFactors.map { $0 * 3 }, userBiases: base.userBiases,
      itemBiases: base.itemBiases)
    var environment = try Self.environment(sessionLength: 30, model: model)
    var random = SeededGenerator(3)
    var seen = (logged: 0, clipped: 0, inside: 0)
    for episode in 0..<60 {
      var state = environment.reset(episode: episode)
      let user = Int(state.user)
      var chosen = Set(state.history)
      while true {
        let item = Self.pick(environment, &random)
        #expect(chosen.insert(item).inserted, "recommended twice or from the history")
        let row = log.rows(ofUser: user).first { log.items[$0] == item }
        #expect(environment.isLogged(item) == (row != nil))
        let step = environment.step(item)
        if let row {
          #expect(step.reward == (log.ratings[row] - 3) / 2)
          seen.logged += 1
        } else {
          let predicted = model.reward(user: user, item: Int(item))
          #expect(step.reward == max(-1, min(1, predicted)))
          if abs(predicted) > 1 { seen.clipped += 1 } else { seen.inside += 1 }
        }
        // A liked item enters the history, which keeps its length; others do not.
        let expected =
          step.reward > 0 ? Array(state.history.dropFirst()) + [item] : state.history
        #expect(step.observation.history == expected && step.observation.user == state.user)
        #expect(StateRows(window: 3).row(of: step.observation) == [state.user] + expected)
        state = step.observation
        if step.isLast { break }
      }
    }
    #expect(seen.logged > 100 && seen.clipped > 100 && seen.inside > 100)
  }

  @Test("a start is the user's first liked items, the same whenever it is asked for")
  func starts() throws {
    let log = Worlds.tiny
    let split = UserSplit(log, EvaluationProtocol())
    var environment = try Self.environment()
    let first = (0..<200).map { environment.reset(episode: $0) }
    for state in first {
      #expect(split.trainUsers.contains(state.user))
      let liked = log.rows(ofUser: Int(state.user)).filter { log.ratings[$0] > 3 }
      #expect(state.history == liked.prefix(3).map { log.items[$0] })
    }
    var other = try Self.environment()
    for episode in [150, 3, 77, 0, 199, 3] {
      #expect(other.reset(episode: episode) == first[episode])
      _ = other.step((0..<120).first { other.allowed[0, Int($0)] }!)
    }
    let starts = Set(first.map(\.user)).count
    // An epoch has each start once, in an order of its own.
    let epochs = stride(from: 0, to: 200 - starts, by: starts).map {
      first[$0..<$0 + starts].map(\.user)
    }
    for epoch in epochs { #expect(Set(epoch).count == starts) }
    #expect(epochs[0] != epochs[1])
    var reseeded = try Self.environment(seed: 3)
    #expect((0..<200).map { reseeded.reset(episode: $0) } != first)
  }

  @Test("time that runs out truncates, a catalogue that runs out terminates")
  func ends() throws {
    var environment = try Self.environment(sessionLength: 4)
    var random = SeededGenerator(5)
    for episode in 0..<3 {
      _ = environment.reset(episode: episode)
      for number in 1...4 {
        let step = environment.step(Self.pick(environment, &random))
        #expect(!step.terminated && step.truncated == (number == 4))
        #expect(environment.chosen.count == number)
      }
    }
    // Two users, seven items, all liked: a window of 2 leaves five.
    let log = RatingsLog(
      name: "seven", users: [0, 0, 0, 0, 0, 0, 0, 1, 1, 1], items: [0, 1, 2, 3, 4, 5, 6, 2, 3, 4],
      ratings: .init(repeating: 5, count: 10))
    for (length, terminates) in [(4, false), (5, true), (9, true)] {
      var small = try Self.environment(
        log, split: UserSplit(everything: log), window: 2, sessionLength: length)
      _ = small.reset(episode: 0)
      for number in 1...min(length, 5) {
        let step = small.step(Self.pick(small, &random))
        let last = number == min(length, 5)
        #expect(step.terminated == (last && terminates))
        #expect(step.truncated == (last && !terminates))
      }
    }
  }

  @Test("items that no visible rating contains are not in the catalogue")
  func catalogue() throws {
    // Ten users with eight common items each and, last, one of their own; item 20 has no rating.
    var rows = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<10 as Range<Int32> {
      for item in 0..<8 as Range<Int32> {
        rows.users.append(user)
        rows.items.append(item)
        rows.ratings.append(4)
      }
      rows.users.append(user)
      rows.items.append(user == 9 ? 21 : 10 + user)
      rows.ratings.append(4)
    }
    let log = RatingsLog(
      name: "own items", users: rows.users, items: rows.items, ratings: rows.ratings,
      times: rows.users.indices.map { Int64($0) })
    let split = UserSplit(log, EvaluationProtocol())
    #expect(split.testUsers.count == 2)
    var environment = try Self.environment(log, split: split)
    for episode in 0..<8 {
      let history = environment.reset(episode: episode).history
      for item in 0..<22 as Range<Int32> {
        let owner = item == 21 ? 9 : item - 10
        let isKnown =
          item < 8 || (split.trainUsers.contains(owner) && (item < 19 || item == 21))
        #expect(environment.allowed[0, Int(item)] == (isKnown && !history.contains(item)))
      }
    }
  }

  @Test("a window that no history fills is refused by its length")
  func window() throws {
    let log = RatingsLog(
      name: "two liked", users: [0, 0, 0, 1, 1], items: [0, 1, 2, 0, 1], ratings: [5, 5, 1, 4, 2])
    let split = UserSplit(everything: log)
    func message(_ window: Int) -> String {
      do {
        _ = try Self.environment(log, split: split, window: window)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message(3)
        == "window is 3, but the longest history of a training user has 2 liked items")
    #expect(message(2) == "")
    let liked = RatingsLog(
      name: "all", users: [0, 0], items: [0, 1], ratings: [5, 5])
    do {
      _ = try Self.environment(liked, split: UserSplit(everything: liked), window: 2)
      Issue.record("nothing would be left to recommend")
    } catch {
      #expect("\(error)" == "window is 2, but only 2 items have ratings to learn from")
    }
  }
}

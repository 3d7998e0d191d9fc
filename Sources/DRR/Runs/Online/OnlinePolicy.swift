import DRRCore
import Environments
import Tensor

/// A policy that recommends in sessions that step together.
public protocol OnlinePolicy {
  /// What tables call it.
  var name: String { get }
  /// How many sessions it can hold at once. Ranks share the blocks of so many.
  var sessionsAtOnce: Int { get }
  /// Whether it sees what items earn by themselves, whatever a streak effect makes of it.
  var isTold: Bool { get }
  /// The sessions that now begin, each user new to it.
  ///
  /// - Parameter draw: the number of their first step, counted over all blocks of sessions.
  mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) throws
  /// An allowed item for each session.
  mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32]
  /// What the items picked led to.
  mutating func observe(_ before: [SessionState], _ steps: [Step<SessionState>]) throws
}

extension OnlinePolicy {
  public var sessionsAtOnce: Int { 256 }
  public var isTold: Bool { false }
  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) throws {}
  public mutating func observe(_ before: [SessionState], _ steps: [Step<SessionState>]) throws {}
}

/// Sessions at once of a policy that looks at each by itself: few, so that ranks have blocks of them
/// to share.
private let few = 16

/// Any allowed item, all as likely.
public struct RandomItem: OnlinePolicy {
  public let name = "random"
  public var sessionsAtOnce: Int { few }
  let seed: UInt64
  private var random: [Philox] = []

  /// Draws of a seed, a stream a user.
  public init(seed: UInt64) { self.seed = seed }

  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
    random = sessions.states.map {
      Philox(seed: seed, stream: Streams.onlineItem &+ UInt64($0.user) << 8)
    }
  }

  public mutating func pick(_ sessions: EnvironmentBatch) -> [Int32] {
    random.indices.map { row in
      while true {
        let item = random[row].index(below: sessions.allowed.items)
        if sessions.allowed[row, item] { return Int32(item) }
      }
    }
  }
}

/// The items in the order of scores that a session does not change; ties to the lower item.
public struct FixedOrder: OnlinePolicy {
  public let name: String
  public var sessionsAtOnce: Int { few }
  let scores: (_ user: Int) -> [Float]
  private var left: [ArraySlice<Int32>] = []

  /// - Parameter scores: of every item, higher first.
  public init(_ name: String, scores: @escaping (_ user: Int) -> [Float]) {
    self.name = name
    self.scores = scores
  }

  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
    left = sessions.states.enumerated().map { row, state in
      let scores = scores(Int(state.user))
      let items = (0..<Int32(scores.count)).filter { sessions.allowed[row, Int($0)] }
      return items.sorted { (-scores[Int($0)], $0) < (-scores[Int($1)], $1) }
        .prefix(sessions.environments[row].sessionLength)
    }
  }

  public mutating func pick(_ sessions: EnvironmentBatch) -> [Int32] {
    left.indices.map { left[$0].removeFirst() }
  }
}

/// A rule that learns nothing and looks one item back: the best of the items of another cluster than
/// the item before, by scores that a session does not change. What planning for consecutive
/// satisfaction must beat.
public struct AlternatingOrder: OnlinePolicy {
  public let name: String
  public var sessionsAtOnce: Int { few }
  let kinds: [Int32]
  let floor: Float
  let scores: (_ user: Int) -> [Float]
  private var left: [[(item: Int32, score: Float)]] = []

  /// - Parameters:
  ///   - kinds: the cluster of each item.
  ///   - floor: an item of another cluster is shown where its score is above this, else the best of
  ///     all.
  ///   - scores: of every item, higher first; ties to the lower item.
  public init(
    _ name: String, kinds: [Int32], above floor: Float = -.infinity,
    scores: @escaping (_ user: Int) -> [Float]
  ) {
    self.name = name
    self.kinds = kinds
    self.floor = floor
    self.scores = scores
  }

  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
    left = sessions.states.enumerated().map { row, state in
      scores(Int(state.user)).enumerated().filter { sessions.allowed[row, $0.offset] }
        .map { (item: Int32($0.offset), score: $0.element) }
        .sorted { (-$0.score, $0.item) < (-$1.score, $1.item) }
    }
  }

  public mutating func pick(_ sessions: EnvironmentBatch) -> [Int32] {
    left.indices.map { row in
      let before = sessions.environments[row].chosen.last.map { kinds[Int($0)] }
      let other = left[row].firstIndex { kinds[Int($0.item)] != before && $0.score > floor }
      return left[row].remove(at: other ?? 0).item
    }
  }
}

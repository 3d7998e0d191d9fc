import DRRCore
import Platform
import Tensor

/// The tabular simulator of Bai, Guan & Wang (NeurIPS 2019), as its public code
/// has it: a user is in one of a few states, and each item has a reward r(s, i) there.
///
/// A session starts in state 0 with item 0. Of the list the user looks at item c with probability
/// r(s, c) / Σ r(s, i), clicks it with probability r(s, c) for a reward of 1, and moves to a state
/// drawn from P(· | s, c); otherwise the user leaves.
public final class TabularWorld: SlateEnvironment {
  public let stateCount: Int
  public let itemCount: Int
  /// r(s, i), [states, items], from 0 to 1.
  public let rewards: [Double]
  /// P(s' | s, i), [states, items, states].
  public let transitions: [Double]
  /// The start and 40 clicks, as the public code logs; simulations without a limit set more.
  public var longestSession = 41

  private var current: [Int32] = []
  private var isOver: [Bool] = []
  private var random: [Philox] = []

  /// - Parameters:
  ///   - rewards: [states, items].
  ///   - transitions: [states, items, states], each row a distribution.
  public init(rewards: [[Double]], transitions: [[[Double]]]) throws(ConfigurationError) {
    let (states, items) = (rewards.count, rewards.first?.count ?? 0)
    guard states > 0, items > 0, rewards.allSatisfy({ $0.count == items }) else {
      throw ConfigurationError("rewards must be one row of as many items for each state")
    }
    guard transitions.count == states,
      transitions.allSatisfy({ $0.count == items && $0.allSatisfy { $0.count == states } })
    else {
      throw ConfigurationError(
        "transitions must be \(states) states of \(items) items of \(states) probabilities each")
    }
    for value in rewards.joined() {
      try ConfigurationError.require("a reward", value, "from 0 to 1") { (0...1).contains($0) }
    }
    for row in transitions.joined() {
      try ConfigurationError.require("a row of transitions", row, "a distribution", Self.isShare)
    }
    (stateCount, itemCount) = (states, items)
    self.rewards = rewards.flatMap { $0 }
    self.transitions = transitions.flatMap { $0.flatMap { $0 } }
  }

  static func isShare(_ row: [Double]) -> Bool {
    row.allSatisfy { (0...1).contains($0) } && abs(row.reduce(0, +) - 1) < 1e-6
  }

  /// A simulator drawn as the public code draws one: rewards from U(0, 1), transitions the softmax
  /// of U(0, 1) draws.
  public convenience init(
    states: Int = 10, items: Int = 50, seed: UInt64
  ) throws(ConfigurationError) {
    for (name, value) in [("states", states), ("items", items)] {
      try ConfigurationError.require(name, value, "from 1 to 1000000") {
        (1...1_000_000).contains($0)
      }
    }
    var random = Philox(seed: seed, stream: Streams.tabularWorld)
    func draw(_ count: Int) -> [Double] {
      (0..<count).map { _ in Double.random(in: 0..<1, using: &random) }
    }
    let rewards = (0..<states).map { _ in draw(items) }
    let transitions = (0..<states).map { _ in
      (0..<items).map { _ in
        let weights = draw(states).map { exp($0) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
      }
    }
    try self.init(rewards: rewards, transitions: transitions)
  }

  public func reward(_ state: Int, _ item: Int) -> Double { rewards[state * itemCount + item] }

  /// The distribution of the state after a click.
  public func next(_ state: Int, _ item: Int) -> ArraySlice<Double> {
    let row = (state * itemCount + item) * stateCount
    return transitions[row..<row + stateCount]
  }

  public var states: [Int32]? { current }

  public func begin(_ count: Int, seed: UInt64) -> [Int32] {
    current = Array(repeating: 0, count: count)
    isOver = Array(repeating: false, count: count)
    random = Philox.sessions(count, seed: seed, stream: Streams.tabularUsers)
    return Array(repeating: 0, count: count)
  }

  public func respond(to lists: [Int32], size: Int) throws -> [SessionResponse] {
    guard size > 0, lists.count == size * current.count else {
      throw ConfigurationError(
        "\(lists.count) items are no lists of \(size) for \(current.count) sessions")
    }
    return try current.indices.map { session in
      if isOver[session] { return .left }
      let list = lists[session * size..<(session + 1) * size]
      let response = try response(of: session, to: list)
      isOver[session] = response == .left
      return response
    }
  }

  private func response(
    of session: Int, to list: ArraySlice<Int32>
  ) throws(ConfigurationError) -> SessionResponse {
    if let item = list.first(where: { $0 < 0 || $0 >= itemCount }) {
      throw ConfigurationError("a list has item \(item); it must be from 0 to \(itemCount - 1)")
    }
    let state = Int(current[session])
    let weights = list.map { reward(state, Int($0)) }
    let total = weights.reduce(0, +)
    let (look, click) = (random[session].unit(), random[session].unit())
    let move = random[session].unit()
    guard total > 0 else { return .left }
    let place = draw(weights, look * total)
    guard click < weights[place] else { return .left }
    let item = list[list.startIndex + place]
    current[session] = Int32(draw(next(state, Int(item)), move))
    return SessionResponse(click: item, reward: 1)
  }

  /// The place whose share of the running sum `target` falls into.
  private func draw(_ weights: some RandomAccessCollection<Double>, _ target: Double) -> Int {
    var sum = 0.0
    for (place, weight) in weights.enumerated() {
      sum += weight
      if target < sum { return place }
    }
    // Rounding left the target above the whole sum.
    return Array(weights).lastIndex { $0 > 0 } ?? 0
  }

  public func itemValues() -> [Float] {
    current.flatMap { state in
      (0..<itemCount).map { Float(reward(Int(state), $0)) }
    }
  }
}

extension Philox {
  /// One generator a session, so that what a user does depends on no other session.
  static func sessions(_ count: Int, seed: UInt64, stream: UInt64) -> [Philox] {
    (0..<UInt64(count)).map { Philox(seed: seed, stream: stream | ($0 + 1) << 32) }
  }

  /// The next number in [0, 1), a multiple of 2⁻⁵³.
  mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }
}

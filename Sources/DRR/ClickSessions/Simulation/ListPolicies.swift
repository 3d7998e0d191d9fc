import DRRCore
import Tensor

/// Lists of different items drawn uniformly, anew at each step.
public final class RandomLists: ListPolicy {
  public let name = "random"
  private let itemCount: Int
  private var random: [Philox] = []

  public init(itemCount: Int) { self.itemCount = itemCount }

  public func begin(_ starts: [Int32], seed: UInt64) {
    random = Philox.sessions(starts.count, seed: seed, stream: Streams.listPolicy)
  }

  public func lists(of size: Int) throws -> [Int32] {
    try requireItems(size, itemCount)
    let items = Array(0..<Int32(itemCount))
    return random.indices.flatMap { random[$0].draw(size, from: items) }
  }

  public func observe(_ clicks: [Int32]) {}
}

/// The items that are worth most in the state that the simulator is in: what only the simulator
/// knows.
public final class BestLists: ListPolicy {
  public let name = "max"
  private let world: any SlateEnvironment
  private var open: [Int] = []

  public init(_ world: any SlateEnvironment) { self.world = world }

  public func begin(_ starts: [Int32], seed: UInt64) { open = Array(starts.indices) }

  public func lists(of size: Int) throws -> [Int32] {
    try requireItems(size, world.itemCount)
    return try world.rankedItems(best: size, in: open).flatMap {
      $0.isEmpty ? Array(repeating: 0, count: size) : $0
    }
  }

  public func observe(_ clicks: [Int32]) { open.removeAll { clicks[$0] < 0 } }
}

/// By a coin for each list the items that are worth most, or a draw from those ranked
/// n/5 ..< n/2 of n.
public final class MixedLists: ListPolicy {
  public let name = "mix"
  private let world: any SlateEnvironment
  private var random: [Philox] = []
  private var open: [Int] = []

  public init(_ world: any SlateEnvironment) { self.world = world }

  public func begin(_ starts: [Int32], seed: UInt64) {
    open = Array(starts.indices)
    random = Philox.sessions(starts.count, seed: seed, stream: Streams.listPolicy)
  }

  public func lists(of size: Int) throws -> [Int32] {
    let (first, last) = (world.itemCount / 5, world.itemCount / 2)
    guard (1...max(last - first, 1)).contains(size), last > first else {
      throw ConfigurationError(
        "list size is \(size); it must be from 1 to \(last - first), the items that the mix policy"
          + " draws from")
    }
    return try world.rankedItems(best: last, in: open).enumerated().flatMap { session, ranked in
      if ranked.isEmpty { return [Int32](repeating: 0, count: size) }
      if random[session].unit() < 0.5 { return Array(ranked.prefix(size)) }
      return random[session].draw(size, from: Array(ranked[first..<last]))
    }
  }

  public func observe(_ clicks: [Int32]) { open.removeAll { clicks[$0] < 0 } }
}

/// A fixed list for each state of a simulator whose states have numbers, or one for all.
public final class FixedLists: ListPolicy {
  public let name: String
  private let lists: [[Int32]]
  private let world: (any SlateEnvironment)?
  private var count = 0

  /// - Parameter lists: by state, best first.
  public init(_ name: String, _ lists: [[Int]], in world: any SlateEnvironment) {
    self.name = name
    self.lists = lists.map { $0.map(Int32.init) }
    self.world = world
  }

  public init(_ name: String, always list: [Int]) {
    self.name = name
    lists = [list.map(Int32.init)]
    world = nil
  }

  public func begin(_ starts: [Int32], seed: UInt64) { count = starts.count }

  public func lists(of size: Int) throws -> [Int32] {
    let states = world == nil ? Array(repeating: 0, count: count) : world?.states
    guard let states, states.allSatisfy({ lists.indices.contains(Int($0)) }) else {
      throw ConfigurationError(
        "\(lists.count) fixed lists do not fit the world; it must have as many numbered states")
    }
    guard lists.allSatisfy({ $0.count == size }) else {
      throw ConfigurationError(
        "list size is \(size); it must be \(lists.first?.count ?? 0), which the fixed lists have")
    }
    return states.flatMap { lists[Int($0)] }
  }

  public func observe(_ clicks: [Int32]) {}
}

/// One list first and another at every later step, whichever user it is.
public final class BlindLists: ListPolicy {
  public let name = "blind"
  private let first: [Int32]
  private let rest: [Int32]
  private var count = 0
  private var isFirst = true

  public init(first: [Int], rest: [Int]) {
    self.first = first.map(Int32.init)
    self.rest = rest.map(Int32.init)
  }

  public func begin(_ starts: [Int32], seed: UInt64) {
    count = starts.count
    isFirst = true
  }

  public func lists(of size: Int) throws -> [Int32] {
    try ConfigurationError.require("list size", size, "\(first.count), which the lists have") {
      $0 == first.count && $0 == rest.count
    }
    return (0..<count).flatMap { _ in isFirst ? first : rest }
  }

  public func observe(_ clicks: [Int32]) { isFirst = false }
}

private func requireItems(_ size: Int, _ itemCount: Int) throws(ConfigurationError) {
  try ConfigurationError.require("list size", size, "from 1 to the \(itemCount) items") {
    $0 >= 1 && $0 <= itemCount
  }
}

extension Philox {
  /// Different ones of `items`.
  fileprivate mutating func draw(_ count: Int, from items: [Int32]) -> [Int32] {
    var items = items
    for place in 0..<count {
      items.swapAt(place, Int.random(in: place..<items.count, using: &self))
    }
    return Array(items.prefix(count))
  }
}

extension SlateEnvironment {
  /// The items that are worth most in the state of each of some sessions, best first, the lower
  /// number first among equals; nothing for the others.
  func rankedItems(best count: Int, in sessions: [Int]) throws -> [[Int32]] {
    let values = try itemValues()
    let items = itemCount
    var ranked = [[Int32]](repeating: [], count: values.count / items)
    for session in sessions {
      let row = Array(values[session * items..<(session + 1) * items])
      let order = (0..<Int32(items)).sorted { first, second in
        let (one, other) = (row[Int(first)], row[Int(second)])
        return one != other ? one > other : first < second
      }
      ranked[session] = Array(order.prefix(count))
    }
    return ranked
  }
}

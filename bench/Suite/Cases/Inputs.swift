import Tensor

/// Random inputs on a device, a set of them after the other.
final class Inputs {
  let backend: any Backend
  private var random: Philox
  private var draws: UInt64 = 0
  private var tables: [Int: Floats] = [:]
  private var trees: [Int: Floats] = [:]
  private var rings: [Int: ReplayRings] = [:]

  init(on backend: any Backend, seed: UInt64 = 0) {
    self.backend = backend
    random = Philox(seed: seed, stream: 0)
  }

  /// The same for every set: what is larger than what a call reads of it.
  func table(_ count: Int) -> Floats {
    if let found = tables[count] { return found }
    let made = floats(count)
    tables[count] = made
    return made
  }

  func floats(_ count: Int, _ low: Float = -1, _ high: Float = 1) -> Floats {
    let view = empty(count)
    draws += 1
    backend.uniform(view, low: low, high: high, RandomKey(key: random.key, counter: draws))
    return view
  }

  /// To be overwritten. Written once here, so that no call waits for its pages.
  func empty(_ count: Int) -> Floats {
    let view = Floats(backend.allocate(count), count: count)
    backend.fill(0, into: view)
    return view
  }

  func indices(_ count: Int, below bound: Int) -> Indices {
    let view = emptyIndices(count)
    let values = (0..<count).map { _ in Int32(random.index(below: bound)) }
    backend.write(values, to: view)
    return view
  }

  func emptyBits(_ count: Int) -> Bits { Bits(backend.allocate(count), count: count) }

  func emptyIndices(_ count: Int) -> Indices { Indices(backend.allocate(count), count: count) }

  /// Rows [b, 1 + n] of a user and n items.
  func stateRows(_ b: Int, _ n: Int, users: Int, items: Int) -> Indices {
    let view = emptyIndices(b * (1 + n))
    let values = (0..<b * (1 + n)).map { i in
      Int32(random.index(below: i % (1 + n) == 0 ? users : items))
    }
    backend.write(values, to: view)
    return view
  }

  /// The same for every set.
  func replayRings(_ capacity: Int, s: Int, a: Int) -> ReplayRings {
    if let found = rings[capacity] { return found }
    let made = ReplayRings(
      states: emptyIndices(capacity * s), nextStates: emptyIndices(capacity * s),
      actions: floats(capacity * a), outcomes: empty(capacity * 2), capacity: capacity, s: s, a: a)
    rings[capacity] = made
    return made
  }

  /// A sum tree over `capacity` leaves, a power of two, all of them filled; the same for every set.
  func sumTree(_ capacity: Int) -> Floats {
    if let found = trees[capacity] { return found }
    var nodes = [Float](repeating: 0, count: 2 * capacity)
    for leaf in capacity..<2 * capacity { nodes[leaf] = random.uniform() + 0.01 }
    for node in stride(from: capacity - 1, to: 0, by: -1) {
      nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
    }
    let view = empty(2 * capacity)
    backend.write(nodes, to: view)
    trees[capacity] = view
    return view
  }

  func host(_ count: Int) -> [Float] { (0..<count).map { _ in 2 * random.uniform() - 1 } }

  var key: RandomKey {
    draws += 1
    return RandomKey(key: random.key, counter: draws)
  }
}

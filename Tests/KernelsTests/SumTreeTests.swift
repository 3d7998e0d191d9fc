import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct SumTreeTests {
  private struct Tree {
    let backend: any Backend
    let nodes: Floats
    let capacity: Int

    init(_ backend: any Backend, _ capacity: Int) {
      self.backend = backend
      self.capacity = capacity
      nodes = Floats(backend.allocate(2 * capacity))
      backend.fill(0, into: nodes)
    }

    func set(_ leaves: [Int32], _ values: [Float], stride: Int = 1) {
      let leafView = Indices(backend.allocate(leaves.count))
      let valueView = Floats(backend.allocate(values.count))
      backend.write(leaves, to: leafView)
      backend.write(values, to: valueView)
      backend.sumTreeSet(
        nodes, capacity: capacity, leaves: leafView, stride: stride, values: valueView,
        b: (leaves.count + stride - 1) / stride)
    }

    func sample(
      _ b: Int, filled: Int, exponent: Float, _ key: RandomKey
    ) throws -> (index: [Int32], weights: [Float]) {
      let index = Indices(backend.allocate(b))
      let weights = Floats(backend.allocate(b))
      backend.sumTreeSample(
        nodes, capacity: capacity, filled: filled, b: b, exponent: exponent, key, into: index,
        weights: weights)
      return (try backend.read(index), try backend.read(weights))
    }
  }

  /// After any updates, with leaves named more than once (the last value
  /// stands) and some negative, every node is the sum of its children.
  @Test(arguments: TestDevices.all)
  func nodesAreSums(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(1)
    for capacity in [1, 2, 64, 4096] {
      let tree = Tree(backend, capacity)
      var expected = [Float](repeating: 0, count: capacity)
      for round in 0..<20 {
        let count = Int.random(in: 1...300, using: &generator)
        let range = Int32(min(capacity, round % 2 == 0 ? 16 : capacity))
        let leaves = generator.indices(count, in: -1..<range)
        let values = generator.floats(count, in: 0...2)
        tree.set(leaves, values)
        for (leaf, value) in zip(leaves, values) where leaf >= 0 { expected[Int(leaf)] = value }
      }
      let nodes = try backend.read(tree.nodes)
      #expect(Array(nodes[capacity...]) == expected)
      for node in 1..<capacity {
        #expect(nodes[node] == nodes[2 * node] + nodes[2 * node + 1], "\(capacity), node \(node)")
      }
      let total = expected.reduce(0) { $0 + Double($1) }
      #expect(abs(Double(nodes[1]) - total) <= 1e-6 * total)
    }
  }

  /// Each draw against a linear scan of the running sums, up to the rounding of the target.
  @Test(arguments: TestDevices.all)
  func samplesAsALinearScan(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(2)
    let (capacity, filled, b) = (2048, 1500, 257)
    let tree = Tree(backend, capacity)
    let priorities = generator.floats(filled, in: 0...1).map { $0 * $0 * $0 }
    tree.set((0..<Int32(filled)).map { $0 }, priorities)
    let total = priorities.reduce(0) { $0 + Double($1) }
    let slack = 2e-6 * total
    let sums = priorities.reduce(into: [0.0]) { $0.append($0.last! + Double($1)) }
    for counter in 0..<8 {
      let key = RandomKey(key: 77, counter: UInt64(counter))
      let (index, weights) = try tree.sample(b, filled: filled, exponent: 0.5, key)
      let draws = ReferencePhilox.draws(key, b).map { $0 / 0x1p24 }
      for i in 0..<b {
        let leaf = Int(index[i])
        try #require(leaf >= 0 && leaf < filled)
        let target = (Double(i) + draws[i]) * total / Double(b)
        #expect(sums[leaf] - slack <= target && target <= sums[leaf + 1] + slack, "draw \(i)")
      }
      let raw = index.map { pow(Double(filled) * Double(priorities[Int($0)]) / total, -0.5) }
      let bound = Bound(32, terms: 11)
      #expect(bound.violation(weights.map(Double.init), raw.map { $0 / raw.max()! }) == nil)
      #expect(weights.max() == 1)
    }
  }

  /// Leaves are drawn in proportion to their priorities; a zero leaf and the tail never are.
  @Test(arguments: TestDevices.all)
  func frequenciesFollowPriorities(_ device: TestDevice) throws {
    let backend = try device.make()
    let tree = Tree(backend, 16)
    let priorities: [Float] = [5, 0, 1, 2, 0.5, 8, 0, 3, 0.25, 1, 1]
    tree.set((0..<11).map { $0 }, priorities)
    let total = Double(priorities.reduce(0, +))
    var counts = [Int](repeating: 0, count: 11)
    let draws = 4000
    // Stratified draws scatter less than independent ones, so they pass all the more.
    for counter in 0..<draws / 4 {
      let key = RandomKey(key: 123, counter: UInt64(counter))
      for leaf in try tree.sample(4, filled: 11, exponent: 0, key).index {
        counts[Int(leaf)] += 1
      }
    }
    let expected = priorities.map { Double($0) / total * Double(draws) }
    #expect(ChiSquare.pValue(observed: counts, expected: expected) > 1e-6)
    #expect(counts[1] == 0 && counts[6] == 0)
  }

  /// A single filled leaf is every draw, with weight 1.
  @Test(arguments: TestDevices.all)
  func oneLeaf(_ device: TestDevice) throws {
    let tree = Tree(try device.make(), 8)
    tree.set([0], [0.3])
    let (index, weights) = try tree.sample(
      33, filled: 1, exponent: 1, RandomKey(key: 4, counter: 4))
    #expect(index == [Int32](repeating: 0, count: 33))
    #expect(weights == [Float](repeating: 1, count: 33))
  }
}

import Foundation
import Kernels

extension ReferenceBackend {
  public func replayAppend(
    _ rings: ReplayRings, transition: Indices, actions: Floats, outcomes: Floats, b: Int
  ) {
    let cells = launch("replayAppend")
    let (s, a) = (rings.s, rings.a)
    let ring = RingCells(rings, cells)
    let transition = cells(transition, b * (1 + 2 * s))
    let (actions, outcomes) = (cells(actions, b * a), cells(outcomes, b * 2))
    for i in 0..<b {
      let packed = transition + i * (1 + 2 * s)
      let slot = ring.row(packed[0])
      for j in 0..<s {
        ring.states[slot * s + j] = packed[1 + j]
        ring.nextStates[slot * s + j] = packed[1 + s + j]
      }
      for j in 0..<a { ring.actions[slot * a + j] = actions[i * a + j] }
      for j in 0..<2 { ring.outcomes[slot * 2 + j] = outcomes[i * 2 + j] }
    }
  }

  public func replayGather(
    _ rings: ReplayRings, index: Indices, b: Int, states: Indices, nextStates: Indices,
    actions: Floats, outcomes: Floats
  ) {
    let cells = launch("replayGather")
    let (s, a) = (rings.s, rings.a)
    let ring = RingCells(rings, cells)
    let (index, states, nextStates) = (
      cells(index, b), cells(states, b * s), cells(nextStates, b * s)
    )
    let (actions, outcomes) = (cells(actions, b * a), cells(outcomes, b * 2))
    for i in 0..<b {
      let slot = ring.row(index[i])
      for j in 0..<s {
        states[i * s + j] = ring.states[slot * s + j]
        nextStates[i * s + j] = ring.nextStates[slot * s + j]
      }
      for j in 0..<a { actions[i * a + j] = ring.actions[slot * a + j] }
      for j in 0..<2 { outcomes[i * 2 + j] = ring.outcomes[slot * 2 + j] }
    }
  }

  public func sumTreeSet(
    _ tree: Floats, capacity: Int, leaves: Indices, stride: Int, values: Floats, b: Int
  ) {
    let cells = launch("sumTreeSet")
    require(capacity > 0 && capacity & (capacity - 1) == 0, "sumTreeSet: \(capacity) leaves")
    let valueCount = values.count
    let (tree, leaves) = (
      cells(tree, 2 * capacity), cells(leaves, b == 0 ? 0 : (b - 1) * stride + 1)
    )
    let values = cells(values, valueCount == 1 ? 1 : b)
    for i in 0..<b {
      guard let leaf = cells.row(leaves[i * stride], of: capacity) else { continue }
      tree[capacity + leaf] = values[valueCount == 1 ? 0 : i]
      var node = (capacity + leaf) / 2
      while node >= 1 {
        tree[node] = tree[2 * node] + tree[2 * node + 1]
        node /= 2
      }
    }
  }

  public func sumTreeSample(
    _ tree: Floats, capacity: Int, filled: Int, b: Int, exponent: Float, _ random: RandomKey,
    into index: Indices, weights: Floats
  ) {
    let cells = launch("sumTreeSample")
    require(filled >= 1 && filled <= capacity, "sumTreeSample: \(filled) of \(capacity)")
    let (tree, index, weights) = (cells(tree, 2 * capacity), cells(index, b), cells(weights, b))
    let total = tree[1]
    for (i, draw) in Self.uniforms(random, b).enumerated() {
      var target = (Double(i) + draw) * total / Double(b)
      var node = 1
      while node < capacity {
        let left = tree[2 * node]
        if target < left {
          node = 2 * node
        } else {
          target -= left
          node = 2 * node + 1
        }
      }
      let leaf = min(node - capacity, filled - 1)
      index[i] = Double(leaf)
      weights[i] = pow(Double(filled) * tree[capacity + leaf] / total, -Double(exponent))
    }
    let largest = (0..<b).reduce(0) { max($0, weights[$1]) }
    for i in 0..<b { weights[i] /= largest }
  }

  public func prioritize(
    _ prediction: Floats, _ target: Floats, b: Int, exponent: Float, offset: Float,
    into priorities: Floats, maximum: Floats
  ) {
    let cells = launch("prioritize")
    let (prediction, target) = (cells(prediction, b), cells(target, b))
    let (priorities, maximum) = (cells(priorities, b), cells(maximum, 1))
    for i in 0..<b {
      priorities[i] = pow(abs(prediction[i] - target[i]) + Double(offset), Double(exponent))
      maximum[0] = max(maximum[0], priorities[i])
    }
  }
}

private struct RingCells {
  let cells: ReferenceBackend.Operands
  let capacity: Int
  let states, nextStates, actions, outcomes: UnsafeMutablePointer<Double>

  init(_ rings: ReplayRings, _ cells: ReferenceBackend.Operands) {
    self.cells = cells
    capacity = rings.capacity
    states = cells(rings.states, capacity * rings.s)
    nextStates = cells(rings.nextStates, capacity * rings.s)
    actions = cells(rings.actions, capacity * rings.a)
    outcomes = cells(rings.outcomes, capacity * 2)
  }

  func row(_ index: Double) -> Int {
    guard let row = cells.row(index, of: capacity) else {
      fatalError("\(cells.op): slot \(index) is negative")
    }
    return row
  }
}

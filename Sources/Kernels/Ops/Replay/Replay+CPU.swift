internal import CLoops

extension CPUBackend {
  public func replayAppend(
    _ rings: ReplayRings, transition: Indices, actions: Floats, outcomes: Floats, b: Int
  ) {
    guard begin() else { return }
    let (s, a) = (rings.s, rings.a)
    let ring = elements(rings, "replayAppend")
    let transition = pointer(transition, b * (1 + 2 * s), "replayAppend", "transition")
    let actions = pointer(actions, b * a, "replayAppend", "actions")
    let outcomes = pointer(outcomes, b * 2, "replayAppend", "outcomes")
    for i in 0..<b {
      let row = transition + i * (1 + 2 * s)
      let slot = Int(row[0])
      require(0..<rings.capacity ~= slot, "replayAppend: slot \(slot) of \(rings.capacity)")
      (ring.states + slot * s).update(from: row + 1, count: s)
      (ring.nextStates + slot * s).update(from: row + 1 + s, count: s)
      (ring.actions + slot * a).update(from: actions + i * a, count: a)
      (ring.outcomes + slot * 2).update(from: outcomes + i * 2, count: 2)
    }
  }

  public func replayGather(
    _ rings: ReplayRings, index: Indices, b: Int, states: Indices, nextStates: Indices,
    actions: Floats, outcomes: Floats
  ) {
    guard begin() else { return }
    let (s, a) = (rings.s, rings.a)
    let ring = elements(rings, "replayGather")
    let index = pointer(index, b, "replayGather", "index")
    let states = pointer(states, b * s, "replayGather", "states")
    let nextStates = pointer(nextStates, b * s, "replayGather", "nextStates")
    let actions = pointer(actions, b * a, "replayGather", "actions")
    let outcomes = pointer(outcomes, b * 2, "replayGather", "outcomes")
    for i in 0..<b {
      let slot = Int(index[i])
      require(0..<rings.capacity ~= slot, "replayGather: index \(slot) of \(rings.capacity)")
      (states + i * s).update(from: ring.states + slot * s, count: s)
      (nextStates + i * s).update(from: ring.nextStates + slot * s, count: s)
      (actions + i * a).update(from: ring.actions + slot * a, count: a)
      (outcomes + i * 2).update(from: ring.outcomes + slot * 2, count: 2)
    }
  }

  public func sumTreeSet(
    _ tree: Floats, capacity: Int, leaves: Indices, stride: Int, values: Floats, b: Int
  ) {
    guard begin() else { return }
    let nodes = sumTree(tree, capacity, "sumTreeSet")
    require(
      b >= 0 && stride >= 1 && leaves.count >= (b - 1) * stride + 1,
      "sumTreeSet: leaves has \(leaves.count) elements, expected \(b) at steps of \(stride)")
    let leaves = pointer(leaves, leaves.count, "sumTreeSet", "leaves")
    let isSingle = values.count == 1
    let values = pointer(values, isSingle ? 1 : b, "sumTreeSet", "values")
    for i in 0..<b {
      let leaf = Int(leaves[i * stride])
      require(leaf < capacity, "sumTreeSet: leaf \(leaf) of \(capacity)")
    }
    host_tree_set(nodes, Int64(capacity), leaves, Int64(stride), values, isSingle, Int64(b))
  }

  public func sumTreeSample(
    _ tree: Floats, capacity: Int, filled: Int, b: Int, exponent: Float, _ random: RandomKey,
    into index: Indices, weights: Floats
  ) {
    guard begin() else { return }
    require(1...capacity ~= filled, "sumTreeSample: \(filled) of \(capacity) leaves filled")
    let nodes = sumTree(tree, capacity, "sumTreeSample")
    let index = pointer(index, b, "sumTreeSample", "index")
    let weights = pointer(weights, b, "sumTreeSample", "weights")
    let total = nodes[1]
    withScratch(2 * b) { targets in
      for block in 0..<(b + 3) / 4 {
        let words = random.block(block)
        for i in 4 * block..<min(4 * block + 4, b) {
          targets[i] = (Float(i) + Philox.uniform(words[i % 4])) * total / Float(b)
        }
      }
      let priorities = targets + b
      host_tree_find(
        nodes, Int64(capacity), Int64(filled), targets, index, priorities, Int64(b))
      for i in 0..<b { priorities[i] = Float(filled) * priorities[i] / total }
      host_power(priorities, -exponent, weights, Int64(b))
      var largest: Float = 0
      for i in 0..<b { largest = max(largest, weights[i]) }
      host_divide_by(weights, largest, weights, Int64(b))
    }
  }

  public func prioritize(
    _ prediction: Floats, _ target: Floats, b: Int, exponent: Float, offset: Float,
    into priorities: Floats, maximum: Floats
  ) {
    guard begin() else { return }
    let prediction = pointer(prediction, b, "prioritize", "prediction")
    let target = pointer(target, b, "prioritize", "target")
    let priorities = pointer(priorities, b, "prioritize", "priorities")
    let maximum = pointer(maximum, 1, "prioritize", "maximum")
    for i in 0..<b { priorities[i] = abs(prediction[i] - target[i]) + offset }
    host_power(priorities, exponent, priorities, Int64(b))
    for i in 0..<b { maximum[0] = max(maximum[0], priorities[i]) }
  }

  private func sumTree(
    _ tree: Floats, _ capacity: Int, _ op: StaticString
  ) -> UnsafeMutablePointer<Float> {
    require(
      capacity > 0 && capacity & (capacity - 1) == 0,
      "\(op): capacity \(capacity), expected a power of two")
    return pointer(tree, 2 * capacity, op, "tree")
  }

  private func elements(
    _ rings: ReplayRings, _ op: StaticString
  ) -> (
    states: UnsafeMutablePointer<Int32>, nextStates: UnsafeMutablePointer<Int32>,
    actions: UnsafeMutablePointer<Float>, outcomes: UnsafeMutablePointer<Float>
  ) {
    let rows = rings.capacity
    return (
      pointer(rings.states, rows * rings.s, op, "states"),
      pointer(rings.nextStates, rows * rings.s, op, "nextStates"),
      pointer(rings.actions, rows * rings.a, op, "actions"),
      pointer(rings.outcomes, rows * 2, op, "outcomes")
    )
  }
}

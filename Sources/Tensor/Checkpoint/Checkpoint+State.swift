/// State on a device that a checkpoint holds whole: `restore` after `save` gives the same bits.
public protocol Checkpointed {
  /// Adds tensors named `prefix.…`. Waits for the device.
  func save(to file: inout SafetensorsWriter, _ prefix: String) throws
  /// Reads and checks them; what it returns puts them in place and cannot fail.
  func prepareRestore(from file: SafetensorsFile, _ prefix: String) throws -> () -> Void
}

extension Checkpointed {
  /// Takes them back; everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile, _ prefix: String) throws {
    try prepareRestore(from: file, prefix)()
  }
}

extension ParameterSet: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try save(values, to: &file, prefix)
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    try prepareRestore(values, from: file, prefix)
  }

  /// A flat buffer laid out like the weights, a tensor a parameter.
  func save(_ flat: Floats, to file: inout SafetensorsWriter, _ prefix: String) throws {
    let host = try backend.read(flat)
    for parameter in parameters {
      let range = parameter.offset..<parameter.offset + parameter.shape.count
      try file.add(
        "\(prefix).\(parameter.name)", Array(host[range]), shape: parameter.shape.array)
    }
  }

  func prepareRestore(
    _ flat: Floats, from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    var host = [Float](repeating: 0, count: count)
    for parameter in parameters {
      let values = try file.floats(
        "\(prefix).\(parameter.name)", shape: parameter.shape.array)
      host.replaceSubrange(
        parameter.offset..<parameter.offset + parameter.shape.count, with: values)
    }
    return { self.backend.write(host, to: flat) }
  }
}

extension Adam: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try parameters.save(moments.first, to: &file, "\(prefix).first_moment")
    try parameters.save(moments.second, to: &file, "\(prefix).second_moment")
    try file.add("\(prefix).step", [Int64(stepCount)])
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let step = try file.int64s("\(prefix).step", shape: [1])[0]
    let first = try parameters.prepareRestore(
      moments.first, from: file, "\(prefix).first_moment")
    let second = try parameters.prepareRestore(
      moments.second, from: file, "\(prefix).second_moment")
    return {
      first()
      second()
      self.stepCount = Int(step)
    }
  }
}

extension ReplayBuffer: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    let (s, a) = (configuration.stateWidth, configuration.actionWidth)
    try file.add(
      "\(prefix).states", backend.read(rings.states[0..<count * s]), shape: [count, s])
    try file.add(
      "\(prefix).next_states", backend.read(rings.nextStates[0..<count * s]), shape: [count, s])
    try file.add(
      "\(prefix).actions", backend.read(rings.actions[0..<count * a]), shape: [count, a])
    try file.add(
      "\(prefix).outcomes", backend.read(rings.outcomes[0..<count * 2]), shape: [count, 2])
    try file.add(
      "\(prefix).priorities", backend.read(tree[leafCount..<leafCount + count]), shape: [count])
    try file.add("\(prefix).maximum_priority", backend.read(maximumPriority))
    try file.add("\(prefix).next", [Int64(next)])
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let (s, a) = (configuration.stateWidth, configuration.actionWidth)
    let priorities = try file.floats("\(prefix).priorities")
    let held = priorities.count
    guard held <= configuration.capacity else {
      throw CheckpointError.wrongShape(
        path: file.path, tensor: "\(prefix).priorities", found: [held],
        expected: [configuration.capacity])
    }
    let states = try file.int32s("\(prefix).states", shape: [held, s])
    let nextStates = try file.int32s("\(prefix).next_states", shape: [held, s])
    let actions = try file.floats("\(prefix).actions", shape: [held, a])
    let outcomes = try file.floats("\(prefix).outcomes", shape: [held, 2])
    let maximum = try file.floats("\(prefix).maximum_priority", shape: [1])
    let slot = try file.int64s("\(prefix).next", shape: [1])[0]
    guard (0..<Int64(configuration.capacity)).contains(slot) else {
      throw CheckpointError.malformed(
        path: file.path,
        reason: "\(prefix).next is \(slot), expected 0 ..< \(configuration.capacity)")
    }

    return { [self] in
      backend.write(states, to: rings.states[0..<held * s])
      backend.write(nextStates, to: rings.nextStates[0..<held * s])
      backend.write(actions, to: rings.actions[0..<held * a])
      backend.write(outcomes, to: rings.outcomes[0..<held * 2])
      // Every inner node is the rounded sum of its two children, so the leaves say it all.
      var nodes = [Float](repeating: 0, count: 2 * leafCount)
      nodes.replaceSubrange(leafCount..<leafCount + held, with: priorities)
      for node in stride(from: leafCount - 1, to: 0, by: -1) {
        nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
      }
      backend.write(nodes, to: tree)
      backend.write(maximum, to: maximumPriority)
      count = held
      next = Int(slot)
    }
  }
}

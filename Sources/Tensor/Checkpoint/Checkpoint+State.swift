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
    if let addShared { return try save(flat, to: &file, prefix, addShared) }
    let host = try backend.read(flat)
    for parameter in parameters {
      let range = parameter.offset..<parameter.offset + parameter.shape.count
      try file.add(
        "\(prefix).\(parameter.name)", Array(host[range]), shape: parameter.shape.array)
    }
  }

  /// The same, tables of which others hold rows as `addShared` adds them.
  private func save(
    _ flat: Floats, to file: inout SafetensorsWriter, _ prefix: String,
    _ addShared: (
      String, [Int], @escaping (Range<Int>) throws -> [Float], inout SafetensorsWriter
    ) throws -> Void
  ) throws {
    for parameter in parameters {
      let (name, count) = ("\(prefix).\(parameter.name)", parameter.shape.count)
      if let whole = parameter.whole {
        try addShared(
          name, whole.shape.array,
          { [backend] in try backend.read(flat[parameter.place(ofRows: $0)]) }, &file)
      } else {
        try file.add(
          name, backend.read(flat[parameter.offset..<parameter.offset + count]),
          shape: parameter.shape.array)
      }
    }
  }

  func prepareRestore(
    _ flat: Floats, from file: SafetensorsFile, _ prefix: String,
    _ expected: Expected<Float> = .finite
  ) throws -> () -> Void {
    var host = [Float](repeating: 0, count: count)
    for parameter in parameters {
      let values = try file.floats(
        "\(prefix).\(parameter.name)", expected,
        shape: (parameter.whole?.shape ?? parameter.shape).array, rows: parameter.whole?.rows)
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
    let step = try file.integer("\(prefix).step", .count)
    let first = try parameters.prepareRestore(
      moments.first, from: file, "\(prefix).first_moment")
    let second = try parameters.prepareRestore(
      moments.second, from: file, "\(prefix).second_moment", .notNegative)
    return {
      first()
      second()
      self.stepCount = step
    }
  }
}

extension ReplayBuffer {
  /// Adds tensors named `prefix.…`. Waits for the device.
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

  /// Takes over what another memory saved: `prepareRestore` done at once.
  public func restore(
    from file: SafetensorsFile, _ prefix: String, columns: [Expected<Int32>]
  ) throws {
    try prepareRestore(from: file, prefix, columns: columns)()
  }

  /// Reads and checks them; what it returns puts them in place and cannot fail.
  /// - Parameter columns: what each column of a state's row may be, as many as the state is wide.
  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String, columns: [Expected<Int32>]
  ) throws -> () -> Void {
    let (c, s, a) = (configuration, configuration.stateWidth, configuration.actionWidth)
    require(columns.count == s, "replay: \(columns.count) columns of a state of \(s)")
    let priorities = try file.floats("\(prefix).priorities", .notNegative)
    let held = priorities.count
    guard held <= c.capacity else {
      throw CheckpointError.wrongShape(
        path: file.path, tensor: "\(prefix).priorities", found: [held], expected: [c.capacity])
    }
    let states = try file.rows("\(prefix).states", columns, count: held)
    let nextStates = try file.rows("\(prefix).next_states", columns, count: held)
    let actions = try file.floats("\(prefix).actions", shape: [held, a])
    let outcomes: [Float] = try file.rows("\(prefix).outcomes", [.finite, .in(0...1)], count: held)
    let maximum = try file.floats("\(prefix).maximum_priority", .positive, shape: [1])
    // The ring fills from its first slot on.
    let slot = try file.integer(
      "\(prefix).next",
      held < c.capacity ? .in(Int64(held)...Int64(held)) : .below(c.capacity))
    // Every inner node is the rounded sum of its two children, so the leaves say it all.
    var nodes = [Float](repeating: 0, count: 2 * leafCount)
    nodes.replaceSubrange(leafCount..<leafCount + held, with: priorities)
    for node in stride(from: leafCount - 1, to: 0, by: -1) {
      nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
    }
    let total = nodes[1]
    try file.require(
      held == 0 || (total > 0 && total.isFinite), "\(prefix).priorities", "adds up to \(total)",
      "a finite number above 0")

    return { [self] in
      backend.write(states, to: rings.states[0..<held * s])
      backend.write(nextStates, to: rings.nextStates[0..<held * s])
      backend.write(actions, to: rings.actions[0..<held * a])
      backend.write(outcomes, to: rings.outcomes[0..<held * 2])
      backend.write(nodes, to: tree)
      backend.write(maximum, to: maximumPriority)
      count = held
      next = slot
    }
  }
}

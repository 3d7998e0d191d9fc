import Tensor

/// Layers with a model's weights.
extension ONNXNetwork {
  /// Layers `name`.0 and so on, ReLU between them.
  mutating func mlp(
    _ x: Value, _ name: String, count: Int, last: String?
  ) throws -> Value {
    try (0..<count).reduce(x) {
      try dense($0, "\(name).\($1)", $1 == count - 1 ? last : "Relu")
    }
  }

  mutating func dense(_ x: Value, _ name: String, _ activation: String?) throws -> Value {
    let product = graph.add("MatMul", x, try weight("\(name).weight"))
    let y = graph.add("Add", product, try weight("\(name).bias"))
    return activation.map { graph.add($0, y) } ?? y
  }

  /// The last state of layers over sequences [B, T, E], [B, H].
  mutating func recurrent(
    _ x: Value, lengths: Value, _ name: String, layers: Int, isLSTM: Bool
  ) throws -> Value {
    // ONNX has input, output, forget, cell, and update, reset, hidden.
    let order = isLSTM ? [0, 3, 1, 2] : [1, 0, 2]
    var sequence = graph.add("Transpose", x, with: ["perm": .numbers([1, 0, 2])])
    var last = sequence
    for layer in 0..<layers {
      let own = "\(name).\(layer)"
      let units = model.weights.entry("policy.\(own).hiddenWeight")?.shape.first ?? 0
      let w = try gates("\(own).inputWeight", units, order)
      let r = try gates("\(own).hiddenWeight", units, order)
      let b = graph.constant(
        try biases("\(own).inputBias", units, order) + biases("\(own).hiddenBias", units, order),
        [1, 2 * order.count * units])
      var attributes: KeyValuePairs<String, ONNXGraph.Attribute> = ["hidden_size": .number(units)]
      if !isLSTM {
        attributes = ["hidden_size": .number(units), "linear_before_reset": .number(1)]
      }
      let operation = isLSTM ? "LSTM" : "GRU"
      if layer < layers - 1 {
        let outputs = graph.add(operation, sequence, w, r, b, lengths, with: attributes)
        sequence = graph.add("Squeeze", outputs, graph.constant([1]))
      } else {
        let end = graph.add(operation, sequence, w, r, b, lengths, with: attributes, output: 1)
        last = graph.add("Squeeze", end, graph.constant([0]))
      }
    }
    return last
  }

  /// [inputs, gates · H] in PyTorch's order to [1, gates · H, inputs] in ONNX's.
  private mutating func gates(_ name: String, _ units: Int, _ order: [Int]) throws -> Value {
    let values = try model.weights.floats("policy.\(name)")
    let columns = order.count * units
    let rows = values.count / max(columns, 1)
    var turned: [Float] = []
    turned.reserveCapacity(values.count)
    for gate in order {
      for unit in gate * units..<(gate + 1) * units {
        for row in 0..<rows { turned.append(values[row * columns + unit]) }
      }
    }
    return graph.constant(turned, [1, columns, rows])
  }

  private func biases(_ name: String, _ units: Int, _ order: [Int]) throws -> [Float] {
    let values = try model.weights.floats("policy.\(name)", shape: [order.count * units])
    return order.flatMap { values[$0 * units..<($0 + 1) * units] }
  }

  mutating func weight(_ name: String, _ shape: [Int]? = nil) throws -> Value {
    let values = try model.weights.floats("policy.\(name)")
    let own = model.weights.entry("policy.\(name)")?.shape
    return graph.constant(values, shape ?? own ?? [values.count], as: "policy.\(name)")
  }
}

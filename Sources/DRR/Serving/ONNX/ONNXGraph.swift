import DRRCore

/// A network as ONNX writes it: operators between named values (`ModelProto`, opset 17).
struct ONNXGraph {
  /// The name of what an operator reads or gives.
  typealias Value = String

  /// As `TensorProto.DataType` counts them.
  enum ElementType: Int {
    case float = 1
    case int32 = 6
    case int64 = 7
    case bool = 9
  }

  /// A length, or the name of one that a call settles.
  enum Dimension {
    case fixed(Int)
    case named(String)
  }

  enum Attribute {
    case number(Int)
    case numbers([Int])
    case text(String)
  }

  private var nodes: [ProtocolBuffer] = []
  private var weights: [ProtocolBuffer] = []
  private var inputs: [ProtocolBuffer] = []
  private var outputs: [ProtocolBuffer] = []
  private var lastNumber = 0
  /// Bytes of all weights.
  private(set) var weightBytes = 0

  private mutating func newName() -> Value {
    lastNumber += 1
    return "v\(lastNumber)"
  }

  // MARK: - Values

  mutating func input(
    _ name: String, _ type: ElementType, _ shape: [Dimension]
  ) -> Value {
    inputs.append(Self.described(name, type, shape))
    return name
  }

  mutating func output(
    _ value: Value, as name: String, _ type: ElementType, _ shape: [Dimension]
  ) {
    addNode("Identity", [value], [name])
    outputs.append(Self.described(name, type, shape))
  }

  /// Weights that a call may bring its own of, of as many rows as it likes.
  mutating func table(_ name: String, _ values: [Float], width: Int?, rows: String) -> Value {
    let shape = [values.count / (width ?? 1)] + (width.map { [$0] } ?? [])
    inputs.append(
      Self.described(name, .float, [.named(rows)] + (width.map { [.fixed($0)] } ?? [])))
    return add(weights: littleEndian(values), .float, shape, name)
  }

  mutating func constant(_ values: [Float], _ shape: [Int], as name: String? = nil) -> Value {
    add(weights: littleEndian(values), .float, shape, name ?? newName())
  }

  mutating func constant(_ values: [Int], _ shape: [Int]? = nil) -> Value {
    add(
      weights: values.flatMap { littleEndian(Int64($0)) }, .int64, shape ?? [values.count],
      newName())
  }

  mutating func constant(_ values: [Bool], as name: String) -> Value {
    add(weights: values.map { $0 ? 1 : 0 }, .bool, [values.count], name)
  }

  private mutating func add(
    weights bytes: [UInt8], _ type: ElementType, _ shape: [Int], _ name: Value
  ) -> Value {
    weightBytes += bytes.count
    weights.append(
      ProtocolBuffer { tensor in
        for length in shape { tensor.add(1, length) }
        tensor.add(2, type.rawValue)
        tensor.add(8, name)
        tensor.add(9, counted: bytes)
      })
    return name
  }

  // MARK: - Operators

  /// The one value, or the last of several, that an operator gives of its inputs; an empty input is
  /// left out.
  mutating func add(
    _ operation: String, _ inputs: Value...,
    with attributes: KeyValuePairs<String, Attribute> = [:],
    output place: Int = 0
  ) -> Value {
    let name = newName()
    addNode(
      operation, inputs, [String](repeating: "", count: place) + [name], attributes)
    return name
  }

  mutating func joined(_ values: [Value], axis: Int) -> Value {
    let name = newName()
    addNode("Concat", values, [name], ["axis": .number(axis)])
    return name
  }

  private mutating func addNode(
    _ operation: String, _ inputs: [Value], _ outputs: [Value],
    _ attributes: KeyValuePairs<String, Attribute> = [:]
  ) {
    nodes.append(
      ProtocolBuffer { node in
        for input in inputs { node.add(1, input) }
        for output in outputs { node.add(2, output) }
        node.add(4, operation)
        for (name, attribute) in attributes { node.add(5, Self.message(name, attribute)) }
      })
  }

  private static func message(_ name: String, _ attribute: Attribute) -> ProtocolBuffer {
    ProtocolBuffer { message in
      message.add(1, name)
      switch attribute {
      case .number(let number):
        message.add(3, number)
        message.add(20, 2)
      case .text(let text):
        message.add(4, text)
        message.add(20, 3)
      case .numbers(let numbers):
        for number in numbers { message.add(8, number) }
        message.add(20, 7)
      }
    }
  }

  private static func described(
    _ name: String, _ type: ElementType, _ shape: [Dimension]
  ) -> ProtocolBuffer {
    let shape = ProtocolBuffer { message in
      for dimension in shape {
        message.add(
          1,
          ProtocolBuffer {
            switch dimension {
            case .fixed(let length): $0.add(1, length)
            case .named(let name): $0.add(2, name)
            }
          })
      }
    }
    let tensor = ProtocolBuffer {
      $0.add(1, type.rawValue)
      $0.add(2, shape)
    }
    return ProtocolBuffer {
      $0.add(1, name)
      $0.add(2, ProtocolBuffer { $0.add(1, tensor) })
    }
  }

  // MARK: - The file

  /// The bytes of a file.
  ///
  /// - Parameters:
  ///   - name: what the graph is called.
  ///   - summary: for people.
  ///   - metadata: for programs.
  func file(
    _ name: String, summary: String, metadata: KeyValuePairs<String, String>
  ) -> [UInt8] {
    let graph = ProtocolBuffer { graph in
      for node in nodes { graph.add(1, node) }
      graph.add(2, name)
      for tensor in weights { graph.add(5, tensor) }
      for input in inputs { graph.add(11, input) }
      for output in outputs { graph.add(12, output) }
    }
    return ProtocolBuffer { model in
      model.add(1, 8)
      model.add(2, "drr")
      model.add(3, Program.version)
      model.add(6, summary)
      model.add(7, graph)
      model.add(8, ProtocolBuffer { $0.add(2, 17) })
      for (key, value) in metadata {
        model.add(
          14,
          ProtocolBuffer {
            $0.add(1, key)
            $0.add(2, value)
          })
      }
    }.bytes
  }
}

private func littleEndian(_ values: [Float]) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(4 * values.count)
  for value in values {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }
  return bytes
}

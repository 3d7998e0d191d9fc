import Tensor

extension SafetensorsFile {
  /// A file of these tensors and this metadata, each of which may be changed, with checksums that
  /// are right.
  ///
  /// - Parameter change: adds what is to stand in the place of a tensor, and says whether it did.
  public func rewritten(
    metadata: [String: String]? = nil,
    _ change: (Entry, inout SafetensorsWriter) throws -> Bool = { _, _ in false }
  ) throws -> SafetensorsWriter {
    var writer = SafetensorsWriter(metadata: metadata ?? self.metadata)
    for entry in entries where try !change(entry, &writer) {
      func keep<Kept: TensorElement>(_ type: Kept.Type) throws {
        try writer.add(entry.name, values(entry.name, as: Kept.self), shape: entry.shape)
      }
      switch entry.type {
      case .f32: try keep(Float.self)
      case .f64: try keep(Double.self)
      case .i32: try keep(Int32.self)
      case .i64: try keep(Int64.self)
      case .u32: try keep(UInt32.self)
      case .u64: try keep(UInt64.self)
      default: try keep(UInt8.self)
      }
    }
    return writer
  }

  /// The bytes of this file with other values in one tensor.
  public func changing<Element: TensorElement>(
    _ name: String, to values: [Element], shape: [Int]? = nil
  ) throws -> [UInt8] {
    try rewritten { entry, writer in
      guard entry.name == name else { return false }
      try writer.add(name, values, shape: shape)
      return true
    }.bytes()
  }

  /// This file with one number of one tensor changed, as far as its type has it; the largest or
  /// smallest number of the type otherwise.
  public func changing(
    _ name: String, at place: Int, to value: Double
  ) throws -> SafetensorsWriter {
    try rewritten { entry, writer in
      guard entry.name == name else { return false }
      func put<Element: TensorElement>(_ element: Element) throws {
        var values: [Element] = try self.values(name)
        values[place] = element
        try writer.add(name, values, shape: entry.shape)
      }
      switch entry.type {
      case .f32: try put(Float(value))
      case .f64: try put(value)
      case .i32: try put(Int32(saturating: value))
      case .i64: try put(Int64(saturating: value))
      case .u32: try put(UInt32(saturating: value))
      case .u64: try put(UInt64(saturating: value))
      default: try put(UInt8(saturating: value))
      }
      return true
    }
  }
}

extension FixedWidthInteger {
  /// The nearest number that there is.
  public init(saturating value: Double) {
    self = Self(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
  }
}

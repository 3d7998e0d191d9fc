import Tensor

extension TestDevices {
  public static let reference = TestDevice(name: "reference") { ReferenceBackend() }
  public static let withReference = all + [reference]
}

extension Backend {
  /// The elements as the backend keeps them: unrounded on the reference.
  public func doubles(_ view: Floats) throws -> [Double] {
    if let reference = self as? ReferenceBackend { return reference.readDouble(view) }
    return try read(view).map { Double($0) }
  }

  public func put(_ values: [Double], to view: Floats) {
    if let reference = self as? ReferenceBackend {
      reference.writeDouble(values, to: view)
    } else {
      write(values.map { Float($0) }, to: view)
    }
  }
}

extension Tensor {
  public init(_ values: [Double], shape: Shape, on backend: any Backend) {
    self.init(uninitialized: shape, on: backend)
    precondition(values.count == shape.count)
    backend.put(values, to: view)
  }

  public func doubles() throws -> [Double] { try backend.doubles(view) }
}

extension ParameterSet {
  public func named(_ name: String) -> Parameter { parameters.first { $0.name == name }! }
}

/// The largest |value − reference| over the largest |reference|; infinite where a value is NaN or
/// the counts differ.
public func relativeError(_ values: [Double], _ reference: [Double]) -> Double {
  guard values.count == reference.count else { return .infinity }
  let scale = reference.reduce(1e-30) { max($0, abs($1)) }
  return zip(values, reference).reduce(0) { worst, pair in
    let error = pair.0 == pair.1 ? 0 : abs(pair.0 - pair.1) / scale
    return error.isNaN ? .infinity : max(worst, error)
  }
}

/// Tensors whose gradients can be read: rows of trained tables, each looked up once.
public final class Leaves {
  public let set: ParameterSet
  private var tables: [Embedding] = []
  private var indices: [IndexTensor] = []
  private var shapes: [Shape] = []

  public init(_ values: [(shape: Shape, values: [Double])], on backend: any Backend) {
    set = ParameterSet(on: backend, seed: 0, stream: 0)
    for (number, leaf) in values.enumerated() {
      let rows = leaf.shape.rank == 2 ? leaf.shape[0] : 1
      let width = leaf.shape.count / rows
      tables.append(Embedding("leaf\(number)", rows: rows, width: width, .zeros, in: set))
      indices.append(IndexTensor((0..<Int32(rows)).map { $0 }, shape: [rows], on: backend))
      shapes.append(leaf.shape)
    }
    for (table, leaf) in zip(tables, values) {
      backend.put(leaf.values, to: table.table.values)
    }
  }

  /// The tensors, recorded on a tape that trains `set`.
  public func callAsFunction(_ tape: Tape? = nil) -> [Tensor] {
    zip(zip(tables, indices), shapes).map { $0.0($0.1, tape).reshaped($1) }
  }

  public func gradients() throws -> [[Double]] {
    try tables.map { try set.backend.doubles($0.table.gradients) }
  }
}

/// A row-major, contiguous Float32 array on one device, and its place on a tape if it has one.
///
/// Confined to the task that holds its backend; what crosses tasks is `[Float]`.
public struct Tensor {
  /// Where the elements lie on the device.
  public let view: Floats
  /// The extents, of at most four axes; [] has one element.
  public let shape: Shape
  /// The device that computes with it.
  public let backend: any Backend
  /// Where its gradient will be found; nil for a constant.
  let node: Tape.Node?

  init(_ view: Floats, _ shape: Shape, on backend: any Backend, node: Tape.Node? = nil) {
    require(view.count == shape.count, "tensor: \(view.count) elements for shape \(shape)")
    self.view = view
    self.shape = shape
    self.backend = backend
    self.node = node
  }

  /// A tensor over memory that exists already.
  public init(view: Floats, shape: Shape, on backend: any Backend) {
    self.init(view, shape, on: backend)
  }

  /// Contents undefined.
  public init(uninitialized shape: Shape, on backend: any Backend) {
    self.init(View(backend.allocate(shape.count), count: shape.count), shape, on: backend)
  }

  /// A constant of values in row-major order, as many as the shape has.
  public init(_ values: [Float], shape: Shape, on backend: any Backend) {
    require(values.count == shape.count, "tensor: \(values.count) values for shape \(shape)")
    self.init(uninitialized: shape, on: backend)
    backend.write(values, to: view)
  }

  /// A constant of one value.
  public init(repeating value: Float, shape: Shape, on backend: any Backend) {
    self.init(uninitialized: shape, on: backend)
    backend.fill(value, into: view)
  }

  /// The same values as a constant: no gradient flows through it.
  public var detached: Tensor { Tensor(view, shape, on: backend) }

  /// The values, after waiting for the device.
  public func host() throws(BackendError) -> [Float] { try backend.read(view) }

  /// The values on their way, while the device goes on with what is asked of it next.
  public func startHost() -> PendingRead<Float> { backend.startRead(view) }

  /// The same elements under another shape.
  public func reshaped(_ shape: Shape) -> Tensor { Tensor(view, shape, on: backend, node: node) }
}

/// A row-major Int32 array on one device: rows of tables, item numbers.
public struct IndexTensor {
  /// Where the elements lie on the device.
  public let view: Indices
  /// The extents, of at most four axes.
  public let shape: Shape
  /// The device that computes with it.
  public let backend: any Backend

  /// Indices over memory that exists already.
  public init(view: Indices, shape: Shape, on backend: any Backend) {
    require(view.count == shape.count, "indices: \(view.count) elements for shape \(shape)")
    self.view = view
    self.shape = shape
    self.backend = backend
  }

  /// Contents undefined.
  public init(uninitialized shape: Shape, on backend: any Backend) {
    self.init(
      view: View(backend.allocate(shape.count), count: shape.count), shape: shape, on: backend)
  }

  /// Values in row-major order, as many as the shape has.
  public init(_ values: [Int32], shape: Shape, on backend: any Backend) {
    require(values.count == shape.count, "indices: \(values.count) values for \(shape)")
    self.init(uninitialized: shape, on: backend)
    backend.write(values, to: view)
  }

  /// One value everywhere.
  public init(repeating value: Int32, shape: Shape, on backend: any Backend) {
    self.init([Int32](repeating: value, count: shape.count), shape: shape, on: backend)
  }

  /// The values, after waiting for the device.
  public func host() throws(BackendError) -> [Int32] { try backend.read(view) }

  /// The same elements under another shape.
  public func reshaped(_ shape: Shape) -> IndexTensor {
    IndexTensor(view: view, shape: shape, on: backend)
  }

  /// The values on their way, while the device goes on with what is asked of it next.
  public func startHost() -> PendingRead<Int32> { backend.startRead(view) }
}

extension Tensor {
  /// Some rows of [M, …] as a constant, where they lie.
  public subscript(rows: Range<Int>) -> Tensor {
    let width = shape.count / max(shape[0], 1)
    return Tensor(
      view: view[rows.lowerBound * width..<rows.upperBound * width],
      shape: Shape([rows.count] + shape.array.dropFirst()), on: backend)
  }
}

extension IndexTensor {
  /// Some rows of [M, …], where they lie.
  public subscript(rows: Range<Int>) -> IndexTensor {
    let width = shape.count / max(shape[0], 1)
    return IndexTensor(
      view: view[rows.lowerBound * width..<rows.upperBound * width],
      shape: Shape([rows.count] + shape.array.dropFirst()), on: backend)
  }
}

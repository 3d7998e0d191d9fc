/// All weights of one network in one flat buffer and their gradients in a second: one launch an
/// optimizer step, a target update or a norm, whatever the number of layers.
public final class ParameterSet {
  /// The device that the weights are on.
  public let backend: any Backend
  /// What was added, in that order.
  public private(set) var parameters: [Parameter] = []
  /// What the weights are at first, until they are in use.
  private var initial: [Float] = []
  /// Elements in the flat buffers; each parameter starts at a multiple of 16 (64 bytes).
  public private(set) var count = 0
  /// Adds a table to a file of which this set holds some rows alone, and others hold the rest; nil:
  /// it holds all of each. `own` gives those of the rows held, by their numbers among them.
  package var addShared:
    (
      (
        _ name: String, _ shape: [Int], _ own: @escaping (_ rows: Range<Int>) throws -> [Float],
        _ file: inout SafetensorsWriter
      ) throws -> Void
    )?
  private var storage: (values: Floats, gradients: Floats)?
  private var random: Philox

  /// Weights are drawn from the stream that `seed` and `stream` name.
  public init(on backend: any Backend, seed: UInt64, stream: UInt64) {
    self.backend = backend
    random = Philox(seed: seed, stream: stream)
  }

  /// Adds a block of weights. Nothing can be added once the weights are in use.
  ///
  /// - Parameters:
  ///   - name: as checkpoints have it; no other parameter of the set has it.
  ///   - shape: [in, out] for initializers that scale by it.
  ///   - rows: of a table, those that this set holds; the others are passed over, as if they were
  ///     drawn. nil: all.
  /// - Returns: the block, drawn from the set's stream behind those added before.
  public func add(
    _ name: String, _ shape: Shape, _ initializer: Initializer, holding rows: Range<Int>? = nil
  ) -> Parameter {
    require(storage == nil, "parameter \(name): the set is in use, nothing can be added")
    require(
      !parameters.contains { $0.name == name }, "parameter \(name): there is one of this name")
    var held = shape.array
    if let rows { held[0] = rows.count }
    let parameter = Parameter(
      name: name, shape: Shape(held), whole: rows.map { ($0, shape) }, offset: count, owner: self)
    if let rows {
      let width = shape.count / shape[0]
      initial += initializer.values(
        shape: shape, places: rows.lowerBound * width..<rows.upperBound * width, random: &random)
    } else {
      initial += initializer.values(shape: shape, random: &random)
    }
    initial += Array(repeating: 0, count: (16 - initial.count % 16) % 16)
    count = initial.count
    parameters.append(parameter)
    return parameter
  }

  private var buffers: (values: Floats, gradients: Floats) {
    if let storage { return storage }
    let made = (
      values: Floats(backend.allocate(count), count: count),
      gradients: Floats(backend.allocate(count), count: count)
    )
    backend.write(initial, to: made.values)
    backend.fill(0, into: made.gradients)
    storage = made
    initial = []
    return made
  }

  /// ∂loss/∂loss, from which every way back starts.
  private(set) lazy var one = Tensor([1], shape: [1], on: backend).view

  /// All weights, [count].
  public var values: Floats { buffers.values }
  /// Zero between updates: an optimizer clears what it used.
  public var gradients: Floats { buffers.gradients }

  /// self ← τ · source + (1 − τ) · self. τ = 1 copies.
  public func follow(_ source: ParameterSet, tau: Float) {
    require(count == source.count, "follow: \(count) and \(source.count) weights differ")
    backend.softUpdate(values, source.values, tau: tau)
  }

  /// Whether every weight is a number whose square is one too: not so where training diverged.
  /// Waits for the device.
  public func isFinite() throws(BackendError) -> Bool {
    try tensor.squaredNorm().host()[0].isFinite
  }

  private var tensor: Tensor { Tensor(view: values, shape: [count], on: backend) }

  /// Σ of the squared gradients, one element.
  func squaredGradientNorm() -> Floats {
    let squaredNorm = Floats(backend.allocate(1), count: 1)
    backend.squaredNorm(gradients, into: squaredNorm)
    return squaredNorm
  }
}

/// A named block of a `ParameterSet`.
public struct Parameter {
  /// The name that checkpoints have.
  public let name: String
  /// The shape of the weights.
  public let shape: Shape
  /// Of a table of which the set holds some rows alone, which those are, and the shape of all.
  package let whole: (rows: Range<Int>, shape: Shape)?
  let offset: Int
  /// The set that it is a block of, which must outlive it.
  public unowned let owner: ParameterSet

  /// The weights where they lie, as many as `shape` has.
  public var values: Floats { owner.values[offset..<offset + shape.count] }
  /// ∂loss/∂weight where it lies; 0 between updates.
  public var gradients: Floats { owner.gradients[offset..<offset + shape.count] }
  /// Where some of its rows lie in the flat buffers of its set.
  public func place(ofRows rows: Range<Int>) -> Range<Int> {
    let width = shape.count / shape[0]
    return offset + rows.lowerBound * width..<offset + rows.upperBound * width
  }
  /// The weights as a constant.
  public var tensor: Tensor { Tensor(view: values, shape: shape, on: owner.backend) }

  /// The weights as an operand that gets its gradient where `tape` trains their set.
  public func tensor(_ tape: Tape?) -> Tensor {
    guard let tape, tape.trains(owner) else { return tensor }
    let (backend, gradients) = (owner.backend, gradients)
    return tape.record(tensor) { backend.accumulate($0, scale: 1, into: gradients) }
  }
}

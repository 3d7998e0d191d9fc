import Kernels

/// The oracle: every op as a plain loop in Float64, from the formulas of the protocols' docs.
///
/// Every element is kept as a Double, so a chain of ops, or a whole training update, never rounds
/// to Float. Fresh memory is NaN, so that reading what nobody wrote shows.
public final class ReferenceBackend: Backend {
  public let device = DeviceInfo(
    id: .custom("reference"), kind: .cpu, name: "float64 reference", driver: "plain loops",
    memoryBytes: 0, computeUnits: 1)
  public internal(set) var counters = Counters()
  /// Items that were scored by an action, one for each action.
  public internal(set) var itemScores = 0

  public init() {}

  public func allocate(_ count: Int) -> Buffer {
    counters.freshBuffers += 1
    return ReferenceBuffer(count: count)
  }

  public func write<Scalar>(_ host: UnsafeBufferPointer<Scalar>, to view: View<Scalar>) {
    counters.writes += 1
    let cells = cells(view, host.count, "write")
    for i in 0..<host.count { cells[i] = host[i].element }
  }

  /// An integer that nobody wrote reads as the bits of a Float NaN.
  public func read<Scalar>(_ view: View<Scalar>, into host: UnsafeMutableBufferPointer<Scalar>) {
    counters.syncs += 1
    let cells = cells(view, host.count, "read")
    for i in 0..<host.count {
      let isUnwrittenInteger = cells[i].isNaN && Scalar.self != Float.self
      host[i] = Scalar(element: isUnwrittenInteger ? Double(Float.nan.bitPattern) : cells[i])
    }
  }

  public func synchronize() { counters.syncs += 1 }

  /// The elements unrounded.
  public func readDouble(_ view: Floats) -> [Double] {
    let cells = cells(view, view.count, "readDouble")
    return (0..<view.count).map { cells[$0] }
  }

  public func writeDouble(_ values: [Double], to view: Floats) {
    let cells = cells(view, values.count, "writeDouble")
    for i in 0..<values.count { cells[i] = values[i] }
  }

  /// The memory of a view that must hold `count` elements.
  func cells<Scalar>(
    _ view: View<Scalar>, _ count: Int, _ op: String
  ) -> UnsafeMutablePointer<Double> {
    guard let buffer = view.buffer as? ReferenceBuffer else {
      fatalError("\(op): the buffer belongs to another backend")
    }
    require(view.count >= count, "\(op): a view of \(view.count) where \(count) are needed")
    return buffer.cells + view.offset
  }

  /// The row that an index names, or nil for a negative one; checked against `rows`.
  func row(_ index: Double, of rows: Int, _ op: String) -> Int? {
    require(!index.isNaN, "\(op): an index was never written")
    require(index < Double(rows), "\(op): index \(index) of a table of \(rows) rows")
    return index < 0 ? nil : Int(index)
  }

  /// Counts one launch and names the op for the checks of its operands.
  func launch(_ op: String) -> Operands {
    counters.launches += 1
    return Operands(backend: self, op: op)
  }

  struct Operands {
    let backend: ReferenceBackend
    let op: String

    func callAsFunction<Scalar>(
      _ view: View<Scalar>, _ count: Int
    ) -> UnsafeMutablePointer<Double> {
      backend.cells(view, count, op)
    }

    func row(_ index: Double, of rows: Int) -> Int? { backend.row(index, of: rows, op) }
  }
}

final class ReferenceBuffer: Buffer {
  let cells: UnsafeMutablePointer<Double>

  override init(count: Int) {
    cells = .allocate(capacity: max(count, 1))
    cells.initialize(repeating: .nan, count: max(count, 1))
    super.init(count: count)
  }

  deinit { cells.deallocate() }
}

/// Traps with its message in optimised builds too, where `precondition` keeps silent.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

import Kernels
import TestSupport

/// A row's operands in the memory of one backend, each a view at an odd offset of a larger buffer
/// with sentinels on both sides.
struct OpRun {
  static let before = 5
  static let after = 67
  private static let sentinelFloat: Float = -12345.5
  private static let sentinelInteger: Int32 = 0x5EA1_CAFE

  let backend: any Backend
  private(set) var operands: [Operand]
  private(set) var arguments = Arguments()

  init(_ operands: [Operand], on backend: any Backend) {
    self.backend = backend
    self.operands = []
    for operand in operands { add(operand) }
  }

  /// Makes the operands of `row` and calls it.
  init(_ row: OpCase, on backend: any Backend) {
    self.init(row.operands, on: backend)
    row.call(backend, arguments)
  }

  mutating func add(_ operand: Operand) {
    let buffer = backend.allocate(Self.before + operand.count + Self.after)
    switch operand.values {
    case .floats(let values): write(values, Self.sentinelFloat, buffer)
    case .indices(let values): write(values, Self.sentinelInteger, buffer)
    case .bits(let values): write(values, UInt32(Self.sentinelInteger), buffer)
    }
    operands.append(operand)
    arguments.buffers[operand.name] = (buffer, Self.before, operand.count)
  }

  private func write<Scalar: DeviceScalar>(_ values: [Scalar], _ sentinel: Scalar, _ buffer: Buffer)
  {
    let before = [Scalar](repeating: sentinel, count: Self.before)
    let after = [Scalar](repeating: sentinel, count: Self.after)
    backend.write(before + values + after, to: View(buffer))
  }

  /// Elements as Doubles: unrounded from the reference, bits one by one.
  func values(_ operand: Operand) throws -> [Double] {
    func bits(_ word: UInt32) -> [Double] { (0..<32).map { Double(word >> UInt32($0) & 1) } }
    if let reference = backend as? ReferenceBackend {
      let found = reference.readDouble(arguments[operand.name])
      if case .bits = operand.values { return found.flatMap { bits(UInt32($0)) } }
      return found
    }
    switch operand.values {
    case .floats: return try backend.read(arguments[operand.name]).map(Double.init)
    case .indices: return try backend.read(arguments[indices: operand.name]).map(Double.init)
    case .bits: return try backend.read(arguments[bits: operand.name]).flatMap(bits)
    }
  }

  /// The bits of every element, so that equality is to the bit.
  func words(_ operand: Operand) throws -> [UInt32] {
    switch operand.values {
    case .floats: try backend.read(arguments[operand.name]).map(\.bitPattern)
    case .indices: try backend.read(arguments[indices: operand.name]).map(UInt32.init(bitPattern:))
    case .bits: try backend.read(arguments[bits: operand.name])
    }
  }

  /// What the call changed though it must not: sentinels and pure inputs.
  func damage() throws -> [String] {
    var damage: [String] = []
    for operand in operands {
      let whole: [UInt32]
      let sentinel: UInt32
      let original: [UInt32]
      let buffer = arguments.buffers[operand.name]!.buffer
      switch operand.values {
      case .floats(let values):
        whole = try backend.read(Floats(buffer)).map(\.bitPattern)
        sentinel = Self.sentinelFloat.bitPattern
        original = values.map(\.bitPattern)
      case .indices(let values):
        whole = try backend.read(Indices(buffer)).map(UInt32.init(bitPattern:))
        sentinel = UInt32(Self.sentinelInteger)
        original = values.map(UInt32.init(bitPattern:))
      case .bits(let values):
        whole = try backend.read(Bits(buffer))
        sentinel = UInt32(Self.sentinelInteger)
        original = values
      }
      let end = Self.before + operand.count
      if let i = (0..<Self.before).first(where: { whole[$0] != sentinel }) {
        damage.append("\(operand.name): wrote \(Self.before - i) elements before its view")
      }
      if let i = (end..<end + Self.after).first(where: { whole[$0] != sentinel }) {
        damage.append("\(operand.name): wrote \(i - end) elements past the end of its view")
      }
      if operand.role == .input, Array(whole[Self.before..<end]) != original {
        damage.append("\(operand.name): an input was changed")
      }
    }
    return damage
  }
}

import Kernels
import TestSupport

/// One row of the op table: operands, the call, and how good its results must be.
struct OpCase: Sendable, CustomStringConvertible {
  let op: OpName
  let shape: String
  var operands: [Operand]
  /// For outputs without one of their own.
  var bound = Bound()
  var bounds: [String: Bound] = [:]
  let gradient: Gradient
  let call: @Sendable (any Backend, Arguments) -> Void

  var description: String { "\(op) \(shape)" }

  func bound(of operand: Operand) -> Bound {
    if case .floats = operand.values { return bounds[operand.name] ?? bound }
    return .exact
  }
}

/// How the derivative of a row is checked.
enum Gradient: Sendable {
  /// No backward op belongs to this op.
  case notDifferentiable
  /// `call` finds the forward op's operands as it left them, the output's derivative under "d" +
  /// `output`, and writes or adds to "d" + each name of `wrt`.
  case backward(
    output: String, wrt: [WithRespectTo], call: @Sendable (any Backend, Arguments) -> Void)

  struct WithRespectTo: Sendable {
    var name: String
    var isAccumulated: Bool

    static func overwritten(_ name: String) -> Self { Self(name: name, isAccumulated: false) }
    static func accumulated(_ name: String) -> Self { Self(name: name, isAccumulated: true) }
  }
}

/// A named array that an op reads, writes, or updates in place.
struct Operand: Sendable {
  enum Role: Sendable { case input, output, update }

  enum Values: Sendable {
    case floats([Float])
    case indices([Int32])
    case bits([UInt32])
  }

  let name: String
  let role: Role
  var values: Values

  var count: Int {
    switch values {
    case .floats(let values): values.count
    case .indices(let values): values.count
    case .bits(let values): values.count
    }
  }

  static func input(_ name: String, _ values: [Float]) -> Self {
    Self(name: name, role: .input, values: .floats(values))
  }
  static func input(_ name: String, _ values: [Int32]) -> Self {
    Self(name: name, role: .input, values: .indices(values))
  }
  static func input(_ name: String, _ values: [UInt32]) -> Self {
    Self(name: name, role: .input, values: .bits(values))
  }
  static func update(_ name: String, _ values: [Float]) -> Self {
    Self(name: name, role: .update, values: .floats(values))
  }
  static func update(_ name: String, _ values: [Int32]) -> Self {
    Self(name: name, role: .update, values: .indices(values))
  }
  static func update(_ name: String, _ values: [UInt32]) -> Self {
    Self(name: name, role: .update, values: .bits(values))
  }
  /// Holds NaN before the call.
  static func output(_ name: String, _ count: Int) -> Self {
    Self(name: name, role: .output, values: .floats([Float](repeating: .nan, count: count)))
  }
  static func bitOutput(_ name: String, _ count: Int) -> Self {
    Self(name: name, role: .output, values: .bits([UInt32](repeating: 0x5555_5555, count: count)))
  }
  static func indexOutput(_ name: String, _ count: Int) -> Self {
    Self(name: name, role: .output, values: .indices([Int32](repeating: .min, count: count)))
  }
}

/// The views that a row's call works on, by operand name.
struct Arguments {
  var buffers: [String: (buffer: Buffer, offset: Int, count: Int)] = [:]

  subscript(name: String) -> Floats { view(name) }
  subscript(indices name: String) -> Indices { view(name) }
  subscript(bits name: String) -> Bits { view(name) }

  func view<Scalar: DeviceScalar>(_ name: String) -> View<Scalar> {
    let (buffer, offset, count) = buffers[name]!
    return View(buffer, offset: offset, count: count)
  }
}

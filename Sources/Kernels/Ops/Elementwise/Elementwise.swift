/// A function of one number, applied element by element.
public enum UnaryOp: Int32, Sendable, CaseIterable {
  /// −x, x², |x|, eˣ, ln x, max(x, 0), tanh x, 1 / (1 + e⁻ˣ).
  case negate, square, absolute, exp, log, relu, tanh, sigmoid
}
/// a + b, a − b, a · b, a / b.
public enum BinaryOp: Int32, Sendable, CaseIterable { case add, subtract, multiply, divide }

/// How the second operand of `combine` meets an [m, n] first one.
public enum Broadcast: Int32, Sendable, CaseIterable {
  /// It is [m, n] too.
  case none
  /// It is [n]: the same row for every row.
  case row
  /// It is [m]: one value a row.
  case column
}

/// An output may be the view of an input of its size; views must not overlap in any other way.
public protocol ElementwiseKernels: AnyObject {
  /// y = op(x).
  func map(_ op: UnaryOp, _ x: Floats, into y: Floats)
  /// dx = dy ∘ op′(x), overwritten; y = op(x) is at hand. |x| has derivative 0 at 0, as has ReLU.
  func mapBackward(_ op: UnaryOp, _ dy: Floats, _ x: Floats, _ y: Floats, into dx: Floats)
  /// y = scale · x + shift.
  func affine(_ x: Floats, scale: Float, shift: Float, into y: Floats)
  /// y[m, n] = a[m, n] op b, b broadcast.
  func combine(
    _ op: BinaryOp, _ a: Floats, _ b: Floats, _ broadcast: Broadcast, m: Int, n: Int,
    into y: Floats)
  /// y = x + noise, the noise within ±noiseBound, the sum within ±bound. NaN stays.
  func perturb(_ x: Floats, noise: Floats, noiseBound: Float, bound: Float, into y: Floats)
  /// y += scale · x.
  func accumulate(_ x: Floats, scale: Float, into y: Floats)
  func fill(_ value: Float, into y: Floats)
  func copy(_ x: Floats, into y: Floats)
  /// y[m, p + q] = [a[m, p] ; b[m, q]], column-wise.
  func concatenate(_ a: Floats, _ b: Floats, m: Int, p: Int, q: Int, into y: Floats)
  /// y[m, columns.count] = x[m, n][:, columns].
  func slice<Scalar>(_ x: View<Scalar>, m: Int, n: Int, columns: Range<Int>, into y: View<Scalar>)
}

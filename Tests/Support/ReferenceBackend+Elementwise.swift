import Foundation
import Kernels

extension ReferenceBackend {
  public func map(_ op: UnaryOp, _ x: Floats, into y: Floats) {
    let cells = launch("map")
    let count = y.count
    let (x, y) = (cells(x, count), cells(y, count))
    for i in 0..<count { y[i] = Self.value(op, x[i]) }
  }

  public func mapBackward(_ op: UnaryOp, _ dy: Floats, _ x: Floats, _ y: Floats, into dx: Floats) {
    let cells = launch("mapBackward")
    let count = dx.count
    let (dy, x, dx) = (cells(dy, count), cells(x, count), cells(dx, count))
    _ = cells(y, count)
    for i in 0..<count { dx[i] = dy[i] * Self.slope(op, x[i]) }
  }

  public func affine(_ x: Floats, scale: Float, shift: Float, into y: Floats) {
    let cells = launch("affine")
    let count = y.count
    let (x, y) = (cells(x, count), cells(y, count))
    for i in 0..<count { y[i] = Double(scale) * x[i] + Double(shift) }
  }

  public func combine(
    _ op: BinaryOp, _ a: Floats, _ b: Floats, _ broadcast: Broadcast, m: Int, n: Int,
    into y: Floats
  ) {
    let cells = launch("combine")
    let bCount =
      switch broadcast {
      case .none: m * n
      case .row: n
      case .column: m
      }
    let (a, b, y) = (cells(a, m * n), cells(b, bCount), cells(y, m * n))
    for i in 0..<m {
      for j in 0..<n {
        let second =
          switch broadcast {
          case .none: b[i * n + j]
          case .row: b[j]
          case .column: b[i]
          }
        let first = a[i * n + j]
        y[i * n + j] =
          switch op {
          case .add: first + second
          case .subtract: first - second
          case .multiply: first * second
          case .divide: first / second
          }
      }
    }
  }

  public func perturb(
    _ x: Floats, noise: Floats, noiseBound: Float, bound: Float, into y: Floats
  ) {
    let cells = launch("perturb")
    let count = y.count
    let (x, noise, y) = (cells(x, count), cells(noise, count), cells(y, count))
    func clamp(_ value: Double, _ bound: Float) -> Double {
      value.isNaN ? value : max(-Double(bound), min(Double(bound), value))
    }
    for i in 0..<count { y[i] = clamp(x[i] + clamp(noise[i], noiseBound), bound) }
  }

  public func accumulate(_ x: Floats, scale: Float, into y: Floats) {
    let cells = launch("accumulate")
    let count = y.count
    let (x, y) = (cells(x, count), cells(y, count))
    for i in 0..<count { y[i] += Double(scale) * x[i] }
  }

  public func fill(_ value: Float, into y: Floats) {
    let cells = launch("fill")
    let count = y.count
    let y = cells(y, count)
    for i in 0..<count { y[i] = Double(value) }
  }

  public func copy(_ x: Floats, into y: Floats) {
    let cells = launch("copy")
    let count = y.count
    let (x, y) = (cells(x, count), cells(y, count))
    for i in 0..<count { y[i] = x[i] }
  }

  public func concatenate(_ a: Floats, _ b: Floats, m: Int, p: Int, q: Int, into y: Floats) {
    let cells = launch("concatenate")
    let (a, b, y) = (cells(a, m * p), cells(b, m * q), cells(y, m * (p + q)))
    for i in 0..<m {
      for j in 0..<p { y[i * (p + q) + j] = a[i * p + j] }
      for j in 0..<q { y[i * (p + q) + p + j] = b[i * q + j] }
    }
  }

  public func slice<Scalar>(
    _ x: View<Scalar>, m: Int, n: Int, columns: Range<Int>, into y: View<Scalar>
  ) {
    let cells = launch("slice")
    require(columns.upperBound <= n, "slice: columns \(columns) of \(n)")
    let (x, y) = (cells(x, m * n), cells(y, m * columns.count))
    for i in 0..<m {
      for j in 0..<columns.count {
        y[i * columns.count + j] = x[i * n + columns.lowerBound + j]
      }
    }
  }

  public static func value(_ op: UnaryOp, _ x: Double) -> Double {
    switch op {
    case .negate: -x
    case .square: x * x
    case .absolute: abs(x)
    case .exp: exp(x)
    case .log: log(x)
    case .relu: x < 0 ? 0 : x
    case .tanh: tanh(x)
    case .sigmoid: logistic(x)
    }
  }

  static func slope(_ op: UnaryOp, _ x: Double) -> Double {
    switch op {
    case .negate: -1
    case .square: 2 * x
    case .absolute: x > 0 ? 1 : x < 0 ? -1 : 0
    case .exp: exp(x)
    case .log: 1 / x
    case .relu: x > 0 ? 1 : 0
    case .tanh: 1 - tanh(x) * tanh(x)
    case .sigmoid: logistic(x) * (1 - logistic(x))
    }
  }
}

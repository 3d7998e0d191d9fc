internal import CLoops
import Platform

extension CPUBackend {
  public func map(_ op: UnaryOp, _ x: Floats, into y: Floats) {
    guard begin() else { return }
    let n = Int64(x.count)
    let x = pointer(x, x.count, "map", "x")
    let y = pointer(y, Int(n), "map", "y")
    switch op {
    case .negate: host_negate(x, y, n)
    case .square: host_square(x, y, n)
    case .absolute: host_absolute(x, y, n)
    case .exp: host_exp(x, y, n)
    case .log: host_log(x, y, n)
    case .relu: host_relu(x, y, n)
    case .tanh: host_tanh(x, y, n)
    case .sigmoid: host_sigmoid(x, y, n)
    }
  }

  public func mapBackward(_ op: UnaryOp, _ dy: Floats, _ x: Floats, _ y: Floats, into dx: Floats) {
    guard begin() else { return }
    let count = dy.count
    let n = Int64(count)
    let dy = pointer(dy, count, "mapBackward", "dy")
    let x = pointer(x, count, "mapBackward", "x")
    let y = pointer(y, count, "mapBackward", "y")
    let dx = pointer(dx, count, "mapBackward", "dx")
    switch op {
    case .negate: host_negate(dy, dx, n)
    case .square: host_square_backward(dy, x, dx, n)
    case .absolute: host_absolute_backward(dy, x, dx, n)
    case .exp: host_multiply(dy, y, dx, n)
    case .log: host_divide(dy, x, dx, n)
    case .relu: host_relu_backward(dy, y, dx, n)
    case .tanh: host_tanh_backward(dy, y, dx, n)
    case .sigmoid: host_sigmoid_backward(dy, y, dx, n)
    }
  }

  public func affine(_ x: Floats, scale: Float, shift: Float, into y: Floats) {
    guard begin() else { return }
    let n = x.count
    host_affine(
      pointer(x, n, "affine", "x"), scale, shift, pointer(y, n, "affine", "y"), Int64(n))
  }

  public func combine(
    _ op: BinaryOp, _ a: Floats, _ b: Floats, _ broadcast: Broadcast, m: Int, n: Int,
    into y: Floats
  ) {
    guard begin() else { return }
    let bCount =
      switch broadcast {
      case .none: m * n
      case .row: n
      case .column: m
      }
    let a = pointer(a, m * n, "combine", "a")
    let b = pointer(b, bCount, "combine", "b")
    let y = pointer(y, m * n, "combine", "y")
    switch broadcast {
    case .none: Self.combine(op, a, b, y, m * n)
    case .row where n == 1: Self.combine(op, a, scalar: b[0], y, m)
    case .row: for i in 0..<m { Self.combine(op, a + i * n, b, y + i * n, n) }
    case .column where n == 1: Self.combine(op, a, b, y, m)
    case .column: for i in 0..<m { Self.combine(op, a + i * n, scalar: b[i], y + i * n, n) }
    }
  }

  private static func combine(
    _ op: BinaryOp, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    let n = Int64(count)
    switch op {
    case .add: host_add(a, b, y, n)
    case .subtract: host_subtract(a, b, y, n)
    case .multiply: host_multiply(a, b, y, n)
    case .divide: host_divide(a, b, y, n)
    }
  }

  private static func combine(
    _ op: BinaryOp, _ a: UnsafePointer<Float>, scalar b: Float, _ y: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    let n = Int64(count)
    switch op {
    case .add: host_affine(a, 1, b, y, n)
    case .subtract: host_affine(a, 1, -b, y, n)
    case .multiply: host_affine(a, b, 0, y, n)
    case .divide: host_divide_by(a, b, y, n)
    }
  }

  public func perturb(
    _ x: Floats, noise: Floats, noiseBound: Float, bound: Float, into y: Floats
  ) {
    guard begin() else { return }
    let n = x.count
    host_perturb(
      pointer(x, n, "perturb", "x"), pointer(noise, n, "perturb", "noise"), noiseBound, bound,
      pointer(y, n, "perturb", "y"), Int64(n))
  }

  public func accumulate(_ x: Floats, scale: Float, into y: Floats) {
    guard begin() else { return }
    let n = x.count
    host_axpy(scale, pointer(x, n, "accumulate", "x"), pointer(y, n, "accumulate", "y"), Int64(n))
  }

  public func fill(_ value: Float, into y: Floats) {
    guard begin() else { return }
    host_fill(value, pointer(y, y.count, "fill", "y"), Int64(y.count))
  }

  public func copy(_ x: Floats, into y: Floats) {
    guard begin() else { return }
    let n = x.count
    memmove(pointer(y, n, "copy", "y"), pointer(x, n, "copy", "x"), n * 4)
  }

  public func concatenate(_ a: Floats, _ b: Floats, m: Int, p: Int, q: Int, into y: Floats) {
    guard begin() else { return }
    let a = pointer(a, m * p, "concatenate", "a")
    let b = pointer(b, m * q, "concatenate", "b")
    let y = pointer(y, m * (p + q), "concatenate", "y")
    for i in 0..<m {
      let row = y + i * (p + q)
      row.update(from: a + i * p, count: p)
      (row + p).update(from: b + i * q, count: q)
    }
  }

  public func slice<Scalar>(
    _ x: View<Scalar>, m: Int, n: Int, columns: Range<Int>, into y: View<Scalar>
  ) {
    guard begin() else { return }
    require(
      columns.lowerBound >= 0 && columns.upperBound <= n, "slice: columns \(columns) of \(n)")
    let x = pointer(x.words, m * n, "slice", "x")
    let y = pointer(y.words, m * columns.count, "slice", "y")
    for i in 0..<m {
      (y + i * columns.count).update(from: x + i * n + columns.lowerBound, count: columns.count)
    }
  }
}

internal import CLoops

extension CPUBackend {
  public func reduceRows(_ op: Reduction, _ x: Floats, m: Int, n: Int, into y: Floats) {
    guard begin() else { return }
    let x = pointer(x, m * n, "reduceRows", "x")
    let y = pointer(y, m, "reduceRows", "y")
    for i in 0..<m {
      let row = x + i * n
      switch op {
      case .sum: y[i] = host_sum(row, Int64(n))
      case .mean: y[i] = host_sum(row, Int64(n)) / Float(n)
      case .maximum: y[i] = host_maximum(row, Int64(n))
      }
    }
  }

  public func sumColumns(_ x: Floats, m: Int, n: Int, into y: Floats) {
    guard begin() else { return }
    let x = pointer(x, m * n, "sumColumns", "x")
    host_column_sums(
      x, Int64(n), nil, 0, false, pointer(y, n, "sumColumns", "y"), Int64(m), Int64(n))
  }

  public func rowDot(_ a: Floats, _ b: Floats, m: Int, n: Int, into y: Floats) {
    guard begin() else { return }
    let a = pointer(a, m * n, "rowDot", "a")
    let b = pointer(b, m * n, "rowDot", "b")
    let y = pointer(y, m, "rowDot", "y")
    for i in 0..<m { y[i] = host_dot(a + i * n, b + i * n, Int64(n)) }
  }

  public func sum(_ x: Floats, scale: Float, into y: Floats) {
    guard begin() else { return }
    let total = host_sum(pointer(x, x.count, "sum", "x"), Int64(x.count))
    pointer(y, 1, "sum", "y")[0] = scale * total
  }

  public func squaredNorm(_ x: Floats, into y: Floats) {
    guard begin() else { return }
    let elements = pointer(x, x.count, "squaredNorm", "x")
    pointer(y, 1, "squaredNorm", "y")[0] = host_dot(elements, elements, Int64(x.count))
  }

  public func stepMean(_ x: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into y: Floats) {
    guard begin() else { return }
    let x = pointer(x, b * t * h, "stepMean", "x")
    let lengths = lengths.map { pointer($0, b, "stepMean", "lengths") }
    let y = pointer(y, b * h, "stepMean", "y")
    for i in 0..<b {
      let length = lengths.map { min(max(Int($0[i]), 0), t) } ?? t
      let mean = y + i * h
      host_column_sums(
        x + i * t * h, Int64(h), nil, 0, false, mean, Int64(length), Int64(h))
      if length > 1 { host_divide_by(mean, Float(length), mean, Int64(h)) }
    }
  }

  public func stepMeanBackward(
    _ dy: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into dx: Floats
  ) {
    guard begin() else { return }
    let dy = pointer(dy, b * h, "stepMeanBackward", "dy")
    let lengths = lengths.map { pointer($0, b, "stepMeanBackward", "lengths") }
    let dx = pointer(dx, b * t * h, "stepMeanBackward", "dx")
    for i in 0..<b {
      let length = lengths.map { min(max(Int($0[i]), 0), t) } ?? t
      let first = dx + i * t * h
      (first + length * h).update(repeating: 0, count: (t - length) * h)
      guard length > 0 else { continue }
      host_divide_by(dy + i * h, Float(length), first, Int64(h))
      for step in 1..<max(length, 1) { (first + step * h).update(from: first, count: h) }
    }
  }
}

internal import COpenBLAS

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
}

// `copy` and `fill` are driver calls, in OpenCLBackend+Transfer.swift.
extension OpenCLBackend {
  public func map(_ op: UnaryOp, _ x: Floats, into y: Floats) {
    expect("map", "x", x, y.count)
    launch(
      .mapForward, elements: y.count, argument(y), argument(x), .count(y.count),
      .int(op.rawValue))
  }

  public func mapBackward(
    _ op: UnaryOp, _ dy: Floats, _ x: Floats, _ y: Floats, into dx: Floats
  ) {
    expect("mapBackward", "dy", dy, dx.count)
    expect("mapBackward", "x", x, dx.count)
    expect("mapBackward", "y", y, dx.count)
    launch(
      .mapBackward, elements: dx.count, argument(dx), argument(dy), argument(x), argument(y),
      .count(dx.count), .int(op.rawValue))
  }

  public func affine(_ x: Floats, scale: Float, shift: Float, into y: Floats) {
    expect("affine", "x", x, y.count)
    launch(
      .affine, elements: y.count, argument(y), argument(x), .count(y.count), .float(scale),
      .float(shift))
  }

  public func combine(
    _ op: BinaryOp, _ a: Floats, _ b: Floats, _ broadcast: Broadcast, m: Int, n: Int,
    into y: Floats
  ) {
    expect("combine", "a", a, m, n)
    expect("combine", "y", y, m, n)
    switch broadcast {
    case .none: expect("combine", "b", b, m, n)
    case .row: expect("combine", "b", b, n)
    case .column: expect("combine", "b", b, m)
    }
    // Where b has every element of a, the matrix is one long row.
    let isFlat = broadcast == .none || (broadcast == .row ? m : n) == 1
    let (rows, columns) = isFlat ? (1, m * n) : (m, n)
    launch(
      .combine, elements: columns, rows: rows, argument(y), argument(a), argument(b),
      .count(rows), .count(columns), .int(op.rawValue),
      .int((isFlat ? .none : broadcast).rawValue))
  }

  public func perturb(
    _ x: Floats, noise: Floats, noiseBound: Float, bound: Float, into y: Floats
  ) {
    expect("perturb", "x", x, y.count)
    expect("perturb", "noise", noise, y.count)
    launch(
      .perturb, elements: y.count, argument(y), argument(x), argument(noise), .count(y.count),
      .float(noiseBound), .float(bound))
  }

  public func accumulate(_ x: Floats, scale: Float, into y: Floats) {
    expect("accumulate", "x", x, y.count)
    launch(
      .accumulate, elements: y.count, argument(y), argument(x), .count(y.count), .float(scale))
  }

  public func concatenate(_ a: Floats, _ b: Floats, m: Int, p: Int, q: Int, into y: Floats) {
    expect("concatenate", "a", a, m, p)
    expect("concatenate", "b", b, m, q)
    expect("concatenate", "y", y, m, p + q)
    launch(
      .concatenate, elements: p + q, rows: m, argument(y), argument(a), argument(b), .count(m),
      .count(p), .count(q))
  }

  public func slice<Scalar>(
    _ x: View<Scalar>, m: Int, n: Int, columns: Range<Int>, into y: View<Scalar>
  ) {
    require(
      columns.lowerBound >= 0 && columns.upperBound <= n, "slice: columns \(columns) of \(n)")
    expect("slice", "x", x, m, n)
    expect("slice", "y", y, m, columns.count)
    launch(
      .slice, elements: m * columns.count, argument(y), argument(x), .count(m), .count(n),
      .count(columns.lowerBound), .count(columns.count))
  }
}

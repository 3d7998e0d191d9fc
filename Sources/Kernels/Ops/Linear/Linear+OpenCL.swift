extension OpenCLBackend {
  public func linear(
    _ x: Floats, _ w: Floats, _ b: Floats?, _ activation: Activation, m: Int, k: Int, n: Int,
    into y: Floats
  ) {
    expect("linear", "x", x, m, k)
    expect("linear", "w", w, k, n)
    if let b { expect("linear", "b", b, n) }
    expect("linear", "y", y, m, n)
    launch(
      .linearForward, rows: m, columns: n, argument(y), argument(x), argument(w),
      argument(b, or: w), .count(m), .count(k), .count(n), .int(activation.rawValue))
  }

  public func linearBackward(
    _ dy: Floats, _ x: Floats, _ w: Floats, _ y: Floats, _ activation: Activation,
    m: Int, k: Int, n: Int, dx: Floats?, dw: Floats?, db: Floats?
  ) {
    expect("linearBackward", "dy", dy, m, n)
    expect("linearBackward", "x", x, m, k)
    expect("linearBackward", "w", w, k, n)
    expect("linearBackward", "y", y, m, n)
    if let dx {
      expect("linearBackward", "dx", dx, m, k)
      launch(
        .linearBackwardInput, rows: m, columns: k, argument(dx), argument(dy), argument(y),
        argument(w), .count(m), .count(k), .count(n), .int(activation.rawValue))
    }
    guard dw != nil || db != nil else { return }
    if let dw { expect("linearBackward", "dw", dw, k, n) }
    if let db { expect("linearBackward", "db", db, n) }
    // Without dw the first tile of rows is enough for db.
    launch(
      .linearBackwardWeights, rows: dw == nil ? 1 : max(k, 1), columns: n, argument(dw, or: dy),
      argument(db, or: dy), argument(dy), argument(y), argument(x), .count(m), .count(k),
      .count(n), .int(activation.rawValue))
  }
}

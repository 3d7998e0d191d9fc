extension OpenCLBackend {
  public func linear(
    _ x: Floats, _ w: Floats, _ b: Floats?, _ activation: Activation, m: Int, k: Int, n: Int,
    into y: Floats
  ) {
    expect("linear", "x", x, m, k)
    expect("linear", "w", w, k, n)
    if let b { expect("linear", "b", b, n) }
    expect("linear", "y", y, m, n)
    guard m > 0, n > 0 else { return }
    let tile = tuning.choice(rows: m, columns: n, units: device.computeUnits)
    let share = share(m: m, n: n, depth: k, tile: tile)
    launchProduct(
      .linearForward, tile: tile, groups: share.count,
      [
        argument(y), argument(x), argument(w), argument(b, or: w), .count(m), .count(k), .count(n),
        .int(activation.rawValue),
      ] + share.arguments(form))
  }

  public func linearBackward(
    _ dy: Floats, _ x: Floats, _ w: Floats, _ y: Floats, _ activation: Activation,
    m: Int, k: Int, n: Int, dx: Floats?, dw: Floats?, db: Floats?
  ) {
    expect("linearBackward", "dy", dy, m, n)
    expect("linearBackward", "x", x, m, k)
    expect("linearBackward", "w", w, k, n)
    expect("linearBackward", "y", y, m, n)
    if let dx { expect("linearBackward", "dx", dx, m, k) }
    if let dw { expect("linearBackward", "dw", dw, k, n) }
    if let db { expect("linearBackward", "db", db, n) }
    // Without dw the first blocks of its rows are enough for db.
    let weightRows = dw == nil ? 1 : max(k, 1)
    let tile = tuning.choice(
      rows: dx == nil ? weightRows : m, columns: dx == nil ? n : k, units: device.computeUnits)
    let inputs = dx == nil ? .none : share(m: m, n: k, depth: n, tile: tile)
    let weights =
      dw == nil && db == nil ? .none : share(m: weightRows, n: n, depth: m, tile: tile)
    launchProduct(
      .linearBackward, tile: tile, groups: inputs.count + weights.count,
      [
        argument(dx, or: dy), argument(dw, or: dy), argument(db, or: dy), argument(dy),
        argument(y), argument(x), argument(w), .count(m), .count(k), .count(n),
        .int(activation.rawValue), .count(inputs.count),
      ] + inputs.arguments(form) + weights.arguments(form))
  }
}

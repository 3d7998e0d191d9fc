extension OpenCLBackend {
  public func reduceRows(_ op: Reduction, _ x: Floats, m: Int, n: Int, into y: Floats) {
    expect("reduceRows", "x", x, m, n)
    expect("reduceRows", "y", y, m)
    switch op {
    case .maximum:
      launch(.maximumRows, groups: m, argument(y), argument(x), .count(m), .count(n))
    case .sum, .mean:
      let divisor: Float = op == .mean ? Float(n) : 1
      launch(
        .sumRows, groups: m, argument(y), argument(x), .count(m), .count(n), .float(divisor))
    }
  }

  public func sumColumns(_ x: Floats, m: Int, n: Int, into y: Floats) {
    expect("sumColumns", "x", x, m, n)
    expect("sumColumns", "y", y, n)
    launch(.sumColumns, elements: n, argument(y), argument(x), .count(m), .count(n))
  }

  public func rowDot(_ a: Floats, _ b: Floats, m: Int, n: Int, into y: Floats) {
    expect("rowDot", "a", a, m, n)
    expect("rowDot", "b", b, m, n)
    expect("rowDot", "y", y, m)
    launch(.rowDot, groups: m, argument(y), argument(a), argument(b), .count(m), .count(n))
  }

  public func sum(_ x: Floats, scale: Float, into y: Floats) {
    expect("sum", "y", y, 1)
    sumAll(x, scale: scale, isSquared: false, into: y)
  }

  public func squaredNorm(_ x: Floats, into y: Floats) {
    expect("squaredNorm", "y", y, 1)
    sumAll(x, scale: 1, isSquared: true, into: y)
  }

  /// By one work-group; in the GPU form by as many as have enough to do, whose sums are then added.
  private func sumAll(_ x: Floats, scale: Float, isSquared: Bool, into y: Floats) {
    let groups = form.isCPU ? 1 : max(1, min(form.groupItems, x.count / 8192))
    let share = (x.count + groups - 1) / groups
    let sums = groups == 1 ? y : Floats(allocate(groups), count: groups)
    launch(
      .sumAll, groups: groups, argument(sums), argument(x), .count(x.count), .count(share),
      .float(groups == 1 ? scale : 1), .int(isSquared ? 1 : 0))
    guard groups > 1 else { return }
    launch(
      .sumAll, groups: 1, argument(y), argument(sums), .count(groups), .count(groups),
      .float(scale), .int(0))
  }

  public func stepMean(_ x: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into y: Floats) {
    expect("stepMean", "x", x, b, t, h)
    if let lengths { expect("stepMean", "lengths", lengths, b) }
    expect("stepMean", "y", y, b, h)
    launch(
      .stepMean, elements: h, rows: b, argument(y), argument(x), argument(lengths, or: x),
      .count(b), .count(t), .count(h))
  }

  public func stepMeanBackward(
    _ dy: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into dx: Floats
  ) {
    expect("stepMeanBackward", "dy", dy, b, h)
    if let lengths { expect("stepMeanBackward", "lengths", lengths, b) }
    expect("stepMeanBackward", "dx", dx, b, t, h)
    launch(
      .stepMeanBackward, elements: h, rows: b * t, argument(dx), argument(dy),
      argument(lengths, or: dy), .count(b), .count(t), .count(h))
  }
}

extension OpenCLBackend {
  public func candidateScores(
    _ action: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    absent: Float, into scores: Floats
  ) {
    require(0..<w ~= first, "candidateScores: column \(first) of \(w)")
    let count = tableRows("candidateScores", "items", items, e)
    expect("candidateScores", "action", action, b, e)
    expect("candidateScores", "rows", rows, b, w)
    expect("candidateScores", "scores", scores, b, w - first)
    launch(
      .candidateScores, elements: w - first, rows: b, argument(scores), argument(action),
      argument(rows), argument(items), .count(b), .count(w), .count(first), .count(e),
      .count(count), .float(absent))
  }

  public func candidateScoresBackward(
    _ dScores: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into dAction: Floats
  ) {
    require(0..<w ~= first, "candidateScoresBackward: column \(first) of \(w)")
    let count = tableRows("candidateScoresBackward", "items", items, e)
    expect("candidateScoresBackward", "dScores", dScores, b, w - first)
    expect("candidateScoresBackward", "rows", rows, b, w)
    expect("candidateScoresBackward", "dAction", dAction, b, e)
    launch(
      .candidateScoresBackward, elements: e, rows: b, argument(dAction), argument(dScores),
      argument(rows), argument(items), .count(b), .count(w), .count(first), .count(e),
      .count(count))
  }

  public func candidateScoresItemGradient(
    _ dScores: Floats, _ action: Floats, _ rows: Indices, b: Int, w: Int, first: Int, e: Int,
    into dItems: Floats
  ) {
    let op: StaticString = "candidateScoresItemGradient"
    require(0..<w ~= first, "\(op): column \(first) of \(w)")
    let count = tableRows(op, "dItems", dItems, e)
    expect(op, "dScores", dScores, b, w - first)
    expect(op, "action", action, b, e)
    expect(op, "rows", rows, b, w)
    scatter(action, scales: dScores, rows, b: b, w: w, first: first, e: e, count, into: dItems)
  }

  public func softmaxExpectation(
    _ scores: Floats, _ values: Floats, temperature: Float, b: Int, n: Int, into y: Floats
  ) {
    require(n > 0, "softmaxExpectation: rows of \(n) scores")
    require(temperature > 0, "softmaxExpectation: temperature \(temperature)")
    expect("softmaxExpectation", "scores", scores, b, n)
    expect("softmaxExpectation", "values", values, b, n)
    expect("softmaxExpectation", "y", y, b)
    launch(
      .softmaxExpectation, groups: b, argument(y), argument(scores), argument(values), .count(b),
      .count(n), .float(temperature))
  }

  public func softmaxExpectationBackward(
    _ dy: Floats, _ scores: Floats, _ values: Floats, _ y: Floats, temperature: Float, b: Int,
    n: Int, into dScores: Floats?, dValues: Floats?
  ) {
    guard let output = dScores ?? dValues else { return }
    require(n > 0, "softmaxExpectationBackward: rows of \(n) scores")
    require(temperature > 0, "softmaxExpectationBackward: temperature \(temperature)")
    expect("softmaxExpectationBackward", "dy", dy, b)
    expect("softmaxExpectationBackward", "scores", scores, b, n)
    expect("softmaxExpectationBackward", "values", values, b, n)
    expect("softmaxExpectationBackward", "y", y, b)
    if let dScores { expect("softmaxExpectationBackward", "dScores", dScores, b, n) }
    if let dValues { expect("softmaxExpectationBackward", "dValues", dValues, b, n) }
    launch(
      .softmaxExpectationBackward, groups: b, argument(dScores, or: output),
      argument(dValues, or: output), argument(dy), argument(scores), argument(values), argument(y),
      .count(b), .count(n), .float(temperature))
  }

  public func pick<Scalar>(
    _ x: View<Scalar>, _ column: Indices, b: Int, n: Int, into y: View<Scalar>
  ) {
    expect("pick", "x", x, b, n)
    expect("pick", "column", column, b)
    expect("pick", "y", y, b)
    launch(
      .pick, elements: b, argument(y), argument(x), argument(column), .count(b), .count(n),
      .absent(Scalar.self))
  }

  public func pickBackward(_ dy: Floats, _ column: Indices, b: Int, n: Int, into dx: Floats) {
    expect("pickBackward", "dy", dy, b)
    expect("pickBackward", "column", column, b)
    expect("pickBackward", "dx", dx, b, n)
    launch(
      .pickBackward, elements: b * n, argument(dx), argument(dy), argument(column),
      .count(b), .count(n))
  }

  /// The number of rows of a table of `width` columns.
  private func tableRows(
    _ op: StaticString, _ name: StaticString, _ table: Floats, _ width: Int
  ) -> Int {
    require(
      width > 0 && table.count % width == 0,
      "\(op): \(name) has \(table.count) elements, expected rows of \(width)")
    return table.count / width
  }
}

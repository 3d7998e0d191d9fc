internal import CLoops

extension CPUBackend {
  public func candidateScores(
    _ action: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    absent: Float, into scores: Floats
  ) {
    guard begin() else { return }
    let (table, count) = table(items, width: e, "candidateScores", "items")
    var candidates = candidates("candidateScores", rows, of: count, b, w, first, e)
    candidates.action = UnsafePointer(pointer(action, b * e, "candidateScores", "action"))
    candidates.items = UnsafePointer(table)
    host_candidate_scores(
      &candidates, absent, pointer(scores, b * (w - first), "candidateScores", "scores"))
  }

  public func candidateScoresBackward(
    _ dScores: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into dAction: Floats
  ) {
    guard begin() else { return }
    let (table, count) = table(items, width: e, "candidateScoresBackward", "items")
    var candidates = candidates("candidateScoresBackward", rows, of: count, b, w, first, e)
    candidates.items = UnsafePointer(table)
    host_candidate_scores_backward(
      &candidates, pointer(dScores, b * (w - first), "candidateScoresBackward", "dScores"),
      pointer(dAction, b * e, "candidateScoresBackward", "dAction"))
  }

  public func candidateScoresItemGradient(
    _ dScores: Floats, _ action: Floats, _ rows: Indices, b: Int, w: Int, first: Int, e: Int,
    into dItems: Floats
  ) {
    guard begin() else { return }
    let op: StaticString = "candidateScoresItemGradient"
    let (table, count) = table(dItems, width: e, op, "dItems")
    var candidates = candidates(op, rows, of: count, b, w, first, e)
    candidates.action = UnsafePointer(pointer(action, b * e, op, "action"))
    host_candidate_item_gradient(
      &candidates, pointer(dScores, b * (w - first), op, "dScores"), table)
  }

  /// The candidates in the columns from `first` on, none past a table of `count` rows.
  private func candidates(
    _ op: StaticString, _ rows: Indices, of count: Int, _ b: Int, _ w: Int, _ first: Int, _ e: Int
  ) -> host_candidates {
    require(0..<w ~= first, "\(op): column \(first) of \(w)")
    let rows = pointer(rows, b * w, op, "rows") + first
    for i in 0..<b {
      for c in 0..<w - first where rows[i * w + c] >= count {
        fatalError("\(op): row \(rows[i * w + c]) of a table of \(count)")
      }
    }
    return host_candidates(
      action: nil, items: nil, rows: rows, b: Int64(b), n: Int64(w - first), stride: Int64(w),
      e: Int64(e))
  }

  public func softmaxExpectation(
    _ scores: Floats, _ values: Floats, temperature: Float, b: Int, n: Int, into y: Floats
  ) {
    guard begin() else { return }
    require(n > 0, "softmaxExpectation: rows of \(n) scores")
    require(temperature > 0, "softmaxExpectation: temperature \(temperature)")
    let scores = pointer(scores, b * n, "softmaxExpectation", "scores")
    let values = pointer(values, b * n, "softmaxExpectation", "values")
    let y = pointer(y, b, "softmaxExpectation", "y")
    withScratch(n) { weights in
      for i in 0..<b {
        let total = Self.softmaxWeights(scores + i * n, temperature, n, into: weights)
        y[i] = host_dot(weights, values + i * n, Int64(n)) / total
      }
    }
  }

  public func softmaxExpectationBackward(
    _ dy: Floats, _ scores: Floats, _ values: Floats, _ y: Floats, temperature: Float, b: Int,
    n: Int, into dScores: Floats?, dValues: Floats?
  ) {
    guard begin() else { return }
    require(n > 0, "softmaxExpectationBackward: rows of \(n) scores")
    require(temperature > 0, "softmaxExpectationBackward: temperature \(temperature)")
    let dy = pointer(dy, b, "softmaxExpectationBackward", "dy")
    let scores = pointer(scores, b * n, "softmaxExpectationBackward", "scores")
    let values = pointer(values, b * n, "softmaxExpectationBackward", "values")
    let y = pointer(y, b, "softmaxExpectationBackward", "y")
    let dScores = dScores.map { pointer($0, b * n, "softmaxExpectationBackward", "dScores") }
    let dValues = dValues.map { pointer($0, b * n, "softmaxExpectationBackward", "dValues") }
    withScratch(n) { weights in
      let n = Int64(n)
      for i in 0..<b {
        let from = i * Int(n)
        let total = Self.softmaxWeights(scores + from, temperature, Int(n), into: weights)
        if let slopes = dScores.map({ $0 + from }) {
          host_affine(values + from, 1, -y[i], slopes, n)
          host_multiply(slopes, weights, slopes, n)
          host_affine(slopes, dy[i] / (total * temperature), 0, slopes, n)
        }
        if let dValues { host_affine(weights, dy[i] / total, 0, dValues + from, n) }
      }
    }
  }

  /// weights_c = exp((scores_c − max) / temperature). Gives back their sum.
  private static func softmaxWeights(
    _ scores: UnsafePointer<Float>, _ temperature: Float, _ n: Int,
    into weights: UnsafeMutablePointer<Float>
  ) -> Float {
    let n = Int64(n)
    // exp of −∞ would be a subnormal number on its way to 0.
    flushingSubnormals {
      host_affine(scores, 1, -host_maximum(scores, n), weights, n)
      host_divide_by(weights, temperature, weights, n)
      host_exp(weights, weights, n)
    }
    return host_sum(weights, n)
  }

  public func pick<Scalar>(
    _ x: View<Scalar>, _ column: Indices, b: Int, n: Int, into y: View<Scalar>
  ) {
    guard begin() else { return }
    let x = pointer(x.words, b * n, "pick", "x")
    let column = pointer(column, b, "pick", "column")
    let y = pointer(y.words, b, "pick", "y")
    let absent = Scalar.absent.word
    for i in 0..<b {
      let column = Int(column[i])
      y[i] = 0..<n ~= column ? x[i * n + column] : absent
    }
  }

  public func pickBackward(_ dy: Floats, _ column: Indices, b: Int, n: Int, into dx: Floats) {
    guard begin() else { return }
    let dy = pointer(dy, b, "pickBackward", "dy")
    let column = pointer(column, b, "pickBackward", "column")
    let dx = pointer(dx, b * n, "pickBackward", "dx")
    dx.update(repeating: 0, count: b * n)
    for i in 0..<b {
      let column = Int(column[i])
      if 0..<n ~= column { dx[i * n + column] = dy[i] }
    }
  }
}

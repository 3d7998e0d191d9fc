internal import COpenBLAS

extension CPUBackend {
  public func candidateScores(
    _ action: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into scores: Floats
  ) {
    guard begin() else { return }
    require(0..<w ~= first, "candidateScores: column \(first) of \(w)")
    let (items, count) = table(items, width: e, "candidateScores", "items")
    let action = pointer(action, b * e, "candidateScores", "action")
    let rows = pointer(rows, b * w, "candidateScores", "rows")
    let scores = pointer(scores, b * (w - first), "candidateScores", "scores")
    for i in 0..<b {
      for c in first..<w {
        let row = Int(rows[i * w + c])
        require(row < count, "candidateScores: row \(row) of a table of \(count)")
        scores[i * (w - first) + c - first] =
          row < 0 ? 0 : host_dot(action + i * e, items + row * e, Int64(e))
      }
    }
  }

  public func candidateScoresBackward(
    _ dScores: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into dAction: Floats
  ) {
    guard begin() else { return }
    require(0..<w ~= first, "candidateScoresBackward: column \(first) of \(w)")
    let (items, count) = table(items, width: e, "candidateScoresBackward", "items")
    let dScores = pointer(dScores, b * (w - first), "candidateScoresBackward", "dScores")
    let rows = pointer(rows, b * w, "candidateScoresBackward", "rows")
    let dAction = pointer(dAction, b * e, "candidateScoresBackward", "dAction")
    dAction.update(repeating: 0, count: b * e)
    for i in 0..<b {
      for c in first..<w {
        let row = Int(rows[i * w + c])
        require(row < count, "candidateScoresBackward: row \(row) of a table of \(count)")
        guard row >= 0 else { continue }
        let slope = dScores[i * (w - first) + c - first]
        host_axpy(slope, items + row * e, dAction + i * e, Int64(e))
      }
    }
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
    n: Int, into dScores: Floats
  ) {
    guard begin() else { return }
    require(n > 0, "softmaxExpectationBackward: rows of \(n) scores")
    require(temperature > 0, "softmaxExpectationBackward: temperature \(temperature)")
    let dy = pointer(dy, b, "softmaxExpectationBackward", "dy")
    let scores = pointer(scores, b * n, "softmaxExpectationBackward", "scores")
    let values = pointer(values, b * n, "softmaxExpectationBackward", "values")
    let y = pointer(y, b, "softmaxExpectationBackward", "y")
    let dScores = pointer(dScores, b * n, "softmaxExpectationBackward", "dScores")
    withScratch(n) { weights in
      for i in 0..<b {
        let slopes = dScores + i * n
        let total = Self.softmaxWeights(scores + i * n, temperature, n, into: weights)
        host_affine(values + i * n, 1, -y[i], slopes, Int64(n))
        host_multiply(slopes, weights, slopes, Int64(n))
        host_affine(slopes, dy[i] / (total * temperature), 0, slopes, Int64(n))
      }
    }
  }

  /// weights_c = exp((scores_c − max) / temperature). Gives back their sum.
  private static func softmaxWeights(
    _ scores: UnsafePointer<Float>, _ temperature: Float, _ n: Int,
    into weights: UnsafeMutablePointer<Float>
  ) -> Float {
    let n = Int64(n)
    host_affine(scores, 1, -host_maximum(scores, n), weights, n)
    host_divide_by(weights, temperature, weights, n)
    host_exp(weights, weights, n)
    return host_sum(weights, n)
  }

  public func column(_ rows: Indices, b: Int, w: Int, column: Int, into y: Indices) {
    guard begin() else { return }
    require(0..<w ~= column, "column: column \(column) of \(w)")
    let rows = pointer(rows, b * w, "column", "rows")
    let y = pointer(y, b, "column", "y")
    for i in 0..<b { y[i] = rows[i * w + column] }
  }

  public func pick(_ rows: Indices, _ column: Indices, b: Int, w: Int, into y: Indices) {
    guard begin() else { return }
    let rows = pointer(rows, b * w, "pick", "rows")
    let column = pointer(column, b, "pick", "column")
    let y = pointer(y, b, "pick", "y")
    for i in 0..<b {
      let column = Int(column[i])
      y[i] = 0..<w ~= column ? rows[i * w + column] : -1
    }
  }
}

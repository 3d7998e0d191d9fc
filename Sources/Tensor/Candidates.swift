/// Scores of a few candidates a row, and what a softmax over them expects.
extension Tensor {
  /// Dot products of each action of self [B, E] with its own candidates, [B, C]: the rows of `items`
  /// [N, E] that columns first ..< W of `rows` [B, W] name, C = W − first. A negative row scores 0.
  /// `items` is a constant table.
  public func candidateScores(_ rows: IndexTensor, first: Int, items: Tensor) -> Tensor {
    require(
      shape.rank == 2 && rows.shape.rank == 2 && items.shape.rank == 2
        && rows.shape[0] == shape[0] && items.shape[1] == shape[1]
        && 0..<rows.shape[1] ~= first,
      "candidateScores: actions \(shape), rows \(rows.shape) from \(first), items \(items.shape)")
    let action = self
    let (b, e, w) = (shape[0], shape[1], rows.shape[1])
    let scores = Tensor(uninitialized: [b, w - first], on: backend)
    backend.candidateScores(
      view, rows.view, items.view, b: b, w: w, first: first, e: e, into: scores.view)
    return Tensor.tape(action)?.record(scores) { dScores in
      Tape.contribute(to: action) {
        action.backend.candidateScoresBackward(
          dScores, rows.view, items.view, b: b, w: w, first: first, e: e, into: $0)
      }
    } ?? scores
  }

  /// Σ_c π_c · values_c of each row of scores [B, C], [B], with π = softmax(self / temperature).
  /// −∞ marks a candidate that cannot be chosen; every row has a finite score. `values` [B, C] are
  /// constants.
  public func softmaxExpectation(of values: Tensor, temperature: Float) -> Tensor {
    require(
      shape.rank == 2 && values.shape == shape,
      "softmaxExpectation: scores \(shape), values \(values.shape)")
    let scores = self
    let (b, n) = (shape[0], shape[1])
    let y = Tensor(uninitialized: [b], on: backend)
    backend.softmaxExpectation(
      view, values.view, temperature: temperature, b: b, n: n, into: y.view)
    return Tensor.tape(scores)?.record(y) { dy in
      Tape.contribute(to: scores) {
        scores.backend.softmaxExpectationBackward(
          dy, scores.view, values.view, y.view, temperature: temperature, b: b, n: n, into: $0)
      }
    } ?? y
  }
}

extension IndexTensor {
  /// One column of [B, W], [B].
  public func column(_ column: Int) -> IndexTensor {
    require(
      shape.rank == 2 && 0..<shape[1] ~= column, "column: column \(column) of rows \(shape)")
    let y = IndexTensor(uninitialized: [shape[0]], on: backend)
    backend.column(view, b: shape[0], w: shape[1], column: column, into: y.view)
    return y
  }

  /// Column columns_b of row b of [B, W], [B]; −1 where a column is outside 0 ..< W.
  public func picked(_ columns: IndexTensor) -> IndexTensor {
    require(
      shape.rank == 2 && columns.shape == [shape[0]],
      "picked: columns \(columns.shape) of rows \(shape)")
    let y = IndexTensor(uninitialized: [shape[0]], on: backend)
    backend.pick(view, columns.view, b: shape[0], w: shape[1], into: y.view)
    return y
  }
}

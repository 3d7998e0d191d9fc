/// Scores of a few candidates a row, and what a softmax over them expects.
extension Tensor {
  /// Dot products of each action of self [B, E] with its own candidates, [B, C]: the rows of
  /// `items` [N, E] that columns first ..< W of `rows` [B, W] name, C = W − first. A negative row
  /// scores `absent`; −∞ keeps it out of a softmax.
  public func candidateScores(
    _ rows: IndexTensor, first: Int = 0, items: Tensor, absent: Float = 0
  ) -> Tensor {
    require(
      shape.rank == 2 && rows.shape.rank == 2 && items.shape.rank == 2
        && rows.shape[0] == shape[0] && items.shape[1] == shape[1]
        && 0..<rows.shape[1] ~= first,
      "candidateScores: actions \(shape), rows \(rows.shape) from \(first), items \(items.shape)")
    let action = self
    let candidates = Candidates(action, rows, first: first)
    let scores = candidates.scores(items.view, absent: absent)
    return Tensor.tape(action, items)?.record(scores) { dScores in
      Tape.contribute(to: action) { candidates.actionGradient(dScores, items.view, into: $0) }
      Tape.contribute(to: items) { dItems in
        action.backend.fill(0, into: dItems)
        candidates.itemGradient(dScores, into: dItems)
      }
    } ?? scores
  }

  /// Σ_c π_c · values_c of each row of scores [B, C], [B], with π = softmax(self / temperature).
  /// −∞ marks a candidate that cannot be chosen; every row has a finite score. `values`: [B, C].
  public func softmaxExpectation(of values: Tensor, temperature: Float) -> Tensor {
    require(
      shape.rank == 2 && values.shape == shape,
      "softmaxExpectation: scores \(shape), values \(values.shape)")
    let scores = self
    let (b, n) = (shape[0], shape[1])
    let y = Tensor(uninitialized: [b], on: backend)
    backend.softmaxExpectation(
      view, values.view, temperature: temperature, b: b, n: n, into: y.view)
    return Tensor.tape(scores, values)?.record(y) { dy in
      Tape.contribute(to: scores, values) { dScores, dValues in
        scores.backend.softmaxExpectationBackward(
          dy, scores.view, values.view, y.view, temperature: temperature, b: b, n: n,
          into: dScores, dValues: dValues)
      }
    } ?? y
  }
}

extension Tensor {
  /// Column columns_b of row b of self [B, N], [B]; 0 where a column is outside 0 ..< N.
  public func picked(_ columns: IndexTensor) -> Tensor {
    require(
      shape.rank == 2 && columns.shape.count == shape[0],
      "picked: columns \(columns.shape) of \(shape)")
    let x = self
    let (b, n) = (shape[0], shape[1])
    let y = Tensor(uninitialized: [b], on: backend)
    backend.pick(view, columns.view, b: b, n: n, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { x.backend.pickBackward(dy, columns.view, b: b, n: n, into: $0) }
    } ?? y
  }
}

/// Actions [B, E] and the rows of a table that each is to choose from.
struct Candidates {
  let action: Tensor
  let rows: IndexTensor
  let first: Int

  init(_ action: Tensor, _ rows: IndexTensor, first: Int) {
    (self.action, self.rows, self.first) = (action, rows, first)
  }

  private var b: Int { rows.shape[0] }
  private var w: Int { rows.shape[1] }
  private var e: Int { action.shape[1] }

  func scores(_ items: Floats, absent: Float) -> Tensor {
    let scores = Tensor(uninitialized: [b, w - first], on: action.backend)
    action.backend.candidateScores(
      action.view, rows.view, items, b: b, w: w, first: first, e: e, absent: absent,
      into: scores.view)
    return scores
  }

  /// Overwrites.
  func actionGradient(_ dScores: Floats, _ items: Floats, into dAction: Floats) {
    action.backend.candidateScoresBackward(
      dScores, rows.view, items, b: b, w: w, first: first, e: e, into: dAction)
  }

  /// Adds.
  func itemGradient(_ dScores: Floats, into dItems: Floats) {
    action.backend.candidateScoresItemGradient(
      dScores, action.view, rows.view, b: b, w: w, first: first, e: e, into: dItems)
  }
}

extension IndexTensor {
  /// One column of [B, W], [B].
  public func column(_ column: Int) -> IndexTensor {
    columns(column..<column + 1).reshaped([shape[0]])
  }

  /// Some columns of [B, W], [B, columns.count].
  public func columns(_ columns: Range<Int>) -> IndexTensor {
    require(
      shape.rank == 2 && columns.lowerBound >= 0 && columns.upperBound <= shape[1],
      "columns: columns \(columns) of rows \(shape)")
    let y = IndexTensor(uninitialized: [shape[0], columns.count], on: backend)
    backend.slice(view, m: shape[0], n: shape[1], columns: columns, into: y.view)
    return y
  }

  /// Column columns_b of row b of [B, W], [B]; −1 where a column is outside 0 ..< W.
  public func picked(_ columns: IndexTensor) -> IndexTensor {
    require(
      shape.rank == 2 && columns.shape == [shape[0]],
      "picked: columns \(columns.shape) of rows \(shape)")
    let y = IndexTensor(uninitialized: [shape[0]], on: backend)
    backend.pick(view, columns.view, b: shape[0], n: shape[1], into: y.view)
    return y
  }
}

/// Each row of a batch with candidates of its own: rows of a frozen table, held in the columns
/// first ..< w of rows[b, w].
public protocol CandidateKernels: AnyObject {
  /// scores[b, w − first] = ⟨action_b, items[rows[b, first + c]]⟩ from action[b, e] and items[rows,
  /// e]; 0 where the row is negative.
  func candidateScores(
    _ action: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into scores: Floats)
  /// dAction_b = Σ_c dScores_bc · items[rows[b, first + c]] in the order of c, overwritten; negative
  /// rows are skipped.
  func candidateScoresBackward(
    _ dScores: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into dAction: Floats)

  /// y[b] = Σ_c π_bc · values_bc with π_b = softmax(scores_b / temperature) over n columns; −∞ marks
  /// one that cannot be chosen, each row has a finite score.
  func softmaxExpectation(
    _ scores: Floats, _ values: Floats, temperature: Float, b: Int, n: Int, into y: Floats)
  /// dScores_bc = dy_b · π_bc · (values_bc − y_b) / temperature, overwritten.
  func softmaxExpectationBackward(
    _ dy: Floats, _ scores: Floats, _ values: Floats, _ y: Floats, temperature: Float, b: Int,
    n: Int, into dScores: Floats)

  /// y[b] = rows[b, column] of rows[b, w].
  func column(_ rows: Indices, b: Int, w: Int, column: Int, into y: Indices)
  /// y[b] = rows[b, column_b] of rows[b, w], −1 where the column is outside 0 ..< w.
  func pick(_ rows: Indices, _ column: Indices, b: Int, w: Int, into y: Indices)
}

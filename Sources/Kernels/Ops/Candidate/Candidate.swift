/// Each row of a batch with candidates of its own: rows of a table, held in the columns first ..< w
/// of rows[b, w]; a negative one is no candidate.
public protocol CandidateKernels: AnyObject {
  /// scores[b, w − first] = ⟨action_b, items[rows[b, first + c]]⟩ from action[b, e] and items[rows,
  /// e]; `absent` where the row is negative.
  func candidateScores(
    _ action: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    absent: Float, into scores: Floats)
  /// dAction_b = Σ_c dScores_bc · items[rows[b, first + c]] in the order of c, overwritten;
  /// negative rows are skipped.
  func candidateScoresBackward(
    _ dScores: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into dAction: Floats)
  /// dItems[rows[b, first + c]] += dScores_bc · action_b in the order of b and then c; negative
  /// rows are skipped.
  func candidateScoresItemGradient(
    _ dScores: Floats, _ action: Floats, _ rows: Indices, b: Int, w: Int, first: Int, e: Int,
    into dItems: Floats)

  /// y[b] = Σ_c π_bc · values_bc with π_b = softmax(scores_b / temperature) over n columns; −∞
  /// marks one that cannot be chosen, each row has a finite score.
  func softmaxExpectation(
    _ scores: Floats, _ values: Floats, temperature: Float, b: Int, n: Int, into y: Floats)
  /// dScores_bc = dy_b · π_bc · (values_bc − y_b) / temperature and dValues_bc = dy_b · π_bc,
  /// overwritten, where wanted.
  func softmaxExpectationBackward(
    _ dy: Floats, _ scores: Floats, _ values: Floats, _ y: Floats, temperature: Float, b: Int,
    n: Int, into dScores: Floats?, dValues: Floats?)

  /// y[b] = x[b, column_b] of x[b, n]; where the column is outside 0 ..< n 0, of row numbers −1.
  func pick<Scalar>(
    _ x: View<Scalar>, _ column: Indices, b: Int, n: Int, into y: View<Scalar>)
  /// dx[b, column_b] = dy_b, 0 elsewhere, overwritten.
  func pickBackward(_ dy: Floats, _ column: Indices, b: Int, n: Int, into dx: Floats)
}

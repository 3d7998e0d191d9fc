/// Rows of tables, gathered and added to.
public protocol EmbeddingKernels: AnyObject {
  /// y[b, e] = table[rows, e][index[b]]; where the index is negative 0, of row numbers −1.
  func gather<Scalar>(
    _ table: View<Scalar>, _ index: Indices, b: Int, e: Int, into y: View<Scalar>)
  /// dTable[index[b]] += dy[b], repeated indices summed in the order of b; negative ones skipped.
  func scatterAdd(_ dy: Floats, _ index: Indices, b: Int, e: Int, into dTable: Floats)

  /// y[b] = ⟨q_b, m⟩ from q[b, e], m the mean of the n rows of table[n, e]: the mean of all rows'
  /// scores. Keeps sums[e] of the columns for the way back.
  func meanScores(
    _ q: Floats, _ table: Floats, b: Int, n: Int, e: Int, into y: Floats, sums: Floats)
  /// dq_b = dy_b · sums / n, overwritten, and every row of dTable[n, e] += Σ_b dy_b · q_b / n in the
  /// order of b, where wanted. 1 / n is that of Float in both.
  func meanScoresBackward(
    _ dy: Floats, _ q: Floats, sums: Floats, b: Int, n: Int, e: Int, into dq: Floats?,
    dTable: Floats?)
}

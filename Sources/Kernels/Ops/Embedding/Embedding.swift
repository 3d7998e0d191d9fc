/// Rows of tables, gathered and added to.
public protocol EmbeddingKernels: AnyObject {
  /// y[b, e] = table[rows, e][index[b]]; where the index is negative 0, of row numbers −1.
  func gather<Scalar>(
    _ table: View<Scalar>, _ index: Indices, b: Int, e: Int, into y: View<Scalar>)
  /// dTable[index[b]] += dy[b], repeated indices summed in the order of b; negative ones skipped.
  func scatterAdd(_ dy: Floats, _ index: Indices, b: Int, e: Int, into dTable: Floats)
}

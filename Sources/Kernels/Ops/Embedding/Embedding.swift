public protocol EmbeddingKernels: AnyObject {
  /// y[b, e] = table[rows, e][index[b]]; zeros where the index is negative.
  func gather(_ table: Floats, _ index: Indices, b: Int, e: Int, into y: Floats)
  /// y[b, w] = rows[m, w][index[b]]; −1 where the index is negative.
  func gatherRows(_ rows: Indices, _ index: Indices, b: Int, w: Int, into y: Indices)
  /// dTable[index[b]] += dy[b], repeated indices summed in the order of b; negative ones skipped.
  func scatterAdd(_ dy: Floats, _ index: Indices, b: Int, e: Int, into dTable: Floats)
}

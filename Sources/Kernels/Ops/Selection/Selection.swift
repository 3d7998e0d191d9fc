public protocol SelectionKernels: AnyObject {
  /// Scores every item for every query and keeps the k best of those allowed.
  ///
  /// score[b, i] = ⟨query[b], items[i]⟩ + bias[i]. `allowed` has ⌈n/32⌉ words a query; nil allows
  /// all. Best first; of equal scores the lower index first; NaN ranks as −∞. Where fewer than k
  /// are allowed the rest of the row is index −1, score −∞.
  func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats)
}

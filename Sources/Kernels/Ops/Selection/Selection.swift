public protocol SelectionKernels: AnyObject {
  /// Scores every item for every query and keeps the k best of those allowed.
  ///
  /// score[b, i] = ⟨query[b], items[i]⟩ + bias[i]. `allowed` has ⌈n/32⌉ words a query; nil allows
  /// all. Best first; of equal scores the lower index first; NaN ranks as −∞. Where fewer than k
  /// are allowed the rest of the row is index −1, score −∞.
  func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats)

  /// The k best columns of each row of scores[b, n], best first, into columns 0 ..< k of index[b,
  /// width], k ≤ width; the other columns stay.
  ///
  /// Of equal scores the lower column first; −∞ and NaN are never chosen, and where fewer than k
  /// are left the rest is −1. With `gumbel` a score is first perturbed by −log(−log u), u =
  /// ((word_j >> 8) + ½) · 2⁻²⁴, j = row · n + column: the columns are then a sample without
  /// replacement from softmax(scores), in the order of their drawing (Vieira 2014; the Gumbel-top-k
  /// trick of Kool, van Hoof & Welling 2019, section 1).
  func topKRows(
    _ scores: Floats, gumbel: RandomKey?, b: Int, n: Int, k: Int, width: Int, into index: Indices)

  /// allowed[b, ⌈n/32⌉]: all of n items but those that columns first ..< w of rows[b, w] name; a
  /// negative one names none.
  func excludeItems(_ rows: Indices, b: Int, w: Int, first: Int, n: Int, into allowed: Bits)

  /// target[places_i] ← words_i, i < c: words of a mask that changed. Places are distinct.
  func replaceWords(places: Indices, words: Bits, c: Int, into target: Bits)
}

/// Which items may be chosen, a row of packed flags a query. Host memory; `upload` brings it over.
public struct ItemMask: Hashable, Sendable {
  /// B, the queries.
  public let rows: Int
  /// N, the items a query.
  public let items: Int
  /// The flags, 32 a word, lowest bit first; each row begins a word.
  public private(set) var words: [UInt32]

  /// Words of a row.
  public var wordsPerRow: Int { (items + 31) / 32 }

  /// All items allowed, or none.
  public init(rows: Int, items: Int, allowed: Bool) {
    self.rows = rows
    self.items = items
    words = Array(repeating: 0, count: rows * ((items + 31) / 32))
    if allowed { for row in 0..<rows { for item in 0..<items { self[row, item] = true } } }
  }

  /// Whether an item may be chosen in a row.
  public subscript(row: Int, item: Int) -> Bool {
    get { words[row * wordsPerRow + item / 32] & (1 << UInt32(item % 32)) != 0 }
    set {
      let bit: UInt32 = 1 << UInt32(item % 32)
      if newValue {
        words[row * wordsPerRow + item / 32] |= bit
      } else {
        words[row * wordsPerRow + item / 32] &= ~bit
      }
    }
  }

  /// Overwrites a row by one of another mask over as many items.
  public mutating func copyRow(_ source: Int, of other: ItemMask, to row: Int) {
    require(other.items == items, "mask: \(other.items) items for \(items)")
    let from = source * wordsPerRow
    words.replaceSubrange(
      row * wordsPerRow..<(row + 1) * wordsPerRow, with: other.words[from..<from + wordsPerRow])
  }

  /// Allowed items of a row.
  public func count(row: Int) -> Int {
    words[row * wordsPerRow..<(row + 1) * wordsPerRow].reduce(0) { $0 + $1.nonzeroBitCount }
  }
}

/// The flags of an `ItemMask` in device memory, reused from call to call.
public struct DeviceMask {
  let view: Bits
  let rows: Int
  let items: Int
  let backend: any Backend

  /// Room for a mask of that size, undefined until ``upload(_:)``.
  public init(rows: Int, items: Int, on backend: any Backend) {
    let count = rows * ((items + 31) / 32)
    view = Bits(backend.allocate(count), count: count)
    self.rows = rows
    self.items = items
    self.backend = backend
  }

  /// All items but those that columns first ..< W of `rows` [B, W] name; a negative one names none.
  public init(excluding rows: IndexTensor, first: Int = 0, items: Int) {
    require(
      rows.shape.rank == 2 && 0...rows.shape[1] ~= first,
      "mask: items from column \(first) of rows \(rows.shape)")
    self.init(rows: rows.shape[0], items: items, on: rows.backend)
    backend.excludeItems(
      rows.view, b: self.rows, w: rows.shape[1], first: first, n: items, into: view)
  }

  /// Overwrites the flags by those of a mask of this size.
  public func upload(_ mask: ItemMask) {
    require(mask.rows == rows && mask.items == items, "mask: the sizes differ")
    backend.write(mask.words, to: view)
  }
}

/// The k best items of each query, best first.
public struct Ranking {
  /// [B, k]; −1 where fewer than k were allowed.
  public let items: IndexTensor
  /// [B, k]
  public let scores: Tensor
}

extension Tensor {
  /// Scores every row of `items` [N, E] by its dot product with each query of self [B, E], plus
  /// its bias, and keeps the k best of those allowed; of equal scores the lower index first.
  public func topK(
    _ k: Int, items: Tensor, bias: Tensor? = nil, allowed: DeviceMask? = nil
  ) -> Ranking {
    let (b, e, n) = (shape[0], shape[1], items.shape[0])
    require(
      items.shape[1] == e && (bias?.shape.count ?? n) == n && k > 0
        && (allowed.map { $0.rows == b && $0.items == n } ?? true),
      "topK: queries \(shape), items \(items.shape), bias \(String(describing: bias?.shape)), k \(k)"
    )
    let ranking = Ranking(
      items: IndexTensor(uninitialized: [b, k], on: backend),
      scores: Tensor(uninitialized: [b, k], on: backend))
    backend.scoreTopK(
      view, items: items.view, bias: bias?.view, allowed: allowed?.view, b: b, n: n, e: e, k: k,
      into: ranking.items.view, scores: ranking.scores.view)
    return ranking
  }

  /// The k best columns of each row of self [B, N], best first, [B, k]; of equal scores the lower
  /// column first. −∞ and NaN are never chosen: where fewer than k are left the rest is −1.
  ///
  /// With `gumbel` they are a sample without replacement from the softmax of each row, the first
  /// drawn first (Gumbel-top-k: Kool, van Hoof & Welling 2019). No gradient flows through it.
  public func topKRows(_ k: Int, gumbel: RandomKey? = nil) -> IndexTensor {
    require(shape.rank == 2 && k > 0, "topKRows: k \(k) of scores \(shape)")
    let index = IndexTensor(uninitialized: [shape[0], k], on: backend)
    topKRows(k, gumbel: gumbel, into: index)
    return index
  }

  /// The same into the first k columns of slate [B, W]; its other columns stay.
  public func topKRows(_ k: Int, gumbel: RandomKey? = nil, into slate: IndexTensor) {
    require(
      shape.rank == 2 && slate.shape.rank == 2 && slate.shape[0] == shape[0]
        && 1...max(1, slate.shape[1]) ~= k,
      "topKRows: k \(k) of scores \(shape) into \(slate.shape)")
    backend.topKRows(
      view, gumbel: gumbel, b: shape[0], n: shape[1], k: k, width: slate.shape[1], into: slate.view)
  }
}

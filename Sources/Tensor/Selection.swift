/// Which items may be chosen, a row of packed flags a query. Host memory; `upload` brings it over.
public struct ItemMask: Hashable, Sendable {
  /// B, the queries.
  public let rows: Int
  /// N, the items a query.
  public let items: Int
  /// The flags, 32 a word, lowest bit first; each row begins a word.
  public private(set) var words: [UInt32]
  /// Nil for a mask that is uploaded whole. No part of what makes two masks equal.
  private(set) var changes: MaskChanges?

  /// Words of a row.
  public var wordsPerRow: Int { (items + 31) / 32 }

  /// All items allowed, or none.
  public init(rows: Int, items: Int, allowed: Bool) {
    self.rows = rows
    self.items = items
    let width = (items + 31) / 32
    words = Array(repeating: allowed ? ~0 : 0, count: rows * width)
    changes = MaskChanges(words: words.count)
    guard allowed, items % 32 > 0 else { return }
    for row in 0..<rows { words[(row + 1) * width - 1] = 1 << UInt32(items % 32) - 1 }
  }

  public static func == (a: ItemMask, b: ItemMask) -> Bool {
    a.rows == b.rows && a.items == b.items && a.words == b.words
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(rows)
    hasher.combine(items)
    hasher.combine(words)
  }

  /// Whether an item may be chosen in a row.
  public subscript(row: Int, item: Int) -> Bool {
    get { words[row * wordsPerRow + item / 32] & (1 << UInt32(item % 32)) != 0 }
    set {
      let place = row * wordsPerRow + item / 32
      let bit: UInt32 = 1 << UInt32(item % 32)
      replace(place, by: newValue ? words[place] | bit : words[place] & ~bit)
    }
  }

  private mutating func replace(_ place: Int, by word: UInt32) {
    guard words[place] != word else { return }
    words[place] = word
    changes?.add(place)
  }

  /// Overwrites a row by one of another mask over as many items.
  public mutating func copyRow(_ source: Int, of other: ItemMask, to row: Int) {
    require(other.items == items, "mask: \(other.items) items for \(items)")
    let (from, to) = (source * wordsPerRow, row * wordsPerRow)
    for word in 0..<wordsPerRow { replace(to + word, by: other.words[from + word]) }
  }

  /// Allowed items of a row.
  public func count(row: Int) -> Int {
    words[row * wordsPerRow..<(row + 1) * wordsPerRow].reduce(0) { $0 + $1.nonzeroBitCount }
  }
}

/// The flags of an `ItemMask` in device memory, reused from call to call.
public struct DeviceMask {
  package let view: Bits
  let rows: Int
  let items: Int
  let backend: any Backend
  private let held = Held()

  /// The state of a mask that was uploaded last, as its `changes` count it.
  private final class Held {
    weak var origin: MaskChanges.Origin?
    var changes = 0
  }

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

  /// Overwrites the flags by those of a mask of this size. Of a mask of 256 KiB or more only the
  /// words that changed are sent, where an earlier state of it is what was uploaded last.
  ///
  /// What a device that failed holds is not known: a new `DeviceMask` is to follow a `BackendError`.
  public func upload(_ mask: ItemMask) {
    require(mask.rows == rows && mask.items == items, "mask: the sizes differ")
    let places = mask.changes?.places(after: held.changes, since: held.origin)
    (held.origin, held.changes) = (mask.changes?.origin, mask.changes?.count ?? 0)
    guard let places else { return backend.write(mask.words, to: view) }
    let c = places.count
    guard c > 0 else { return }
    let sent = backend.allocate(2 * c)
    backend.write(places + places.map { mask.words[Int($0)] }, to: Bits(sent))
    backend.replaceWords(
      places: Indices(sent, count: c), words: Bits(sent, offset: c), c: c, into: view)
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

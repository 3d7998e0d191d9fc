import Tensor

/// What the numbers of a stored trial may be: no more than all rounds come to.
enum Stored {
  static let counts = 0...1 << 48
  static let totals = 0...1e15
  static let sums = -1e15...1e15
}

extension Array where Element: Comparable {
  /// As many as there were at first, each in `range`.
  func follows(_ fresh: [Element], _ range: ClosedRange<Element>) -> Bool {
    count == fresh.count && allSatisfy(range.contains)
  }
}

extension Philox {
  /// The same sequence, wherever in it.
  func follows(_ fresh: Philox) -> Bool { key == fresh.key && stream == fresh.stream }
}

import DRRCore
import Tensor

/// The order of what a user rated at one time. Half of the neighbours in MovieLens 100K share a
/// time, and files that are sorted by item would tell which came next.
public enum TieOrder: String, Codable, Hashable, Sendable, CaseIterable {
  /// Drawn from the split's seed.
  case drawn
  /// That of the file.
  case file
}

extension RatingsLog {
  /// Every row, user by user in time, rows of one user and time in an order drawn from a seed that
  /// knows nothing of their items.
  ///
  /// - Parameter all: whether all rows of a user are of one time.
  func rowsWithDrawnTies(seed: UInt64, all: Bool) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    for user in 0..<userCount {
      var random = Philox(seed: seed, stream: Streams.tieOrder &+ UInt64(user) << 8)
      shuffleTies(of: &order, in: rows(ofUser: user), all: all, using: &random)
    }
    return order
  }

  /// Shuffles neighbours of one time among rows of one user in time; `all` as if all were of one.
  func shuffleTies(
    of rows: inout [Int32], in range: Range<Int>, all: Bool, using random: inout Philox
  ) {
    var first = range.lowerBound
    while first < range.upperBound {
      let time = times[Int(rows[first])]
      let next =
        range[first...].first { !all && times[Int(rows[$0])] != time } ?? range.upperBound
      if next - first > 1 { rows[first..<next].shuffle(using: &random) }
      first = next
    }
  }
}

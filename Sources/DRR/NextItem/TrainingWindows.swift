import DRRCore
import DRRData
import Tensor

/// What users rated, cut into sequences of at most `window` targets, each after an item that comes
/// before its first target. Every epoch cuts at other places, and draws the order of what was rated
/// at one time anew where the split draws it.
///
/// A sequence is of rows of the log.
package struct TrainingWindows: Sendable {
  private let log: RatingsLog
  private let split: UserSplit
  private let window: Int
  private let users: [Int]
  /// Sequences of an epoch, and the targets in them.
  package let count: Int
  package let targetCount: Int

  /// - Throws: `ConfigurationError` where no user has two ratings to learn from.
  package init(_ log: RatingsLog, _ split: UserSplit, window: Int) throws(ConfigurationError) {
    (self.log, self.split, self.window) = (log, split, window)
    var (users, count, targets) = ([Int](), 0, 0)
    for user in 0..<log.userCount {
      let known = split.visibleRows(of: user, in: log).reduce(0) { sum, _ in sum + 1 }
      guard known > 1 else { continue }
      users.append(user)
      count += Self.pieces(of: known - 1, window)
      targets += known - 1
    }
    if users.isEmpty {
      throw ConfigurationError(
        "\(log.name) has no user with two ratings to learn from; a GRU learns what follows what")
    }
    (self.users, self.count, targetCount) = (users, count, targets)
  }

  private static func pieces(of targets: Int, _ window: Int) -> Int {
    (targets + window - 1) / window
  }

  /// Rows of a user, oldest first.
  package struct Window: Sendable {
    package var rows: [Int32]
    /// Whether the user's log ends with it.
    package var ends: Bool
  }

  /// The items of an epoch's sequences.
  package func sequences(epoch: Int, seed: UInt64) -> [[Int32]] {
    windows(epoch: epoch, seed: seed).map { $0.rows.map { log.items[Int($0)] } }
  }

  /// The sequences of an epoch in the order that it learns them in.
  package func windows(epoch: Int, seed: UInt64) -> [Window] {
    var random = Philox(seed: seed, stream: Streams.sequenceWindows &+ UInt64(epoch) << 8)
    var sequences: [Window] = []
    sequences.reserveCapacity(count)
    for user in users {
      let rows = split.visibleRows(of: user, in: log, redrawing: &random)
      let targets = rows.count - 1
      let pieces = Self.pieces(of: targets, window)
      // The first and the last share what the whole ones between them leave.
      let ends = targets - max(pieces - 2, 0) * window
      let first =
        pieces == 1
        ? targets : Int.random(in: max(1, ends - window)...min(window, ends - 1), using: &random)
      var start = 0
      for end in [first] + (1..<pieces).map({ min(first + $0 * window, targets) }) {
        sequences.append(Window(rows: Array(rows[start...end]), ends: end == targets))
        start = end
      }
    }
    return sequences.shuffled(using: &random)
  }
}

import DRRData
import Tensor

/// The rows of integers that a state module gathers the states of sessions from: the user, and
/// `window` items that tell of them.
public struct StateRows: Hashable, Sendable {
  /// n, the items of a state.
  public let window: Int
  /// Whether these are the latest items of which a reward is known, liked or not, each with its
  /// reward; else the latest liked ones.
  public let readsRewards: Bool

  /// Rows of `window` items.
  public init(window: Int, readsRewards: Bool = false) {
    self.window = window
    self.readsRewards = readsRewards
  }

  /// Integers of a row: [user ; items], or [user ; bits of the rewards ; items].
  public var width: Int { firstItem + window }
  /// The first of the columns that name items, which are the last of a row.
  public var firstItem: Int { readsRewards ? 1 + window : 1 }

  /// The row of a state. Items are oldest first; −1 with a reward of 0 stands in front where there
  /// are fewer than the window.
  public func row(of state: SessionState) -> [Int32] {
    guard readsRewards else { return [state.user] + state.history }
    let shown = state.feedback.suffix(window)
    let known = state.known.suffix(window - shown.count)
    let missing = window - shown.count - known.count
    let rewards = [Float](repeating: 0, count: missing) + known.map(\.reward) + shown.map(\.reward)
    let items = [Int32](repeating: -1, count: missing) + known.map(\.item) + shown.map(\.item)
    return [state.user] + rewards.map { Int32(bitPattern: $0.bitPattern) } + items
  }

  /// The rows of states, [B, width].
  public func indices(of states: [SessionState], on backend: any Backend) -> IndexTensor {
    IndexTensor(states.flatMap { row(of: $0) }, shape: [states.count, width], on: backend)
  }

  /// What each column of a stored row may be, of so many users and items.
  public func columns(users: Int, items: Int) -> [Expected<Int32>] {
    let rewards = [Expected<Int32>](repeating: .finiteBits, count: firstItem - 1)
    return [.below(users)] + rewards
      + [Expected<Int32>](repeating: .belowOrNone(items), count: window)
  }
}

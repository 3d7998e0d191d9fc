import DRRCore
import Tensor

/// Environments that step together: one list of states, one mask, one list of items a step. A
/// session that ends makes room for the next at once.
public struct EnvironmentBatch: Sendable {
  /// The environments, one a row.
  public private(set) var environments: [RatingEnvironment]
  /// [B, N]: what may be recommended next.
  public private(set) var allowed: ItemMask
  /// Number of each environment's session.
  public private(set) var episodes: [Int]
  /// Sessions started.
  public private(set) var begun = 0
  private var order: SessionOrder

  /// `count` environments like `environment`, in sessions 0 ..< count.
  public init(_ environment: RatingEnvironment, count: Int) {
    environments = Array(repeating: environment, count: count)
    allowed = ItemMask(rows: count, items: environment.model.itemCount, allowed: false)
    episodes = Array(repeating: 0, count: count)
    order = environment.order
    for row in 0..<count { begin(row) }
  }

  /// One environment a start, each in the session of its own.
  package init(_ environment: RatingEnvironment, starts: Range<Int>, without: (Int) -> [Int32]) {
    environments = Array(repeating: environment, count: starts.count)
    allowed = ItemMask(
      rows: starts.count, items: environment.model.itemCount, allowed: false)
    episodes = Array(starts)
    order = environment.order
    begun = starts.upperBound
    for (row, start) in starts.enumerated() {
      environments[row].reset(to: start)
      for item in without(start) { environments[row].forbid(item) }
      allowed.copyRow(0, of: environments[row].allowed, to: row)
    }
  }

  /// B, how many step together.
  public var count: Int { environments.count }
  /// Where each environment is.
  public var states: [SessionState] { environments.map(\.state) }

  /// Shows each environment its item. What an ended session led to is its own last state, while
  /// `states` then has the start of the next.
  public mutating func step(_ items: [Int32]) -> [Step<SessionState>] {
    let world = environments[0].world
    let rewards = world.rewards(users: environments.map(\.state.user), items: items)
    return (0..<count).map { row in
      allowed[row, Int(items[row])] = false
      let step = environments[row].step(items[row], earning: rewards[row])
      if step.isLast { begin(row) }
      return step
    }
  }

  /// Begins a session in every environment.
  mutating func beginEpisodes() { for row in 0..<count { begin(row) } }

  private mutating func begin(_ row: Int) {
    begin(row, episode: begun)
    begun += 1
  }

  private mutating func begin(_ row: Int, episode: Int) {
    episodes[row] = episode
    environments[row].reset(to: order.start(ofEpisode: episode))
    allowed.copyRow(0, of: environments[row].allowed, to: row)
  }

  /// Adds which session every environment is in, and what was chosen there.
  package func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    let sessions = environments.map(\.chosen)
    try file.add("\(prefix).chosen", sessions.flatMap { $0 })
    try file.add("\(prefix).chosen_counts", sessions.map { Int64($0.count) })
    try file.add("\(prefix).episodes", episodes.map { Int64($0) })
  }

  /// The batch with every environment where ``save(to:_:)`` found it.
  ///
  /// - Parameter begun: sessions that were begun in all.
  package func restored(
    from file: SafetensorsFile, _ prefix: String, begun: Int
  ) throws(CheckpointError) -> EnvironmentBatch {
    let chosen = try file.lists(
      "\(prefix).chosen", .below(allowed.items), lengths: "\(prefix).chosen_counts", count: count)
    let episodes = try file.integers("\(prefix).episodes", .below(begun), shape: [count])
    var batch = self
    batch.begun = begun
    for (row, (episode, items)) in zip(episodes, chosen).enumerated() {
      batch.begin(row, episode: episode)
      for item in items {
        try file.require(
          batch.allowed[row, Int(item)], "\(prefix).chosen", "has \(item) in session \(row)",
          "an item that may be chosen there")
        batch.allowed[row, Int(item)] = false
        let step = batch.environments[row].step(item)
        try file.require(
          !step.isLast, "\(prefix).chosen", "has \(items.count) items in session \(row)",
          "none past its end")
      }
    }
    return batch
  }
}

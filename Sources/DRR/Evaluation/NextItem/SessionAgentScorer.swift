import Agents
import DRRData
import Environments
import Tensor

/// An agent's action for what a user has done so far, scored against every item.
///
/// Its session begins where the user's visible ratings end, with the latest of them, and everything
/// after that is the user's reward of what the session has shown. Of items without a visible rating
/// nothing is known: they are never recommended.
public struct SessionAgentScorer: NextItemScorer {
  public let name: String
  let agent: any SessionAgent
  /// Items that a state has.
  let window: Int
  let rated: [Bool]
  /// [E, N]
  private let items: Tensor

  /// A scorer under the name that tables have. Waits for the device.
  public init(
    _ name: String, _ agent: any SessionAgent, window: Int, _ statistics: ItemStatistics
  ) throws {
    self.name = name
    self.agent = agent
    self.window = window
    rated = statistics.counts.map { $0 > 0 }
    let (n, e) = (agent.itemCount, agent.items.shape[1])
    let rows = try agent.items.host()
    var columns = [Float](repeating: 0, count: rows.count)
    for item in 0..<n {
      for j in 0..<e { columns[j * n + item] = rows[item * e + j] }
    }
    items = Tensor(columns, shape: [e, n], on: agent.backend)
  }

  public func scores(_ queries: [NextItemQuery]) throws -> [[Float]] {
    let n = agent.itemCount
    var all: [[Float]] = []
    for start in stride(from: 0, to: queries.count, by: 256) {
      let block = queries[start..<min(start + 256, queries.count)]
      let scores = try agent.act(block.map { state(for: $0) }).multiplied(by: items).host()
      for row in 0..<block.count {
        all.append(
          zip(scores[row * n..<(row + 1) * n], rated).map { $1 ? $0 : -.infinity })
      }
    }
    return all
  }

  package func state(for query: NextItemQuery) -> SessionState {
    let (items, rewards) = (query.items, query.rewards)
    let session = items.startIndex + query.visibleCount
    let known = zip(items, rewards).prefix(query.visibleCount).map {
      ItemReward(item: $0, reward: $1)
    }
    let liked = known.filter { $0.reward > 0 }.map(\.item).suffix(window)
    let missing = [Int32](repeating: -1, count: window - liked.count)
    var state = SessionState(
      user: query.user, history: missing + liked, known: known.suffix(window))
    for at in session..<items.endIndex { state.observe(items[at], rewards[at]) }
    return state
  }
}

/// What simulated sessions came to; means are over sessions.
public struct SimulationStatistics: Codable, Hashable, Sendable {
  public struct Mean: Codable, Hashable, Sendable {
    public var mean: Double
    public var standardError: Double
  }

  public struct Bin: Codable, Hashable, Sendable {
    public var clicks: Int
    public var sessions: Int
  }

  /// Coverage is told for the best 1, 2, ... of this many items.
  public static let coverageDepth = 10

  public var sessions: Int
  /// Sum of a session's rewards.
  public var reward: Mean
  /// After the start.
  public var clicks: Mean
  /// The share of sessions with any click, and of those that their users left.
  public var clickedShare: Double
  public var endedShare: Double
  /// Sessions with so many clicks, ascending.
  public var lengths: [Bin]
  /// Lists shown, those at which users left among them.
  public var lists: Int
  /// coverage[r − 1]: over all lists shown, the share of the r items worth most in the state that
  /// were in the list.
  public var coverage: [Double]
  /// Different items that were shown.
  public var distinctItems: Int
}

/// Sums over sessions.
struct SimulationTally {
  private(set) var sessions = 0
  private var (reward, rewardSquares) = (0.0, 0.0)
  private var (clicks, clickSquares) = (0.0, 0.0)
  private var (clicked, ended, lists) = (0, 0, 0)
  private var lengths: [Int: Int] = [:]
  private var covered: [Int] = []
  private var shown: [Bool]

  init(items: Int) { shown = Array(repeating: false, count: items) }

  mutating func add(_ session: SimulatedSession) {
    sessions += 1
    let earned = session.rewards.reduce(0) { $0 + Double($1) }
    let count = session.clicks.count - 1
    reward += earned
    rewardSquares += earned * earned
    clicks += Double(count)
    clickSquares += Double(count * count)
    clicked += count > 0 ? 1 : 0
    ended += session.ended ? 1 : 0
    lengths[count, default: 0] += 1
    lists += session.listCount
    if covered.isEmpty { covered = Array(repeating: 0, count: session.covered.count) }
    for (rank, found) in session.covered.enumerated() { covered[rank] += found }
    for item in session.lists { shown[Int(item)] = true }
  }

  var statistics: SimulationStatistics {
    let count = Double(max(sessions, 1))
    func mean(_ sum: Double, _ squares: Double) -> SimulationStatistics.Mean {
      let mean = sum / count
      let variance = max(0, squares - count * mean * mean) / max(count - 1, 1)
      return SimulationStatistics.Mean(
        mean: mean, standardError: (variance / count).squareRoot())
    }
    return SimulationStatistics(
      sessions: sessions, reward: mean(reward, rewardSquares), clicks: mean(clicks, clickSquares),
      clickedShare: Double(clicked) / count, endedShare: Double(ended) / count,
      lengths: lengths.sorted { $0.key < $1.key }.map {
        SimulationStatistics.Bin(clicks: $0.key, sessions: $0.value)
      }, lists: lists,
      coverage: covered.enumerated().map { rank, found in
        Double(found) / Double(max(lists, 1) * (rank + 1))
      }, distinctItems: shown.count { $0 })
  }
}

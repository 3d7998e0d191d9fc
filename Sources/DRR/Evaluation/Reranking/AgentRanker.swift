import Agents
import DRRCore
import DRRData
import Environments
import Tensor

/// How an agent acted and what it expected.
public struct PolicyStatistics: Codable, Hashable, Sendable {
  /// Share of the actions' coordinates beyond ±0.95, where tanh has hardly any slope left.
  public var saturation: Double
  /// Mean Q(s₀, a₀), the critic's estimate of the return; nil of a policy that no critic of its own
  /// stands beside.
  public var expectedReturn: Double?
  /// Mean discounted sum of the rewards of the first pick and the rest of the list.
  public var discountedReturn: Double
  /// By how much the critic expects too much.
  public var overestimation: Double? { expectedReturn.map { $0 - discountedReturn } }

  /// The mean over runs.
  package init?(mean runs: [PolicyStatistics]) {
    guard !runs.isEmpty else { return nil }
    let count = Double(runs.count)
    saturation = runs.reduce(0) { $0 + $1.saturation } / count
    let expected = runs.compactMap(\.expectedReturn)
    expectedReturn =
      expected.count == runs.count ? expected.reduce(0, +) / count : nil
    discountedReturn = runs.reduce(0) { $0 + $1.discountedReturn } / count
  }

  init(saturation: Double, expectedReturn: Double?, discountedReturn: Double) {
    self.saturation = saturation
    self.expectedReturn = expectedReturn
    self.discountedReturn = discountedReturn
  }
}

/// An agent that picks one item after another, its history following what it finds (Liu et al.
/// 2018, algorithm 2).
public struct AgentRanker: Ranker {
  public let name: String
  /// The agent, which is not changed.
  public let agent: any SessionAgent
  /// ε, with which a pick is that of an action drawn from U(0, 0.1) in each of its dimensions.
  private var exploration: Float = 0
  private let isValued: Bool
  private var seed: UInt64 = 0

  /// An agent under the name that tables have.
  ///
  /// - Parameter isValued: whether its critic learned with it, so that what it expects means
  ///   something.
  public init(_ name: String, _ agent: any SessionAgent, isValued: Bool = true) {
    self.name = name
    self.agent = agent
    self.isValued = isValued && agent.hasCritic
  }

  /// The same agent, exploring with draws of a seed.
  public func exploring(_ exploration: Float, seed: UInt64) -> AgentRanker {
    var ranker = self
    (ranker.exploration, ranker.seed) = (exploration, seed)
    return ranker
  }

  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists {
    try rank(sessions, length: length, among: SoleCollective(), progress: progress)
  }

  /// Sessions go in blocks, so that memory does not grow with their number. Ranks share the blocks:
  /// a product's bits may depend on how many rows it has.
  public func rank(
    _ sessions: [Session], length: Int, among ranks: any Collective,
    progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists {
    let blocks = stride(from: 0, to: sessions.count, by: 256).map {
      $0..<min($0 + 256, sessions.count)
    }
    var tally = Tally()
    var picks: [[Int32]] = []
    for block in blocks[ranks.share(of: blocks.count)] {
      picks += try rollOut(
        Array(sessions[block]), length: length, draw: UInt64(block.lowerBound) << 16, &tally)
      progress(min(picks.count * ranks.size, sessions.count))
    }
    picks = try ranks.gather(picks)
    let values = try ranks.allGather(tally.values).flatMap { $0 }
    let counts = try ranks.allGather([tally.saturated, tally.coordinates])
    var (expected, discounted) = (0.0, 0.0)
    for block in blocks {
      if isValued { expected += values[block].reduce(0) { $0 + Double($1) } }
      var discount = 1.0
      for step in 0..<length {
        for row in block where step < picks[row].count {
          discounted += discount * Double(sessions[row].reward(of: picks[row][step])!)
        }
        discount *= Double(agent.discount)
      }
    }
    let sessionCount = Double(max(sessions.count, 1))
    let coordinates = counts.reduce(0) { $0 + $1[1] }
    let policy = PolicyStatistics(
      saturation: Double(counts.reduce(0) { $0 + $1[0] }) / Double(max(coordinates, 1)),
      expectedReturn: isValued ? expected / sessionCount : nil,
      discountedReturn: discounted / sessionCount)
    return RankedLists(picks: picks, policy: policy)
  }

  private struct Tally {
    var (saturated, coordinates) = (0, 0)
    /// What the critic expects of each session's first pick.
    var values: [Float] = []
  }

  private func rollOut(
    _ sessions: [Session], length: Int, draw: UInt64, _ tally: inout Tally
  ) throws -> [[Int32]] {
    // Candidates that are left, −1 behind them and in the place of a pick.
    let longest = max(1, sessions.map(\.candidates.count).max() ?? 0)
    var left = sessions.flatMap {
      $0.candidates + Array(repeating: -1, count: longest - $0.candidates.count)
    }
    var states = sessions.map { SessionState($0) }
    var picks = [[Int32]](repeating: [], count: sessions.count)
    for step in 0..<length {
      let action = agent.act(states)
      if exploration > 0 {
        let counter = draw + UInt64(step)
        action.replaceRows(
          probability: exploration, low: 0, high: 0.1,
          coin: RandomKey(seed: seed, stream: Streams.evaluationCoin, counter: counter),
          values: RandomKey(seed: seed, stream: Streams.evaluationVector, counter: counter))
      }
      let rows = IndexTensor(left, shape: [sessions.count, longest], on: agent.backend)
      let columns = try action.candidateScores(rows, items: agent.items, absent: -.infinity)
        .topKRows(1).host()
      let items = columns.enumerated().map { $1 < 0 ? -1 : left[$0 * longest + Int($1)] }
      if step == 0, isValued {
        tally.values += try agent.value(of: action, picking: items, in: states)
      }
      let coordinates = try action.host()
      let width = coordinates.count / sessions.count
      for (row, item) in items.enumerated() {
        // A session whose candidates are used up is over.
        guard item >= 0, let reward = sessions[row].reward(of: item) else { continue }
        picks[row].append(item)
        left[row * longest + Int(columns[row])] = -1
        states[row].observe(item, reward)
        tally.coordinates += width
        tally.saturated += coordinates[row * width..<(row + 1) * width].count { abs($0) > 0.95 }
      }
    }
    return picks
  }
}

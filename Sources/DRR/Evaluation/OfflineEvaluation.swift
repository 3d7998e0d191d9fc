import Tensor

/// Figures of one ranker over the same sessions.
public struct RankerResult: Codable, Sendable {
  public struct Row: Codable, Sendable {
    public var k: Int
    public var precision: Estimate
    public var ndcg: Estimate
    public var reward: Estimate
  }
  public var name: String
  public var rows: [Row]
}

/// Re-ranks logged sessions (Liu et al. 2018, algorithm 2), one set of users for every K.
public struct OfflineEvaluation: Sendable {
  public let sessions: [Session]
  public let cutoffs: [Int]
  let seed: UInt64

  public init(sessions: [Session], cutoffs: [Int], seed: UInt64) {
    self.sessions = sessions
    self.cutoffs = cutoffs
    self.seed = seed
  }

  /// Picks a list is made of.
  public var length: Int { cutoffs.max()! }

  public func evaluate(_ baseline: some Baseline) -> RankerResult {
    let picks = sessions.map { session in
      let scores = baseline.scores(session)
      // Candidates ascend, so a stable order gives ties to the lower item.
      let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
      return order.prefix(length).map { session.rewards[$0] }
    }
    return result(baseline.name, picks)
  }

  /// Lets an agent pick one item after another, her history following what it finds. Sessions go
  /// in blocks, so that memory does not grow with their number.
  ///
  /// - Parameter exploration: ε, with which a pick is that of an action drawn from U(0, 0.1) in
  ///   each of its dimensions; 1 ranks by random actions alone.
  public func evaluate(
    _ name: String, _ agent: DRRAgent, exploration: Float = 0,
    progress: (_ sessionsDone: Int) -> Void = { _ in }
  ) throws -> RankerResult {
    var picks: [[Float]] = []
    picks.reserveCapacity(sessions.count)
    for start in stride(from: 0, to: sessions.count, by: 256) {
      picks += try rollOut(
        Array(sessions[start..<min(start + 256, sessions.count)]), agent, exploration,
        draw: UInt64(start) << 16)
      progress(picks.count)
    }
    return result(name, picks)
  }

  /// The rewards of the agent's picks, a row a session; fewer than `length` where it runs dry.
  private func rollOut(
    _ sessions: [Session], _ agent: DRRAgent, _ exploration: Float, draw: UInt64
  ) throws -> [[Float]] {
    var allowed = ItemMask(rows: sessions.count, items: agent.itemCount, allowed: false)
    for (row, session) in sessions.enumerated() {
      for item in session.candidates { allowed[row, Int(item)] = true }
    }
    let mask = DeviceMask(rows: sessions.count, items: agent.itemCount, on: agent.backend)
    var histories = sessions.map(\.history)
    var picks = [[Float]](repeating: [], count: sessions.count)
    let rewards = sessions.map { session in
      Dictionary(uniqueKeysWithValues: zip(session.candidates, session.rewards))
    }
    for pick in 0..<length {
      mask.upload(allowed)
      let states = zip(sessions, histories).map { [$0.user] + $1 }
      let action = agent.act(states)
      if exploration > 0 {
        let counter = draw + UInt64(pick)
        action.replaceRows(
          probability: exploration, low: 0, high: 0.1,
          coin: RandomKey(seed: seed, stream: Streams.evaluationCoin, counter: counter),
          values: RandomKey(seed: seed, stream: Streams.evaluationVector, counter: counter))
      }
      let items = try action.topK(1, items: agent.items, allowed: mask).items.host()
      for (row, item) in items.enumerated() where item >= 0 {
        let reward = rewards[row][item]!
        picks[row].append(reward)
        allowed[row, Int(item)] = false
        if reward > 0 { histories[row] = histories[row].dropFirst() + [item] }
      }
    }
    return picks
  }

  /// Each K over the sessions that have K candidates; no row where none has.
  private func result(_ name: String, _ picks: [[Float]]) -> RankerResult {
    RankerResult(
      name: name,
      rows: cutoffs.compactMap { k in
        let ranked = zip(picks, sessions).filter { $1.candidates.count >= k }
        guard !ranked.isEmpty else { return nil }
        let picks = ranked.map(\.0)
        return RankerResult.Row(
          k: k,
          precision: Estimate(picks.map { RankingMetrics.precision($0, at: k) }, seed: seed),
          ndcg: Estimate(
            ranked.compactMap {
              RankingMetrics.normalizedGain($0, at: k, likedCandidates: $1.likedCount)
            }, seed: seed),
          reward: Estimate(picks.map { RankingMetrics.averageReward($0, at: k) }, seed: seed))
      })
  }
}

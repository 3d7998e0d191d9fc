import Tensor

/// A scorer of items, as a policy that fills lists with the best of them.
public final class ScorerPolicy: ListPolicy {
  public let name: String
  private let scorer: any SessionScorer
  private let itemCount: Int
  private var clicks: [[Int32]] = []

  public init(_ scorer: any SessionScorer, itemCount: Int) {
    name = scorer.name
    self.scorer = scorer
    self.itemCount = itemCount
  }

  public func begin(_ starts: [Int32], seed: UInt64) { clicks = starts.map { [$0] } }

  public func observe(_ observed: [Int32]) {
    for (session, click) in observed.enumerated() where click >= 0 { clicks[session].append(click) }
  }

  public func lists(of size: Int) throws -> [Int32] {
    // A step that is to be predicted stands behind every session.
    var log = SessionLog(name: name, format: "open", checksum: "", itemCount: itemCount)
    var positions: [SessionPosition] = []
    for (session, clicks) in clicks.enumerated() {
      for click in clicks { log.addStep(click: click) }
      positions.append(SessionPosition(session: session, step: log.stepCount))
      log.addStep(click: 0)
      log.endSession(ended: false)
    }
    var lists: [Int32] = []
    let share = max(16, min(1_024, (8 << 20) / itemCount))
    for start in stride(from: 0, to: positions.count, by: share) {
      let part = positions[start..<min(start + share, positions.count)]
      let scores = try scorer.scores(at: part, of: log)
      for row in 0..<part.count {
        lists += best(size, of: scores[row * itemCount..<(row + 1) * itemCount])
      }
    }
    return lists
  }

  /// Of equal scores the lower item first.
  private func best(_ size: Int, of scores: ArraySlice<Float>) -> [Int32] {
    scores.indices.sorted { scores[$0] > scores[$1] || scores[$0] == scores[$1] && $0 < $1 }
      .prefix(size).map { Int32($0 - scores.startIndex) }
  }
}

/// How well the clicks of a log are foreseen among what was shown: the re-ranking form.
public struct SessionScore: Codable, Hashable, Sendable {
  /// Share of positions whose click ranks first, and within the first ten, of at least ten shown.
  public var precision1: Double
  public var precision10: Double
  /// Mean of 1 / rank.
  public var reciprocalRank: Double

  init(_ scorer: any SessionScorer, on log: SessionLog) throws {
    let positions = log.positions.filter { log.list(of: $0.step).count >= 10 }
    var (first, ten, reciprocal) = (0.0, 0.0, 0.0)
    let share = max(16, min(1_024, (8 << 20) / log.itemCount))
    for start in stride(from: 0, to: positions.count, by: share) {
      let part = positions[start..<min(start + share, positions.count)]
      let scores = try scorer.scores(at: part, of: log)
      for (row, position) in part.enumerated() {
        let at = row * log.itemCount
        let clicked = scores[at + Int(log.clicks[position.step])]
        let rank = log.list(of: position.step).count { scores[at + Int($0)] > clicked }
        first += rank < 1 ? 1 : 0
        ten += rank < 10 ? 1 : 0
        reciprocal += 1 / Double(rank + 1)
      }
    }
    let count = Double(max(1, positions.count))
    precision1 = first / count
    precision10 = ten / count
    reciprocalRank = reciprocal / count
  }
}

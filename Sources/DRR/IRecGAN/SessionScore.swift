import ClickSessions

/// How well the clicks of validation sessions are predicted among what was shown.
public struct SessionScore: Codable, Hashable, Sendable {
  /// Share of positions whose click ranks first, and within the first ten.
  public var precision1: Double
  public var precision10: Double
  /// Mean of 1 / rank.
  public var reciprocalRank: Double

  init(_ summary: SessionScores.Summary) {
    precision1 = summary.reranking[0].mean
    precision10 = summary.reranking[1].mean
    reciprocalRank = summary.reciprocalRank.mean
  }
}

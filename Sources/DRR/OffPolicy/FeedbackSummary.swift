import DRRCore

/// What a log of decisions holds.
public struct FeedbackSummary: Codable, Hashable, Sendable {
  public struct Position: Codable, Hashable, Sendable {
    public var id: String
    public var decisions: Int
    public var meanReward: Double
    /// Actions that were taken there.
    public var actions: Int
    public var smallestPropensity: Double
    public var largestPropensity: Double
    /// The mean of 1 / propensity over the number of actions: about 1 where every action could be
    /// taken and the propensities are right.
    public var inverseSum: Double
  }

  public var name: String
  public var decisions: Int
  /// Actions; the most candidates of a decision, where each had its own.
  public var actions: Int
  /// The mean number of candidates of a decision; nil where all could take every action.
  public var candidates: Double?
  public var clusters: Int
  public var clustering: String
  public var largestCluster: Int
  public var contextColumns: Int
  public var meanReward: Double
  public var smallestReward: Double
  public var largestReward: Double
  public var smallestPropensity: Double
  public var largestPropensity: Double
  public var positions: [Position]
  /// What whoever reads values of the log has to know; nil where that is nothing.
  public var notes: [String]?

  /// What decisions chose from, in words.
  package var choices: String {
    guard let candidates else { return "\(grouped(actions)) actions" }
    return "\(decimal(candidates, 1)) candidates on average, at most \(grouped(actions))"
  }
}

extension LoggedFeedback {
  public var summary: FeedbackSummary {
    var sizes = [Int](repeating: 0, count: clusterCount)
    for cluster in clusters { sizes[Int(cluster)] += 1 }
    let byPosition = Dictionary(grouping: 0..<count) { positions[$0] }
    let rows = positionIDs.indices.map { position in
      let rows = byPosition[Int32(position)] ?? []
      let n = max(rows.reduce(0) { $0 + multiplicity($1) }, 1)
      let propensities = rows.map { self.propensities[$0] }
      return FeedbackSummary.Position(
        id: positionIDs[position], decisions: rows.count,
        meanReward: rows.reduce(0) { $0 + multiplicity($1) * rewards[$1] } / n,
        actions: Set(rows.map { actions[$0] }).count,
        smallestPropensity: propensities.min() ?? 0, largestPropensity: propensities.max() ?? 0,
        inverseSum: rows.reduce(0) {
          $0 + multiplicity($1) / self.propensities[$1] / Double(choiceCount($1))
        } / n)
    }
    return FeedbackSummary(
      name: name, decisions: count, actions: actionCount,
      candidates: candidates.isEmpty ? nil : candidates.mean, clusters: clusterCount,
      clustering: clustering, largestCluster: sizes.max() ?? 0,
      contextColumns: context.count > 0 ? context.width : 0,
      meanReward: rewards.indices.reduce(0) { $0 + multiplicity($1) * rewards[$1] } / max(total, 1),
      smallestReward: rewards.min() ?? 0, largestReward: rewards.max() ?? 0,
      smallestPropensity: propensities.min() ?? 0, largestPropensity: propensities.max() ?? 0,
      positions: rows, notes: notes.isEmpty ? nil : notes)
  }
}

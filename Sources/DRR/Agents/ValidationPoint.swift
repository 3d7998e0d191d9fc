/// What the policy of a step is worth to the validation users: a line of the metrics.
public struct ValidationPoint: Codable, Hashable, Sendable {
  public var step: Int
  public var precision5: Double
  public var precision10: Double
  public var ndcg10: Double

  public init(step: Int, precision5: Double, precision10: Double, ndcg10: Double) {
    self.step = step
    self.precision5 = precision5
    self.precision10 = precision10
    self.ndcg10 = ndcg10
  }
}

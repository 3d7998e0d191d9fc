/// What the policy of a step is worth to the validation users: a line of the metrics.
public struct ValidationPoint: Codable, Hashable, Sendable {
  /// The step that the policy is of.
  public var step: Int
  /// P@5: the fraction of the first 5 items with a reward above 0, the mean over users.
  public var precision5: Double
  /// P@10, likewise.
  public var precision10: Double
  /// NDCG@10 with binary gain, the mean over users; by it the best policy is chosen.
  public var ndcg10: Double
  /// Whether the algorithm had made an update of the policy by then: what prepared it, such as
  /// cloning, is none. Nil of older runs, where it is not known.
  public var learned: Bool?

  /// A point by its parts.
  public init(step: Int, precision5: Double, precision10: Double, ndcg10: Double, learned: Bool?) {
    self.step = step
    self.precision5 = precision5
    self.precision10 = precision10
    self.ndcg10 = ndcg10
    self.learned = learned
  }
}

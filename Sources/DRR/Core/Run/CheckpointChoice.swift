/// Which policy of a training is the run's agent.
public enum CheckpointChoice: String, Codable, CaseIterable, Hashable, Sendable,
  CustomStringConvertible
{
  /// That of the best NDCG@10 on the validation users, the earlier of two equal ones.
  case best
  /// That of the last step.
  case last

  public var description: String { rawValue }
}

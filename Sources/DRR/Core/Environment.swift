/// What a step led to. `terminated`: the task ended, so nothing is worth anything after it.
/// `truncated`: time ran out, so the value after it still counts. Never merged into one flag.
public struct Step<Observation: Sendable>: Sendable {
  public var observation: Observation
  public var reward: Float
  public var terminated: Bool
  public var truncated: Bool

  public init(observation: Observation, reward: Float, terminated: Bool, truncated: Bool) {
    self.observation = observation
    self.reward = reward
    self.terminated = terminated
    self.truncated = truncated
  }

  public var isLast: Bool { terminated || truncated }
}

/// A world to act in, as in Gymnasium.
public protocol Environment {
  associatedtype Observation: Sendable
  associatedtype Action
  /// Begins an episode. The n-th has the same start whenever it is asked for.
  mutating func reset(episode: Int) -> Observation
  mutating func step(_ action: Action) -> Step<Observation>
}

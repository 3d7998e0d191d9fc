/// What a step led to. `terminated`: the task ended, so nothing is worth anything after it.
/// `truncated`: time ran out, so the value after it still counts. Never merged into one flag.
public struct Step<Observation: Sendable>: Sendable {
  /// What is seen after the step.
  public var observation: Observation
  /// r, what the action earned.
  public var reward: Float
  /// Whether the task ended, so that nothing is worth anything after this step.
  public var terminated: Bool
  /// Whether time ran out, so that the value of `observation` still counts.
  public var truncated: Bool

  /// A step by its parts; not both of `terminated` and `truncated`.
  public init(observation: Observation, reward: Float, terminated: Bool, truncated: Bool) {
    self.observation = observation
    self.reward = reward
    self.terminated = terminated
    self.truncated = truncated
  }

  /// Whether the episode is over, for either reason.
  public var isLast: Bool { terminated || truncated }

  /// The same step, seen in another way.
  package func map<T: Sendable>(_ change: (Observation) -> T) -> Step<T> {
    Step<T>(
      observation: change(observation), reward: reward, terminated: terminated,
      truncated: truncated)
  }
}

/// An environment to act in, as in Gymnasium.
public protocol Environment {
  /// What an agent sees of the state.
  associatedtype Observation: Sendable
  /// What an agent chooses.
  associatedtype Action
  /// Begins an episode. The n-th has the same start whenever it is asked for.
  mutating func reset(episode: Int) -> Observation
  /// Takes an action. Not called after an episode's last step, before the next ``reset(episode:)``.
  mutating func step(_ action: Action) -> Step<Observation>
}

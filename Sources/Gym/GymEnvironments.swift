import DRRCore
import Tensor

/// What a joint step came to.
public struct GymOutcome: Hashable, Sendable {
  /// [B], what the step earned.
  public var rewards: [Float]
  /// [B], whether it ended the episode, so that nothing is worth anything after it.
  public var terminated: [Bool]
  /// [B], whether it was the last that is played, so that what follows still counts.
  public var truncated: [Bool]
  /// [ended, W]: of each ended episode, in the order of the environments, the last observation.
  public var last: Numbers

  /// An outcome by its parts.
  public init(rewards: [Float], terminated: [Bool], truncated: [Bool], last: Numbers) {
    (self.rewards, self.terminated, self.truncated) = (rewards, terminated, truncated)
    self.last = last
  }
}

/// Environments that step together, as Gymnasium has them: spaces, observations as rows of numbers,
/// and masks. An episode that ends makes room for the next in the same step (`SAME_STEP`).
public protocol GymEnvironments {
  /// B, how many environments step together.
  var count: Int { get }
  /// What is seen.
  var observationSpace: Space { get }
  /// What is chosen.
  var actionSpace: Space { get }
  /// [B, W], what is seen of each environment now.
  var observations: Numbers { get }
  /// [B, actions]: which actions may be chosen next; nil where all may.
  var allowed: ItemMask? { get }
  /// Takes an action in each environment.
  ///
  /// - Parameter actions: [B, A], each in the space of actions.
  mutating func step(_ actions: Numbers) -> GymOutcome
  /// Begins the next episode in each.
  mutating func beginEpisodes()
}

/// A world, of which there can be as many environments as wanted.
public struct GymWorld: Sendable {
  /// What people call it.
  public let name: String
  private let make: @Sendable (_ count: Int, _ seed: UInt64) throws -> any GymEnvironments

  /// A world by its name and how environments of a seed are made, in their first episodes.
  public init(
    _ name: String,
    make: @escaping @Sendable (_ count: Int, _ seed: UInt64) throws -> any GymEnvironments
  ) {
    (self.name, self.make) = (name, make)
  }

  /// Environments of a seed, in their first episodes: those of `drr`'s own runs in the world.
  public func environments(count: Int, seed: UInt64) throws -> any GymEnvironments {
    try ConfigurationError.require("num envs", count, in: 1...65_536)
    return try make(count, seed)
  }
}

import DRRCore
import Tensor

/// Simulated users side by side that an agent sees as numbers: what each is known by, the documents
/// that may be shown, and the response to the last slate. What is hidden from an agent stands apart,
/// behind ``hidden(_:)``.
///
/// A step is `step(actions)`, after which `rows` has what each action led to and earned, and then
/// `beginEnded()`, which makes room for the next episodes. An ended environment that is not begun
/// anew stays as it is and earns nothing.
///
/// Draws are named by the seed, the number of the environment, the episode and the step: how
/// environments are split into batches, and what was chosen before, changes none of them. The users
/// and documents of an episode are the same for every policy.
public protocol FeatureEnvironments<Action>: BatchedEnvironments, Sendable {
  /// `Int32` where an action is a slate of candidates, `Float` where it is a vector in [−1, 1].
  associatedtype Action: TensorElement
  /// What an agent does not see of one environment.
  associatedtype Hidden
  /// What people call it.
  static var name: String { get }
  /// Observations, rewards and ends.
  var rows: WorldRows { get }
  /// Numbers of one action.
  var actionWidth: Int { get }
  /// [B, N]: the candidates that may be shown next; nil where all may.
  var allowed: ItemMask? { get }
  /// Takes an action in each environment.
  ///
  /// - Parameter actions: [B, `actionWidth`]: different candidates, 0 ..< N, first places first; or
  ///   numbers, which are kept within [−1, 1].
  mutating func step(_ actions: [Action])
  /// Begins the next episode of one environment.
  mutating func begin(_ row: Int)
  /// Begins the next episode of each.
  mutating func beginEpisodes()
  /// The door for oracles: what no agent sees.
  func hidden(_ row: Int) -> Hidden
}

extension FeatureEnvironments {
  public var count: Int { rows.count }
  public var allowed: ItemMask? { nil }

  public mutating func beginEpisodes() { for row in 0..<count { begin(row) } }

  /// Begins the next episode where one has ended.
  public mutating func beginEnded() { for row in 0..<count where rows.hasEnded(row) { begin(row) } }
}

extension FeatureEnvironments where Action == Float {
  public var observationWidth: Int {
    let layout = rows.observation.layout
    require(layout.user == layout.width, "\(Self.name): it shows \(layout), and no users alone")
    return layout.width
  }

  public var observations: [[Float]] { (0..<count).map { Array(rows.observation.user($0)) } }

  public mutating func take(_ actions: [Float]) -> [Step<[Float]>] {
    step(actions)
    let steps = zip(observations, 0...).map { seen, row in
      Step(
        observation: seen, reward: rows.rewards[row], terminated: rows.terminated[row],
        truncated: rows.truncated[row])
    }
    beginEnded()
    return steps
  }
}

extension FeatureEnvironments where Action == Int32 {
  /// Traps on slates that are none.
  func requireSlates(_ slates: [Int32]) {
    let (width, candidates) = (actionWidth, Int32(rows.observation.layout.candidates))
    require(
      slates.count == count * width,
      "\(Self.name): \(slates.count) numbers for \(count) slates of \(width)")
    for start in stride(from: 0, to: slates.count, by: width) {
      for place in start..<start + width {
        let chosen = slates[place]
        var isGood = chosen >= 0 && chosen < candidates
        for other in start..<place where slates[other] == chosen { isGood = false }
        require(isGood, "\(Self.name): \(chosen) in a slate of different ones of \(candidates)")
      }
    }
  }
}

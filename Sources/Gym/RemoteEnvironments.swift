import Agents
import DRRCore
import Environments
import Tensor

/// A world of another program whose actions can be counted. A row is the state's number, or the
/// bits of what is seen.
public struct RemoteEnvironments: ActionEnvironments {
  private let world: RemoteWorld

  /// The environments of a world of `Discrete` actions.
  public init(_ world: RemoteWorld) { self.world = world }

  public var count: Int { world.count }
  public var rowWidth: Int { world.identity.observations.width }
  public var actionCount: Int { world.identity.actions.count }
  public var columns: [Expected<Int32>] {
    if case .discrete(let n) = world.identity.observations { return [.below(n)] }
    return Array(repeating: .finiteBits, count: rowWidth)
  }
  public var rows: [[Int32]] { world.observations.rows(of: rowWidth) }
  public var allowed: ItemMask? { world.allowed }
  public var logged: [Int32]? { nil }
  public var keepsEpisodes: Bool { false }

  public mutating func step(_ actions: [Int32]) throws -> [Step<[Int32]>] {
    let outcome = try world.step(.whole(actions))
    return outcome.steps(world.observations.rows(of: rowWidth), outcome.last.rows(of: rowWidth))
  }

  public mutating func beginEpisodes() throws { try world.beginEpisodes() }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try world.save(to: &file, prefix)
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    try world.restore(from: file, prefix)
  }
}

/// A world of another program whose observations and actions are boxes. An action's −1 ... 1 are the
/// bounds of the box.
public struct RemoteVectors: VectorEnvironments {
  private let world: RemoteWorld
  private let ranges: [ClosedRange<Float>]

  /// The environments of a world of bounded `Box` actions.
  ///
  /// - Parameter ranges: the bounds of each number of an action.
  public init(_ world: RemoteWorld, ranges: [ClosedRange<Float>]) {
    (self.world, self.ranges) = (world, ranges)
  }

  public var count: Int { world.count }
  public var observationWidth: Int { world.identity.observations.width }
  public var actionWidth: Int { ranges.count }
  public var observations: [[Float]] { world.observations.floats.rows(of: observationWidth) }
  public var keepsEpisodes: Bool { false }

  public mutating func take(_ actions: [Float]) throws -> [Step<[Float]>] {
    let scaled = actions.enumerated().map { at, action in
      let range = ranges[at % ranges.count]
      // Each bound is met exactly.
      let share = (min(max(action, -1), 1) + 1) / 2
      return share * range.upperBound + (1 - share) * range.lowerBound
    }
    let outcome = try world.step(.real(scaled))
    return outcome.steps(observations, outcome.last.floats.rows(of: observationWidth))
  }

  public mutating func beginEpisodes() throws { try world.beginEpisodes() }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try world.save(to: &file, prefix)
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    try world.restore(from: file, prefix)
  }
}

extension GymOutcome {
  /// A step of each environment: what an ended episode led to is its own last.
  fileprivate func steps<Row>(_ now: [Row], _ last: [Row]) -> [Step<Row>] {
    var last = last[...]
    return now.indices.map { row in
      let isLast = terminated[row] || truncated[row]
      return Step(
        observation: isLast ? last.removeFirst() : now[row], reward: rewards[row],
        terminated: terminated[row], truncated: truncated[row])
    }
  }
}

extension Numbers {
  /// As a replay keeps them: whole numbers, or the bits of real ones.
  fileprivate func rows(of width: Int) -> [[Int32]] {
    switch self {
    case .whole(let numbers): numbers.rows(of: width)
    case .real(let numbers): FeatureState.row(numbers).rows(of: width)
    }
  }
}

extension Array {
  fileprivate func rows(of width: Int) -> [[Element]] {
    stride(from: 0, to: count, by: width).map { Array(self[$0..<$0 + width]) }
  }
}

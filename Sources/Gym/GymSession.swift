import DRRCore
import Tensor

/// What `drr env` answers to one program, message by message, wherever they come from.
public struct GymSession {
  private let world: GymWorld
  private let seed: UInt64
  private var environments: any GymEnvironments
  /// Whether no environment has stepped since it was made.
  private var isFresh = true

  /// A world's environments of a seed, in their first episodes.
  public init(_ world: GymWorld, count: Int, seed: UInt64) throws {
    (self.world, self.seed) = (world, seed)
    environments = try world.environments(count: count, seed: seed)
  }

  /// Bytes that a message to it holds at most, its head not among them.
  public var limit: Int { max(8, 4 * environments.count * environments.actionSpace.width) }

  /// What is told first.
  public func hello() throws -> Frame {
    let hello = Hello(
      world: world.name, seed: seed, count: environments.count,
      observationSpace: environments.observationSpace, actionSpace: environments.actionSpace,
      masks: environments.allowed != nil)
    return Frame(.hello, Array(try RunFolder.json(hello).utf8))
  }

  /// The answer to a message.
  public mutating func answer(_ frame: Frame) -> Frame {
    do {
      switch Frame.Kind(rawValue: frame.kind) {
      case .reset: return try reset(frame.bytes)
      case .step: return try step(frame.bytes)
      default:
        throw RunError(
          "the message's kind is \(frame.kind); it must be \(Frame.Kind.reset.rawValue), a reset, or "
            + "\(Frame.Kind.step.rawValue), a step")
      }
    } catch {
      return Frame(.refused, Array("\(error)".utf8))
    }
  }

  private mutating func reset(_ bytes: [UInt8]) throws -> Frame {
    guard bytes.count == 8 || bytes.isEmpty else {
      throw RunError("a reset has \(bytes.count) bytes; it must have 8, the seed, or none")
    }
    if !bytes.isEmpty {
      environments = try world.environments(
        count: environments.count, seed: bytes.integer(at: 0, UInt64.self))
    } else if !isFresh {
      environments.beginEpisodes()
    }
    isFresh = true
    return state(nil)
  }

  private mutating func step(_ bytes: [UInt8]) throws -> Frame {
    let actions = try actions(bytes)
    isFresh = false
    let outcome = environments.step(actions)
    return state(outcome)
  }

  /// Actions [B, A], each of which is in the space.
  private func actions(_ bytes: [UInt8]) throws -> Numbers {
    let (space, count) = (environments.actionSpace, environments.count)
    guard bytes.count == 4 * count * space.width else {
      throw RunError(
        "a step has \(bytes.count) bytes; it must have \(4 * count * space.width), of \(count) "
          + "environments and \(space.width) numbers for each")
    }
    let places = stride(from: 0, to: bytes.count, by: 4)
    func fault(_ place: Int, _ value: some Any, _ expected: String) -> RunError {
      let number = place / 4
      return RunError(
        "number \(number % space.width) of the action in environment \(number / space.width) is "
          + "\(value); it must be \(expected)")
    }
    func whole(_ counts: [Int]) throws -> Numbers {
      .whole(
        try places.map { place in
          let (value, below) = (
            bytes.integer(at: place, Int32.self), counts[place / 4 % counts.count]
          )
          guard value >= 0, value < below else { throw fault(place, value, "0 ..< \(below)") }
          return value
        })
    }
    switch space {
    case .discrete(let n): return try whole([n])
    case .multiDiscrete(let counts): return try whole(counts)
    case .box(_, let ranges):
      return .real(
        try places.map { place in
          let value = Float(bitPattern: bytes.integer(at: place, UInt32.self))
          guard value.isFinite else { throw fault(place, value, "a number") }
          guard let range = ranges?[place / 4 % space.width] else { return value }
          return min(max(value, range.lowerBound), range.upperBound)
        })
    }
  }

  /// - Parameter outcome: nil after a reset.
  private func state(_ outcome: GymOutcome?) -> Frame {
    let count = environments.count
    var bytes: [UInt8] = []
    bytes.append(environments.observations)
    bytes.append(.real(outcome?.rewards ?? Array(repeating: 0, count: count)))
    for flags in [outcome?.terminated, outcome?.truncated] {
      bytes += flags?.map { $0 ? 1 : 0 } ?? Array(repeating: 0, count: count)
    }
    if let allowed = environments.allowed {
      for row in 0..<allowed.rows {
        for item in 0..<allowed.items { bytes.append(allowed[row, item] ? 1 : 0) }
      }
    }
    if let outcome { bytes.append(outcome.last) }
    return Frame(.state, bytes)
  }
}

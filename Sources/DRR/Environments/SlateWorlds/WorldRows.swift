import DRRCore
import Tensor

/// What all simulated users have, whichever world they are in: what is seen of them, what the last
/// step earned, and where each is in its episode.
public struct WorldRows: Sendable {
  /// The number of the first environment; that of row i is `first` + i.
  public let first: Int
  /// What is seen.
  public internal(set) var observation: WorldObservation
  /// [B], what the last step earned.
  public private(set) var rewards: [Float]
  /// [B], whether the last step ended the episode, so that nothing is worth anything after it.
  public private(set) var terminated: [Bool]
  /// [B], whether the last step was the last that is played, so that what follows still counts.
  public private(set) var truncated: [Bool]
  /// [B], the number of each environment's episode, from 0.
  public private(set) var episodes: [Int]
  /// [B], steps taken in the episode.
  public private(set) var steps: [Int]
  /// Of which all draws of an environment are made.
  private let keys: [UInt64]
  private let corpusKey: UInt64

  /// Environments `first` ..< `first` + `count`, before their first episodes.
  init(_ layout: WorldObservation.Layout, count: Int, first: Int, seed: UInt64) {
    require(count >= 1 && first >= 0, "worlds: \(count) environments from number \(first)")
    self.first = first
    observation = WorldObservation(layout, count: count)
    rewards = Array(repeating: 0, count: count)
    terminated = Array(repeating: false, count: count)
    truncated = terminated
    episodes = Array(repeating: -1, count: count)
    steps = Array(repeating: 0, count: count)
    keys = (first..<first + count).map {
      RandomKey(seed: seed, stream: Streams.slateWorld, counter: 0).key(of: $0)
    }
    corpusKey = RandomKey(seed: seed, stream: Streams.slateCorpus, counter: 0).key
  }

  /// B.
  public var count: Int { rewards.count }

  /// Whether a row's episode is over and the next not begun.
  public func hasEnded(_ row: Int) -> Bool { terminated[row] || truncated[row] }

  /// Numbers for a policy's choice of this moment, other than the world's own: 16,384 words.
  public func policyDraws(_ row: Int) -> Philox {
    Philox(
      key: keys[row], stream: Streams.slatePolicy,
      counter: UInt64(episodes[row]) << 40 | UInt64(steps[row]) << 14)
  }

  func draws(_ row: Int) -> MomentDraws {
    MomentDraws(key: keys[row], episode: episodes[row], step: steps[row])
  }

  /// Draws of the episode's user.
  func episodeDraws(_ row: Int) -> MomentDraws {
    MomentDraws(key: keys[row], episode: episodes[row], step: 0)
  }

  /// Draws of the documents that are offered: those of the moment, or of one corpus for all.
  func documentDraws(_ row: Int, resamples: Bool) -> MomentDraws {
    resamples ? draws(row) : MomentDraws(key: corpusKey, episode: 0, step: 0)
  }

  mutating func begin(_ row: Int) {
    episodes[row] += 1
    steps[row] = 0
    rewards[row] = 0
    terminated[row] = false
    truncated[row] = false
    observation.clearResponses(row)
  }

  /// What a step came to; what is observed next is drawn after it.
  mutating func advance(_ row: Int, reward: Double, terminated ends: Bool, limit: Int? = nil) {
    steps[row] += 1
    rewards[row] = Float(reward)
    terminated[row] = ends
    truncated[row] = !ends && limit.map { steps[row] >= $0 } ?? false
  }

  /// An ended environment earns nothing.
  mutating func rest(_ row: Int) { rewards[row] = 0 }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).episodes", episodes.map { Int64($0) })
    try file.add("\(prefix).steps", steps.map { Int64($0) })
    try file.add("\(prefix).rewards", rewards)
    try file.add(
      "\(prefix).ends", zip(terminated, truncated).map { Int32($0 ? 1 : $1 ? 2 : 0) })
    try file.add("\(prefix).responses", Array(observation.values[observation.responses]))
  }

  /// These rows with what ``save(to:_:)`` wrote; users and documents stay as they are.
  func restored(
    from file: SafetensorsFile, _ prefix: String
  ) throws(CheckpointError) -> WorldRows {
    var rows = self
    rows.episodes = try file.integers("\(prefix).episodes", .index32, shape: [count])
    rows.steps = try file.integers("\(prefix).steps", .index32, shape: [count])
    rows.rewards = try file.floats("\(prefix).rewards", shape: [count])
    let ends = try file.int32s("\(prefix).ends", .in(0...2), shape: [count])
    rows.terminated = ends.map { $0 == 1 }
    rows.truncated = ends.map { $0 == 2 }
    rows.observation.values.replaceSubrange(
      observation.responses,
      with: try file.floats("\(prefix).responses", shape: [observation.responses.count]))
    return rows
  }
}

extension RandomKey {
  /// The key of one environment: a block of this one's.
  fileprivate func key(of environment: Int) -> UInt64 {
    let number = UInt64(environment)
    let words = Philox.block(
      key: key,
      counter: SIMD4(UInt32(truncatingIfNeeded: number), UInt32(number >> 32), 0, 0))
    return UInt64(words.x) | UInt64(words.y) << 32
  }
}

extension Expected<Int64> {
  /// What has 31 bits in the name of a draw.
  fileprivate static var index32: Self { .in(0...Int64(Int32.max)) }
}

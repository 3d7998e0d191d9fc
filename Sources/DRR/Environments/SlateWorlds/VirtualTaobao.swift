import DRRCore
import Tensor

/// VirtualTaobao (Shi, Yu, Da, Chen & Zeng, AAAI 2019): a simulator of an online shop's users that
/// was learnt from a log, step for step as its public program. What is seen is 91 numbers: 88 one-hot
/// features of the user in 11 groups, the two numbers of the last response, and the pages so far. An
/// action is 27 weights that rank what is shown; the reward is the clicks on a page, 0 ... 10, and the
/// click-through rate is a tenth of it. How long a session lasts, in pages, depends on the user alone
/// and is hidden.
public struct VirtualTaobao: FeatureEnvironments {
  public static let name = "virtual-taobao"
  /// Clicks of a page at most.
  public static let pageClicks = 10
  /// Numbers of an action.
  public static let actionWidth = 27
  /// 91 numbers of a user.
  public static let layout = WorldObservation.Layout(user: features + 3)
  /// Lengths of the groups of one-hot features.
  package static let groups = [8, 8, 11, 11, 11, 11, 2, 2, 3, 18, 3]
  /// Features of a user.
  package static let features = 88
  /// Numbers that users are made of.
  static let seeds = 128

  /// The networks that the world is made of.
  public let networks: VirtualTaobaoNetworks
  public private(set) var rows: WorldRows
  /// [B], pages of each session.
  private var lengths: [Int32]
  private var scratch = VirtualTaobaoNetworks.Scratch()

  /// Environments `first` ..< `first` + `count` of a seed, in their first episodes.
  public init(_ networks: VirtualTaobaoNetworks, count: Int, first: Int = 0, seed: UInt64) {
    self.networks = networks
    rows = WorldRows(Self.layout, count: count, first: first, seed: seed)
    lengths = Array(repeating: 0, count: count)
    for row in 0..<count { begin(row) }
  }

  public var actionWidth: Int { Self.actionWidth }

  /// The pages of the session.
  public func hidden(_ row: Int) -> Int { Int(lengths[row]) }

  public mutating func begin(_ row: Int) {
    rows.begin(row)
    meet(row)
  }

  /// Draws the user of the episode, and how long the session lasts.
  private mutating func meet(_ row: Int) {
    let draws = rows.episodeDraws(row)
    var seeds = [Float](repeating: 0, count: Self.seeds)
    for block in 0..<Self.seeds / 4 {
      let words = draws.words(.user, block)
      for lane in 0..<4 { seeds[4 * block + lane] = Philox.uniform(words[lane]) }
    }
    let logits = networks.user(seeds, &scratch)
    let start = row * rows.observation.layout.user
    for place in start..<start + Self.features + 3 { rows.observation.values[place] = 0 }
    var first = 0
    for (number, size) in Self.groups.enumerated() {
      let word = draws.words(.user, Self.seeds / 4 + number).x
      let chosen = softmaxPlace(logits[first..<first + size], MomentDraws.uniform(word))
      rows.observation.values[start + first + chosen] = 1
      first += size
    }
    let leaving = networks.leaving(
      rows.observation.values[start..<start + Self.features], &scratch)
    let word = draws.words(.user, Self.seeds / 4 + Self.groups.count).x
    lengths[row] = Int32(softmaxPlace(leaving[...], MomentDraws.uniform(word)))
  }

  public mutating func step(_ actions: [Float]) {
    let width = Self.actionWidth
    require(
      actions.count == count * width,
      "\(Self.name): \(actions.count) numbers for \(count) actions of \(width)")
    for row in 0..<count {
      if rows.hasEnded(row) {
        rows.rest(row)
        continue
      }
      let start = row * rows.observation.layout.user
      let logits = networks.response(
        rows.observation.values[start..<start + Self.features], page: Float(rows.steps[row]),
        actions[row * width..<(row + 1) * width], &scratch)
      let words = rows.draws(row).words(.response)
      let clicks = softmaxPlace(
        logits[...Self.pageClicks], MomentDraws.uniform(words.x))
      let second = softmaxPlace(
        logits[(Self.pageClicks + 1)...], MomentDraws.uniform(words.y))
      rows.observation.values[start + Self.features] = Float(clicks)
      rows.observation.values[start + Self.features + 1] = Float(second)
      rows.advance(
        row, reward: Double(clicks), terminated: rows.steps[row] + 1 >= Int(lengths[row]))
      rows.observation.values[start + Self.features + 2] = Float(rows.steps[row])
    }
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try rows.save(to: &file, prefix)
    let (width, features) = (rows.observation.layout.user, Self.features)
    try file.add(
      "\(prefix).last",
      (0..<count).flatMap { row in
        rows.observation.values[row * width + features..<row * width + features + 2]
      }, shape: [count, 2])
  }

  /// Users are drawn again.
  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let found = try rows.restored(from: file, prefix)
    let last = try file.rows(
      "\(prefix).last", [.in(0...Float(Self.pageClicks)), .in(0...9)], count: count)
    rows = found
    for row in 0..<count {
      meet(row)
      let start = row * rows.observation.layout.user + Self.features
      rows.observation.values[start] = last[2 * row]
      rows.observation.values[start + 1] = last[2 * row + 1]
      rows.observation.values[start + 2] = Float(rows.steps[row])
    }
  }
}

extension VirtualTaobao: VectorEnvironments {}

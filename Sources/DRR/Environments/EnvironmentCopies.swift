import DRRCore
import Essentials
import Tensor

/// Copies of an environment that step together: what lets deep Q-learning and policy gradients act
/// in an ``Environment`` of one's own. An episode that ends makes room for the next at once.
///
/// Observations are rows of integers, all of one width, which a state module turns into vectors;
/// actions are 0 ..< `actionCount`. Checkpoints hold the copies as JSON.
public struct EnvironmentCopies<World: Environment & Codable>: ActionEnvironments
where World.Observation == [Int32], World.Action == Int {
  public let rowWidth: Int
  /// The number of actions, which are 0 ..< `actionCount`.
  public let actionCount: Int
  /// [count] rows of `rowWidth` integers: the latest observation of each copy.
  public private(set) var rows: [[Int32]]
  private var worlds: [World]
  /// Episodes started by all copies together, which is the number of the next one.
  private var begun: Int

  /// - Parameters:
  ///   - count: how many copies step together, 1 or more.
  ///   - actionCount: the number of actions, all of them allowed in every state; 1 or more.
  ///   - make: the copy of that number. Copies that draw at random need streams of their own.
  public init(count: Int, actionCount: Int, make: (_ copy: Int) -> World) {
    require(
      count >= 1 && actionCount >= 1,
      "copies: \(count) copies of a world with \(actionCount) actions")
    var worlds = (0..<count).map(make)
    let rows = worlds.indices.map { worlds[$0].reset(episode: $0) }
    let width = rows[0].count
    require(
      width >= 1 && rows.allSatisfy { $0.count == width },
      "copies: observations of \(rows.map(\.count)) integers, want as many in each")
    (self.worlds, self.rows, self.actionCount) = (worlds, rows, actionCount)
    rowWidth = width
    begun = count
  }

  public var count: Int { worlds.count }
  /// The world alone knows.
  public var columns: [Expected<Int32>] { Array(repeating: .anything, count: rowWidth) }
  public var allowed: ItemMask? { nil }
  public var logged: [Int32]? { nil }

  public mutating func step(_ actions: [Int32]) -> [Step<[Int32]>] {
    worlds.indices.map { copy in
      let step = worlds[copy].step(Int(actions[copy]))
      rows[copy] = step.observation
      if step.isLast { begin(copy) }
      return step
    }
  }

  public mutating func beginEpisodes() { for copy in worlds.indices { begin(copy) } }

  private mutating func begin(_ copy: Int) {
    rows[copy] = worlds[copy].reset(episode: begun)
    begun += 1
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).worlds", Array(RunFolder.json(worlds).utf8))
    try file.add("\(prefix).rows", rows.flatMap { $0 }, shape: [count, rowWidth])
    try file.add("\(prefix).begun", [Int64(begun)])
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let flat = try file.rows("\(prefix).rows", columns, count: count)
    let begun = try file.integer("\(prefix).begun", .count)
    let worlds = try file.json("\(prefix).worlds", [World].self)
    try file.require(
      worlds.count == count, "\(prefix).worlds", "holds \(worlds.count) environments",
      "\(count)")
    self.worlds = worlds
    self.begun = begun
    rows = (0..<count).map { Array(flat[$0 * rowWidth..<($0 + 1) * rowWidth]) }
  }
}

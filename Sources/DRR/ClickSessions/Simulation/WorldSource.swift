import DRRCore
import DRRData
import Tensor

/// A simulator by its name, and the policies that may fill lists in it.
public struct WorldSource {
  public let world: any SlateEnvironment
  /// The policy that its logs are made by if none is named, and the items of its lists.
  public let loggingPolicy: String
  public let listSize: Int
  /// CRC-32 of the files that it was read from; nil for one that is drawn.
  public private(set) var checksum: String?
  private let makePolicy: (String, Int) throws -> (any ListPolicy)?

  /// - Parameters:
  ///   - name: `tabular`, `tabular:SEED`, `lstm`, `lstm:SEED`; or a folder or .zip with
  ///     `score.txt` and `prob.txt`, or with the `manifest.json` of an exported LSTM simulator.
  ///   - backend: asked for where the simulator is of networks.
  public init(
    _ name: String, dropout: Float = 0.25, on backend: @autoclosure () throws -> any Backend
  ) throws {
    if let seed = try Self.seed(of: name, kind: "tabular") {
      self.init(try TabularWorld(states: 10, items: 50, seed: seed))
    } else if let seed = try Self.seed(of: name, kind: "lstm") {
      var configuration = LSTMWorld.Configuration()
      configuration.dropout = dropout
      let backend = try backend()
      self.init(
        LSTMWorld(configuration, seed: seed, on: backend),
        LSTMListPolicy("logging", configuration, seed: seed, on: backend))
    } else {
      let folder = try Self.folder(name)
      if folder.has("manifest.json") {
        let (world, policy) = try LSTMWorld.read(name, dropout: dropout, on: backend())
        self.init(world, policy)
      } else {
        self.init(try TabularWorld(reading: name))
      }
      checksum = try folder.checksum(of: [".txt", ".json", ".f32"])
    }
  }

  private init(_ world: LSTMWorld, _ logging: LSTMListPolicy) {
    self.world = world
    loggingPolicy = logging.name
    listSize = 20
    makePolicy = { name, _ in name == logging.name ? logging : nil }
  }

  private init(_ world: TabularWorld) {
    self.world = world
    loggingPolicy = "mix"
    listSize = 10
    makePolicy = { name, size in
      switch name {
      case "optimal": FixedLists(name, world.optimalLists(size), in: world)
      case "blind":
        {
          let lists = world.bestBlindLists(size)
          return BlindLists(first: lists.first, rest: lists.rest)
        }()
      default: nil
      }
    }
  }

  /// The policies that every simulator has, and those of its own.
  public var policyNames: [String] {
    ["random", "max", "mix"]
      + (world is TabularWorld ? ["blind", "optimal"] : [loggingPolicy])
  }

  /// - Throws: `ConfigurationError` where there is none of this name.
  public func policy(_ name: String, listSize: Int) throws -> any ListPolicy {
    switch name {
    case "random": return RandomLists(itemCount: world.itemCount)
    case "max": return BestLists(world)
    case "mix": return MixedLists(world)
    default:
      if let policy = try makePolicy(name, listSize) { return policy }
      throw ConfigurationError(
        "policy is \(name); it must be one of \(policyNames.joined(separator: ", "))")
    }
  }

  /// Of `kind` or `kind:SEED`; nil of another name.
  private static func seed(of name: String, kind: String) throws -> UInt64? {
    if name == kind { return 1 }
    guard name.hasPrefix(kind + ":") else { return nil }
    let text = name.dropFirst(kind.count + 1)
    guard let seed = UInt64(text) else {
      throw ConfigurationError("world is \(name); it must be \(kind):SEED with a whole SEED")
    }
    return seed
  }

  private static func folder(_ path: String) throws(DataError) -> DataFolder {
    try PosixFile.isFolder(path)
      ? DataFolder(folder: path)
      : DataFolder(archive: path) { $0.contains("manifest.json") || $0.contains("score.txt") }
  }
}

import Agents
import DRRCore
import IRecGAN
import NextItem
import Tables

/// What a model recommends by, with the settings that its network is built from: nothing of how it
/// was trained.
public enum ServedAlgorithm: Hashable, Sendable {
  /// The predicted rating of a matrix factorization.
  case pmf
  /// DRR's actor.
  case drr(Network)
  /// The actor of the residual agent.
  case residual(Residual)
  /// The network of deep Q-learning; V(s), which orders nothing, is left out.
  case dqn(Network)
  /// The softmax policy of REINFORCE or an actor-critic.
  case policyGradient(Network)
  /// Tables of Q over item tuples.
  case multiTable(MultiTableConfiguration)
  /// IRecGAN's agent, or one of those that it is compared with.
  case irecgan(IRecGANConfiguration.Encoder)
  /// GRUs that rank next items.
  case gru(Sequence)

  /// A network over a state module.
  public struct Network: Codable, Hashable, Sendable {
    /// What a state is made of.
    public var state: StateModuleKind
    /// n, the items that a state has.
    public var window: Int
    /// Width of the hidden layers.
    public var hidden: Int

    /// A network by its parts.
    public init(state: StateModuleKind, window: Int, hidden: Int) {
      (self.state, self.window, self.hidden) = (state, window, hidden)
    }
  }

  /// The residual agent's actor.
  public struct Residual: Codable, Hashable, Sendable {
    /// Of the factorizations that its beliefs are of.
    public var dimensions: [Int]
    /// How much the run's own factorization counts.
    public var anchor: Float
    /// Width of the hidden layer.
    public var hidden: Int
    /// How far the learned part moves a control at most.
    public var reach: Float

    /// A network by its parts.
    public init(dimensions: [Int], anchor: Float, hidden: Int, reach: Float) {
      (self.dimensions, self.anchor) = (dimensions, anchor)
      (self.hidden, self.reach) = (hidden, reach)
    }
  }

  /// Networks over the items that a user has had, in their order.
  public struct Sequence: Codable, Hashable, Sendable {
    /// Width of an item's vector.
    public var dimension: Int
    /// Units of a network.
    public var hidden: Int
    /// Items that a score is made from at most.
    public var window: Int
    /// σ of scores that are cosines; nil: dot products.
    public var cosineScale: Float?
    /// Networks whose scores are averaged.
    public var networks: Int
    /// Whether the items are clicks of a session, of which one may come again.
    public var readsSessions: Bool

    /// Networks by their parts.
    public init(
      dimension: Int, hidden: Int, window: Int, cosineScale: Float?, networks: Int,
      readsSessions: Bool
    ) {
      (self.dimension, self.hidden, self.window) = (dimension, hidden, window)
      (self.cosineScale, self.networks) = (cosineScale, networks)
      self.readsSessions = readsSessions
    }

    /// What a network is built from.
    var configuration: GRUConfiguration {
      var settings = GRUConfiguration()
      (settings.dimension, settings.hidden, settings.window) = (dimension, hidden, window)
      (settings.cosineScale, settings.networks) = (cosineScale, networks)
      return settings
    }
  }

  /// As `model.json` calls it.
  public var name: String {
    switch self {
    case .pmf: "pmf"
    case .drr: "drr"
    case .residual: "residual"
    case .dqn: "dqn"
    case .policyGradient: "policy-gradient"
    case .multiTable: MultiTableRunConfiguration.algorithms[0]
    case .irecgan: "irecgan"
    case .gru: GRURunConfiguration.algorithms[0]
    }
  }

  /// Items that a state has, rated ones where it reads rewards, else liked ones; nil where it has
  /// no such window.
  public var window: Int? {
    switch self {
    case .drr(let network), .dqn(let network), .policyGradient(let network): network.window
    default: nil
    }
  }

  /// Whether a state has the latest rated items, with their rewards, and not the liked ones.
  public var readsRewards: Bool {
    switch self {
    case .drr(let network), .dqn(let network), .policyGradient(let network):
      network.state.readsRewards
    default: false
    }
  }

  /// Whether it stands on a factorization of ratings.
  var hasFactorization: Bool {
    switch self {
    case .multiTable, .irecgan, .gru: false
    default: true
    }
  }

  /// Whether it recommends for the clicks of a session, and not for ratings.
  public var readsSessions: Bool {
    switch self {
    case .irecgan: true
    case .gru(let networks): networks.readsSessions
    default: false
    }
  }

  func validate() throws {
    func require<Value>(
      _ name: String, _ value: Value, _ expectation: String, _ holds: (Value) -> Bool
    ) throws {
      try ConfigurationError.require(name, value, expectation, holds)
    }
    func requireHidden(_ hidden: Int) throws {
      try require("hidden width", hidden, "1 ... 65536") { (1...65_536).contains($0) }
    }
    switch self {
    case .pmf: break
    case .drr(let network), .dqn(let network), .policyGradient(let network):
      try require("window", network.window, "1 ... 1000") { (1...1_000).contains($0) }
      try requireHidden(network.hidden)
    case .residual(let residual):
      try require("belief dimensions", residual.dimensions, "1 ... 16 numbers of 1 ... 256") {
        (1...16).contains($0.count) && $0.allSatisfy { (1...256).contains($0) }
      }
      try require("anchor", residual.anchor, "0 or more") { $0 >= 0 && $0.isFinite }
      try requireHidden(residual.hidden)
      try require("reach", residual.reach, "0 or more") { $0 >= 0 && $0.isFinite }
    case .multiTable(let settings): try settings.validate()
    case .irecgan(let encoder):
      var settings = IRecGANConfiguration()
      settings.agent = encoder
      try settings.validate()
    case .gru(let networks): try networks.configuration.validate()
    }
  }
}

extension ServedAlgorithm: Codable {
  private enum CodingKeys: String, CodingKey { case algorithm, settings }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .algorithm)
    switch self {
    case .pmf: break
    case .drr(let settings), .dqn(let settings), .policyGradient(let settings):
      try container.encode(settings, forKey: .settings)
    case .residual(let settings): try container.encode(settings, forKey: .settings)
    case .multiTable(let settings): try container.encode(settings, forKey: .settings)
    case .irecgan(let settings): try container.encode(settings, forKey: .settings)
    case .gru(let settings): try container.encode(settings, forKey: .settings)
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func settings<Settings: Decodable>() throws -> Settings {
      try container.decode(Settings.self, forKey: .settings)
    }
    let name = try container.decode(String.self, forKey: .algorithm)
    switch name {
    case "pmf": self = .pmf
    case "drr": self = .drr(try settings())
    case "residual": self = .residual(try settings())
    case "dqn": self = .dqn(try settings())
    case "policy-gradient": self = .policyGradient(try settings())
    case MultiTableRunConfiguration.algorithms[0]: self = .multiTable(try settings())
    case "irecgan": self = .irecgan(try settings())
    case GRURunConfiguration.algorithms[0]: self = .gru(try settings())
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .algorithm, in: container, debugDescription: "no algorithm \(name)")
    }
  }
}

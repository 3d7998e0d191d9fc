import DRRData
import Factorization

/// A model that says what a user would think of an item that they have not rated.
public protocol RewardModel: Sendable {
  /// The number of items.
  var itemCount: Int { get }
  /// The predicted reward of an item, by their indices; not clipped.
  func reward(user: Int, item: Int) -> Float
}

extension PMFModel: RewardModel {}

extension RewardModel {
  /// The predicted rewards of a whole catalogue.
  package func rewards(user: Int) -> [Float] {
    (0..<itemCount).map { reward(user: user, item: $0) }
  }
}

/// The truth of a simulation (Liu et al. 2018, algorithm 1): what a user has rated earns that
/// rating's reward, anything else what a model predicts, within ±1; consecutive items can add to
/// it or take from it.
public struct World: Sendable {
  /// What is known for certain: the users' own ratings as rewards.
  public let logged: LoggedRewards
  /// What predicts the rest.
  public let model: any RewardModel
  /// How runs of items move rewards.
  public var satisfaction: Satisfaction
  /// Whether a user can be shown nothing but what they rated (Liu et al. 2018, algorithm 2).
  public let isLogOnly: Bool

  /// A simulator by its parts, all of the same users and items.
  public init(
    logged: LoggedRewards, model: any RewardModel, satisfaction: Satisfaction = .none,
    isLogOnly: Bool = false
  ) {
    self.isLogOnly = isLogOnly
    self.logged = logged
    self.model = model
    self.satisfaction = satisfaction
  }

  /// What the items themselves earn, one a pair of user and item.
  public func rewards(users: [Int32], items: [Int32]) -> [Float] {
    zip(users, items).map { reward(user: Int($0), item: $1) }
  }

  /// What an item itself earns from a user, in −1 ... 1.
  public func reward(user: Int, item: Int32) -> Float {
    logged.reward(user: user, item: item)
      ?? min(max(model.reward(user: user, item: Int(item)), -1), 1)
  }

  /// What the items of a whole catalogue earn from one user.
  public func rewards(user: Int) -> [Float] {
    (0..<Int32(model.itemCount)).map { reward(user: user, item: $0) }
  }

  /// Whether the user has rated the item.
  public func isLogged(user: Int, item: Int32) -> Bool {
    logged.reward(user: user, item: item) != nil
  }
}

/// Where an agent is trained.
public enum TrainingWorld: String, Codable, Hashable, Sendable, CaseIterable {
  /// Users' own logs: nothing else may be shown.
  case log
  /// Users' own logs in their order: the log chooses. Not for DRR, whose actions are vectors.
  case playback
  /// The simulators, ``WorldKind``.
  case pmf, items
}

/// The family of a simulator.
public enum WorldKind: String, Codable, Hashable, Sendable, CaseIterable {
  /// A matrix factorisation.
  case pmf
  /// Kernel ridge regression on the likeness of items in other users' eyes.
  case items
}

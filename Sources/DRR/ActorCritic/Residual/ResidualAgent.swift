import Agents
import DRRCore
import DRRData
import Environments
import Factorization
import Tensor

/// An agent that stands on what it believes of the user (``BeliefModel``) and learns what to add.
/// Before any training it ranks as the beliefs predict.
public final class ResidualAgent: SessionAgent {
  /// Actor and critics.
  public let networks: ItemActorCritic
  /// What is known of items, and of a user by their ratings.
  public var model: BeliefModel { state.model }
  /// What a state is made of.
  private let state: ResidualState
  /// [N, A] as those see them whose ratings no item's vector has learned from: of each item what
  /// the beliefs have (``BeliefModel``), then [q ; b ; 1] of the factorisation.
  public let items: Tensor
  /// What is on record of each user.
  let profiles: LoggedRewards
  private var beliefs: [Int32: Belief] = [:]

  package static let contextWidth = 7

  public init(
    _ configuration: ResidualConfiguration, _ ddpg: DDPGConfiguration, model: BeliefModel,
    factorization: PMFModel, profiles: LoggedRewards, seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    try ddpg.validate()
    state = ResidualState(model, factorization)
    self.profiles = profiles
    items = Tensor(
      state.itemVectors(), shape: [model.itemCount, state.itemWidth], on: backend)
    networks = ItemActorCritic(
      configuration, ddpg, blocks: model.blocks, anchor: state.anchorWidth, seed: seed,
      on: backend)
  }

  public var backend: any Backend { networks.backend }
  public var discount: Float { networks.ddpg.discount }
  public var policy: [(name: String, weights: ParameterSet)] {
    [("actor", networks.actor.parameters), ("critic", networks.critic.parameters)]
  }

  /// S: the belief's action, the vector of the item shown last, and the context.
  package var stateWidth: Int { state.width }

  /// [N · A] on the host: ``items``.
  func hostItems() -> [Float] { state.itemVectors() }

  /// The user's belief state before the session: the profile taken in.
  private func belief(ofUser user: Int32) -> Belief {
    if let belief = beliefs[user] { return belief }
    var belief = model.belief()
    if 0..<profiles.userCount ~= Int(user) {
      let profile = profiles.row(ofUser: Int(user))
      for (item, reward) in zip(profile.items, profile.rewards) {
        belief.observe(item, reward, fold: model.everything)
      }
    }
    beliefs[user] = belief
    return belief
  }

  func vector(_ state: SessionState) -> [Float] {
    var belief = belief(ofUser: state.user)
    for seen in state.feedback { belief.observe(seen.item, seen.reward, fold: model.everything) }
    return vector(
      belief, state.feedback, fold: model.everything, anchor: anchor(ofUser: state.user))
  }

  /// [p ; 1 ; b] of a user in the factorisation.
  private func anchor(ofUser user: Int32) -> [Float] {
    let factorization = state.factorization
    guard 0..<factorization.userCount ~= Int(user) else {
      return state.anchor([], bias: 0)
    }
    let k = factorization.dimension
    return state.anchor(
      factorization.userFactors[Int(user) * k..<(Int(user) + 1) * k],
      bias: factorization.userBiases[Int(user)])
  }

  /// The state's vector, [S]: the belief state after `feedback`, which `belief` has taken in.
  ///
  /// - Parameter anchor: the user in the factorisation; nil for a training user, of whom it knows
  ///   how the session goes on.
  func vector(
    _ belief: Belief, _ feedback: [SessionState.Feedback], fold: Int, anchor: [Float]? = nil
  ) -> [Float] {
    state.vector(belief, feedback, fold: fold, anchor: anchor)
  }

  package func vectors(_ states: [SessionState]) -> Tensor {
    Tensor(
      states.flatMap { vector($0) }, shape: [states.count, stateWidth], on: backend)
  }

  public func act(_ states: [SessionState]) -> Tensor { networks.act(vectors(states)) }

  /// Q of the items picked.
  public func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws -> [Float] {
    let chosen = items.detachedRows(at: IndexTensor(picks, shape: [picks.count], on: backend))
    return try networks.critic.heads[0](vectors(states)).rowDot(chosen).host()
  }
}

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
  public let isTold: Bool
  private var beliefs: [Int32: Belief] = [:]

  package static let contextWidth = 7

  public init(
    _ configuration: ResidualConfiguration, _ ddpg: DDPGConfiguration, model: BeliefModel,
    factorization: PMFModel, profiles: LoggedRewards, isTold: Bool = false, seed: UInt64,
    on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    try ddpg.validate()
    state = ResidualState(model, factorization)
    self.profiles = profiles
    self.isTold = isTold
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

  func vector(_ state: SessionState) -> [Float] { hostVectors([state])[0] }

  /// [S] of each state, on all cores: the user's belief, which has taken in the profile, after the
  /// session so far.
  private func hostVectors(_ states: [SessionState]) -> [[Float]] {
    let unknown = Array(Set(states.map(\.user)).filter { beliefs[$0] == nil })
    let found = concurrentMap(unknown.count) { [model, profiles] at in
      var belief = model.belief()
      if 0..<profiles.userCount ~= Int(unknown[at]) {
        let profile = profiles.row(ofUser: Int(unknown[at]))
        for (item, reward) in zip(profile.items, profile.rewards) {
          belief.observe(item, reward, fold: model.everything)
        }
      }
      return belief
    }
    for (user, belief) in zip(unknown, found) { beliefs[user] = belief }
    let known = states.map { beliefs[$0.user]! }
    return concurrentMap(states.count) { [state] at in
      let (fold, feedback) = (state.model.everything, states[at].feedback)
      var belief = known[at]
      for seen in feedback { belief.observe(seen.item, seen.reward, fold: fold) }
      return state.vector(
        belief, feedback, fold: fold, anchor: state.anchor(ofUser: states[at].user))
    }
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
      hostVectors(states).flatMap { $0 }, shape: [states.count, stateWidth], on: backend)
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

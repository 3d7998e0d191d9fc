import Tensor

/// An agent that stands on what it believes of the user (``BeliefModel``) and learns what to add.
/// Before any training it ranks as the beliefs predict.
public final class ResidualAgent: SessionAgent {
  public let networks: ItemActorCritic
  public let model: BeliefModel
  /// [N, A] as those see them whose ratings no item's vector has learned from.
  public let items: Tensor
  /// What is on record of each user.
  let profiles: LoggedRewards
  private var beliefs: [Int32: Belief] = [:]

  package static let contextWidth = 6

  public init(
    _ configuration: ResidualConfiguration, _ ddpg: DDPGConfiguration, model: BeliefModel,
    profiles: LoggedRewards, seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    try ddpg.validate()
    self.model = model
    self.profiles = profiles
    items = Tensor(
      model.itemVectors(model.everything), shape: [model.itemCount, model.itemWidth], on: backend)
    networks = ItemActorCritic(
      configuration, ddpg, blocks: model.blocks, seed: seed, on: backend)
  }

  public var backend: any Backend { networks.backend }
  public var discount: Float { networks.ddpg.discount }
  public var policy: [(name: String, weights: ParameterSet)] {
    [("actor", networks.actor.parameters), ("critic", networks.critic.parameters)]
  }

  /// S: the belief's action, the vector of the item shown last, and the context.
  package static func stateWidth(_ model: BeliefModel) -> Int { 2 * model.itemWidth + contextWidth }

  /// What is believed of a user before the session: her profile taken in.
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

  private func vector(_ state: SessionState) -> [Float] {
    var belief = belief(ofUser: state.user)
    for seen in state.feedback { belief.observe(seen.item, seen.reward, fold: model.everything) }
    return Self.vector(belief, state.feedback, model: model, fold: model.everything)
  }

  /// The state's vector, [S]: what is believed after `feedback`, which `belief` has taken in.
  static func vector(
    _ belief: Belief, _ feedback: [SessionState.Feedback], model: BeliefModel, fold: Int
  ) -> [Float] {
    var vector = belief.action()
    if let last = feedback.last {
      vector += model.itemVector(Int(last.item), fold: fold)
    } else {
      vector += [Float](repeating: 0, count: model.itemWidth)
    }
    let liked = feedback.reversed().prefix { $0.reward > 0 }.count
    let disliked = feedback.reversed().prefix { $0.reward <= 0 }.count
    vector += belief.summary
    vector.append(Float(min(liked, 5)) / 5)
    vector.append(Float(min(disliked, 5)) / 5)
    vector.append(feedback.last.map { $0.earned - $0.reward } ?? 0)
    vector.append(min(Float(feedback.count) / 20, 1))
    return vector
  }

  package func vectors(_ states: [SessionState]) -> Tensor {
    Tensor(
      states.flatMap { vector($0) }, shape: [states.count, Self.stateWidth(model)], on: backend)
  }

  public func act(_ states: [SessionState]) -> Tensor { networks.act(vectors(states)) }

  public func guest(liked: [Int32], history: [Int32], vector: [Float]) -> SessionState {
    var state = SessionState(user: -1, history: [])
    for item in liked { state.observe(item, 1) }
    return state
  }

  /// Q of the items picked.
  public func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws -> [Float] {
    let chosen = items.gathered(IndexTensor(picks, shape: [picks.count], on: backend))
    return try networks.critic.heads[0](vectors(states)).rowDot(chosen).host()
  }
}

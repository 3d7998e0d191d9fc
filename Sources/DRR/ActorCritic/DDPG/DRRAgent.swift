import Agents
import DRRCore
import Environments
import Factorization
import Tensor

/// DRR on the vectors of a PMF: the state's user and items, and the items that actions score.
public final class DRRAgent: SessionAgent {
  /// The networks.
  public let ddpg: DDPG
  /// What states are gathered from.
  public let rows: StateRows
  /// [N, k]
  public let items: Tensor
  /// [U, k]
  public let users: Tensor

  public var backend: any Backend { ddpg.backend }
  public var discount: Float { ddpg.configuration.discount }
  public var policy: [(name: String, weights: ParameterSet)] {
    [("actor", ddpg.actor.parameters), ("critic", ddpg.critic.parameters)]
  }

  /// An agent that has learned nothing, on the vectors of a model.
  ///
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: DRRConfiguration, model: PMFModel, seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    let k = model.dimension
    rows = configuration.training.rows
    let (users, items) = model.tables(on: backend)
    self.users = users
    self.items = items
    ddpg = try DDPG(configuration.ddpg, actionWidth: k, seed: seed, on: backend) { parameters in
      configuration.state.make(
        users: users, items: items, window: configuration.window, in: parameters)
    }
  }

  /// Actions for states whose histories have the window's items, −1 for none: [B, k].
  public func act(_ states: [SessionState]) -> Tensor {
    ddpg.act(rows.indices(of: states, on: backend))
  }

  /// Q of the actions themselves, whatever they picked.
  public func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws -> [Float] {
    let state = ddpg.actor.state(rows.indices(of: states, on: backend), nil)
    return try ddpg.critic(state, actions).host()
  }
}

import ArgumentParser
import DRR

/// What learns.
enum ForesightAgent: String, CaseIterable, ExpressibleByArgument {
  case myopic, dqn, pg, gru, slateq

  var name: String {
    switch self {
    case .slateq: "SlateQ"
    case .myopic: "SlateQ, γ = 0"
    case .gru: "SlateQ, GRU of 16 steps"
    case .dqn: "DQN"
    case .pg: "policy gradient"
    }
  }

  /// What it learns by, of SlateQ's settings in a world.
  func settings(_ slateQ: SlateQRunConfiguration) -> SlateQRunConfiguration {
    var settings = slateQ
    switch self {
    case .slateq: break
    case .myopic: settings.agent.discount = 0
    case .gru: settings.agent.window = 16
    case .dqn:
      settings.agent = SlateQConfiguration(.dqn)
      settings.agent.steps = slateQ.agent.steps
      settings.agent.lambda = slateQ.agent.lambda
      settings.agent.rollouts = slateQ.agent.rollouts
      settings.agent.epochs = slateQ.agent.epochs
    case .pg:
      settings.agent = SlateQConfiguration(.pg)
      settings.agent.steps = slateQ.agent.steps
    }
    return settings
  }
}

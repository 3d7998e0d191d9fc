import DRRCore
import Environments
import Tensor

/// Tabular MDPs side by side: the state's number is seen, and the action's is chosen.
struct FiniteGym: GymEnvironments {
  private var environments: FiniteEnvironments

  init(_ environments: FiniteEnvironments) { self.environments = environments }

  var count: Int { environments.count }
  var observationSpace: Space { .discrete(environments.process.states.count) }
  var actionSpace: Space { .discrete(environments.actionCount) }
  var observations: Numbers { .whole(environments.rows.flatMap { $0 }) }
  var allowed: ItemMask? { nil }

  mutating func step(_ actions: Numbers) -> GymOutcome {
    let steps = environments.step(actions.integers)
    return GymOutcome(
      rewards: steps.map(\.reward), terminated: steps.map(\.terminated),
      truncated: steps.map(\.truncated),
      last: .whole(steps.filter(\.isLast).flatMap(\.observation)))
  }

  mutating func beginEpisodes() { environments.beginEpisodes() }
}

extension GymWorld {
  /// A tabular MDP.
  ///
  /// - Parameter limit: steps after which an episode is truncated.
  public init(_ process: FiniteProcess, exploringStarts: Bool = false, limit: Int = 100) {
    self.init(process.name) { count, seed in
      try ConfigurationError.require("max episode steps", limit, in: 1...)
      return FiniteGym(
        FiniteEnvironments(
          process, count: count, exploringStarts: exploringStarts, limit: limit, seed: seed))
    }
  }
}

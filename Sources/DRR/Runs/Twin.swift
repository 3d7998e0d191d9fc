import Agents
import DRRCore
import Factorization
import Tensor

/// The twin of an agent is the same in everything but γ = 0: it looks no step ahead. What the agent
/// earns above it comes of planning.
extension Experiment {
  /// The run of the twin, in a folder in this run's; nil for an agent that is without foresight
  /// itself.
  public var twin: Experiment? {
    guard let myopic = configuration.agent?.myopic else { return nil }
    var twin = self
    twin.configuration.agent = myopic
    twin.configuration.myopic = nil
    twin.folder = folder.twin
    return twin
  }

  /// What tables call the myopic baseline (γ = 0).
  public var twinName: String { "\(agentName) γ=0" }

  /// The trained twin; nil where there is none.
  public func readTwin(
    _ model: PMFModel, on backend: any Backend
  ) throws -> (run: Experiment, agent: any SessionAgent)? {
    guard let twin, folder.hasTwin else { return nil }
    return (twin, try twin.readAgent(model, on: backend))
  }

  /// Trains the agent and then its twin on the same factorisation, halves of one progress.
  public func trainWithTwin(
    _ model: PMFModel, on backend: any Backend, _ observer: Observer = Observer()
  ) throws -> (trainer: any AgentTrainer, last: TrainingProgress?) {
    guard let twin else { return try trainAgent(model, on: backend, observer) }
    var (own, its) = (observer, observer)
    // What is true of both is said once.
    var noted: Set<String> = []
    own.note = {
      noted.insert($0)
      observer.note($0)
    }
    its.note = { if !noted.contains($0) { observer.note($0) } }
    own.progress = { observer.progress($0, 2 * $1, $2) }
    its.progress = { observer.progress($1 + $0, 2 * $1, "\($2), γ = 0") }
    let trained = try trainAgent(model, on: backend, own)
    try twin.begin()
    if try twin.readModel() == nil {
      try model.write(
        to: twin.folder.model, metadata: twin.metadata(.model, on: backend))
    }
    do {
      _ = try twin.trainAgent(model, on: backend, its)
    } catch let interrupted as Interrupted {
      throw Interrupted(step: trained.trainer.step + interrupted.step)
    }
    return trained
  }
}

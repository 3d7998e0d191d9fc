import Agents
import DRRCore
import Tensor

/// The training of an agent as a stage of a run: validated on its way, the policy that is the agent
/// kept beside the one that goes on.
final class AgentStage: Trainer {
  let trainer: any AgentTrainer
  private let training: SessionTraining
  private let makeValidation: () throws -> Validation?
  private var kept: BestCheckpoint
  private var ranks: any Collective = SoleCollective()
  private lazy var validation = Result { try makeValidation() }

  init(
    _ trainer: any AgentTrainer, _ training: SessionTraining,
    validation: @escaping () throws -> Validation?
  ) {
    self.trainer = trainer
    self.training = training
    makeValidation = validation
    kept = BestCheckpoint(training)
  }

  var step: Int { trainer.step }
  var steps: Int { trainer.steps }
  var isFinished: Bool { trainer.isFinished || kept.isOver }

  func share(among ranks: any Collective) throws -> SharedUpdates? {
    let updates = try SharedUpdates(ranks, parts: training.batchParts)
    trainer.share(updates)
    self.ranks = ranks
    return updates
  }

  /// Twenty reports in all, and one every thousand steps at least.
  func advance() throws -> TrainingProgress? {
    let before = step
    try trainer.advance()
    let interval = max(1, min(1_000, steps / 20))
    guard step / interval > before / interval || isFinished else { return nil }
    return try trainer.report()
  }

  /// What was not learned yet is looked at, for its point on the curve, and never kept.
  func validate(after before: Int?) throws -> (any Codable & Sendable)? {
    let isDue = before.map { training.validates(after: $0, upTo: step, of: steps) } ?? true
    guard isDue, let point = try validation.get()?.point(trainer, among: ranks) else {
      return nil
    }
    kept.add(point, of: trainer.sessionAgent)
    return point
  }

  func summary(of report: TrainingProgress) -> String {
    ", reward \(decimal(report.reward, 3))"
  }

  func isFinite(_ report: TrainingProgress) -> Bool {
    report.reward.isFinite && (report.criticLoss ?? 0).isFinite
      && (report.actorLoss ?? 0).isFinite
  }

  func isFinite() throws -> Bool { try trainer.isFinite() }

  func save(to file: inout SafetensorsWriter) throws {
    try trainer.save(to: &file)
    try kept.save(to: &file, trainer)
  }

  func restore(from file: SafetensorsFile) throws {
    try trainer.restore(from: file)
    try kept.restore(from: file, like: trainer.sessionAgent)
  }
}

import DRRCore
import Environments
import Tensor

/// A learner whose actions can be items, so that it can learn in users' sessions too.
package protocol ItemLearner: ActingLearner {
  /// How many steps there are to be.
  var steps: Int { get }
  /// Whether it has updated the policy.
  var hasLearned: Bool { get }
  /// What happened in sessions since the last report. Waits for the device.
  func progress() throws -> TrainingProgress
  /// Learns from what items led to in episodes that are not the environments'.
  func learn(_ before: [[Int32]], _ actions: [Int32], _ outcomes: [Step<[Int32]>]) throws
  /// What it returns puts what was learned in place, and none of the episodes under way.
  func prepareLearning(from file: SafetensorsFile) throws -> () -> Void
  /// The policy's weights were put in place from elsewhere.
  func policyWasReplaced()
}

/// An ``ItemLearner`` in sessions.
package final class ItemSessionTrainer: SessionLearner {
  private let learner: any ItemLearner
  private let agent: ItemVectorAgent
  private let keepsEarlier: Bool

  package init(
    _ learner: any ItemLearner, _ agent: ItemVectorAgent, _ training: SessionTraining
  ) {
    (self.learner, self.agent) = (learner, agent)
    keepsEarlier = training.keepsEarlier
  }

  package var sessionAgent: any SessionAgent { agent }
  package var step: Int { learner.step }
  package var steps: Int { learner.steps }
  package var hasLearned: Bool { learner.hasLearned }
  package func share(_ updates: SharedUpdates) { learner.share(updates) }
  package func advance() throws { try learner.advance() }
  package func report() throws -> TrainingProgress { try learner.progress() }
  package func isFinite() throws -> Bool { try learner.isFinite() }
  package func save(to file: inout SafetensorsWriter) throws { try learner.save(to: &file) }
  package func restore(from file: SafetensorsFile) throws { try learner.restore(from: file) }

  package func prepareRestore(from file: SafetensorsFile) throws -> () -> Void {
    try learner.prepareLearning(from: file)
  }

  package func restoreLearning(from file: SafetensorsFile) throws {
    try learner.prepareLearning(from: file)()
    guard keepsEarlier else { return }
    try agent.restorePolicy(from: file, BestCheckpoint.prefix)
    learner.policyWasReplaced()
  }

  package func learn(
    _ before: [SessionState], _ actions: Tensor, _ outcomes: [Step<SessionState>]
  ) throws {
    let rows = agent.rows
    try learner.learn(
      before.map { rows.row(of: $0) }, outcomes.map { $0.observation.feedback.last!.item },
      outcomes.map { $0.map { rows.row(of: $0) } })
  }
}

import Agents
import DRRCore
import DRRData
import Evaluation
import Tensor

/// Re-ranks the validation users' sessions at equally spaced steps of a training.
struct Validation {
  private let evaluation: OfflineEvaluation

  /// Nil where no session has ten candidates, a liked one among them.
  init?(sessions: [Session]) {
    guard sessions.contains(where: { $0.candidates.count >= 10 && $0.likedCount > 0 }) else {
      return nil
    }
    evaluation = OfflineEvaluation(sessions: sessions, cutoffs: [5, 10])
  }

  /// Greedy, so that training draws the same numbers with it and without. Waits for the device.
  ///
  /// - Parameter ranks: who hold the same trainer and share the sessions.
  func point(
    _ trainer: any AgentTrainer, among ranks: any Collective
  ) throws -> ValidationPoint {
    let scores = try evaluation.evaluate(
      AgentRanker("agent", trainer.sessionAgent), among: ranks)
    return ValidationPoint(
      step: trainer.step, precision5: scores.mean(.precision, at: 5)!,
      precision10: scores.mean(.precision, at: 10)!, ndcg10: scores.mean(.ndcg, at: 10)!,
      learned: trainer.hasLearned)
  }
}

extension Experiment {
  /// How the agent is validated while it trains; nil where it is not to be, or, which is noted,
  /// where there is no user to validate on.
  func validation(_ observer: Observer) throws -> Validation? {
    let training = try agent.training
    guard training.validations > 0 else { return nil }
    let evaluation = configuration.evaluation
    let (sessions, admission) = Session.admitted(
      of: .validation, log, split, evaluation, window: training.window, scale: configuration.scale)
    if let validation = Validation(sessions: sessions) { return validation }
    let reason =
      evaluation.split == .nothing
      ? "nothing is held out"
      : evaluation.validationShare == 0
        ? "the validation share is 0"
        : "there is no user to validate on: "
          + admission.summary(of: .validation, evaluation, window: training.window)
    observer.note("\(reason); the agent of the last step is kept")
    return nil
  }
}

import Tensor

/// Which policy of a training is the run's agent.
public enum CheckpointChoice: String, Codable, CaseIterable, Hashable, Sendable,
  CustomStringConvertible
{
  /// That of the best NDCG@10 on the validation users, the earlier of two equal ones.
  case best
  /// That of the last step.
  case last

  public var description: String { rawValue }
}

/// What the policy of a step is worth to the validation users: a line of the metrics.
public struct ValidationPoint: Codable, Hashable, Sendable {
  public var step: Int
  public var precision5: Double
  public var precision10: Double
  public var ndcg10: Double

  public init(step: Int, precision5: Double, precision10: Double, ndcg10: Double) {
    self.step = step
    self.precision5 = precision5
    self.precision10 = precision10
    self.ndcg10 = ndcg10
  }
}

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
  func point(_ agent: any SessionAgent, step: Int) throws -> ValidationPoint {
    let scores = try evaluation.evaluate(AgentRanker("agent", agent))
    return ValidationPoint(
      step: step, precision5: scores.mean(.precision, at: 5)!,
      precision10: scores.mean(.precision, at: 10)!, ndcg10: scores.mean(.ndcg, at: 10)!)
  }
}

extension Experiment {
  /// How the agent is validated while it trains; nil where it is not to be, or, which is noted,
  /// where nobody can be asked.
  func validation(_ observer: Observer) throws -> Validation? {
    let drr = try drr
    guard drr.validations > 0 else { return nil }
    let evaluation = configuration.evaluation
    let (sessions, admission) = Session.admitted(
      of: .validation, log, split, evaluation, window: drr.window, scale: configuration.scale)
    if let validation = Validation(sessions: sessions) { return validation }
    let reason =
      evaluation.validationShare == 0
      ? "the validation share is 0"
      : "nobody validates: "
        + admission.summary(of: .validation, evaluation, window: drr.window)
    observer.note("\(reason); the agent of the last step is kept")
    return nil
  }
}

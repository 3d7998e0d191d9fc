import DRRCore
import Tensor

/// How a training's policies did on the validation users, and which of them is the run's agent.
public struct PolicyHistory: Codable, Hashable, Sendable {
  /// At which the agent's weights were taken.
  public var step: Int
  /// The figures of every validation, in the order of steps.
  public var points: [ValidationPoint]

  /// A history by its parts.
  public init(step: Int, points: [ValidationPoint]) {
    self.step = step
    self.points = points
  }

  /// Of the best NDCG@10 among those that had learned; of equal ones the earliest.
  static func best(_ points: [ValidationPoint]) -> ValidationPoint? {
    points.filter { $0.learned != false }
      .max { ($0.ndcg10, -$0.step) < ($1.ndcg10, -$1.step) }
  }

  /// Whether a training of such settings ends at its latest validation: so many were not above the
  /// best, or the step is reached whose policy is settled.
  package static func isOver(_ points: [ValidationPoint], _ training: SessionTraining) -> Bool {
    guard let patience = training.patience, let latest = points.last else { return false }
    if let settled = training.keptStep { return latest.step >= settled }
    guard let best = best(points) else { return false }
    return points.count { $0.step > best.step } >= patience
  }

  /// Whether the agent had learned when its weights were taken; nil where it was not looked at.
  public var hasLearned: Bool? { points.first { $0.step == step }?.learned }

  /// P@5 over the checkpoints of the later half of training, how far results differ by the moment
  /// at which it ends; nil of fewer than two.
  public var spread: (mean: Double, deviation: Double, low: Double, high: Double)? {
    let later = points.suffix((points.count + 1) / 2).map(\.precision5)
    guard let deviation = standardDeviation(later) else { return nil }
    return (
      later.reduce(0, +) / Double(later.count), deviation, later.min()!, later.max()!
    )
  }
}

/// The policy that a training keeps as the run's agent, beside the one that it goes on from: the
/// last, that of the best validation, or that of a step which is settled.
package struct BestCheckpoint {
  private let training: SessionTraining
  private(set) var points: [ValidationPoint] = []
  /// Nil where the last is wanted, or none to keep was met yet.
  private var kept: (step: Int, policy: [(name: String, weights: ParameterSet)])?

  package init(_ training: SessionTraining) {
    self.training = training
  }

  package mutating func add(_ point: ValidationPoint, of agent: any SessionAgent) {
    points.append(point)
    guard keptPoint == point else { return }
    kept = (point.step, agent.policy.map { ($0, $1.copy()) })
  }

  /// Whether training ends before its last step.
  package var isOver: Bool { PolicyHistory.isOver(points, training) }

  /// The validation whose policy is kept.
  private var keptPoint: ValidationPoint? {
    if let settled = training.keptStep { return points.first { $0.step == settled } }
    return training.choice == .best ? PolicyHistory.best(points) : nil
  }

  /// - Parameter trainer: has the policy to keep where there is no other.
  package func save(to file: inout SafetensorsWriter, _ trainer: any AgentTrainer) throws {
    for (name, weights) in kept?.policy ?? trainer.sessionAgent.policy {
      try weights.save(to: &file, "\(Self.prefix).\(name)")
    }
    try file.add("\(Self.prefix).step", [Int64(kept?.step ?? trainer.step)])
    try file.add("validation.steps", points.map { Int64($0.step) })
    try file.add(
      "validation.measures",
      points.flatMap { [$0.precision5, $0.precision10, $0.ndcg10] }, shape: [points.count, 3])
    try file.add("validation.learned", points.map { $0.learned.map { $0 ? 1 : 0 } ?? Int64(-1) })
  }

  /// - Parameter agent: of the kind whose weights they are.
  package mutating func restore(from file: SafetensorsFile, like agent: any SessionAgent) throws {
    let history = try Self.history(in: file)
    // Whether it is kept or not: evaluation reads it.
    let policy = try agent.policy.map { name, weights in
      let weights = weights.copy()
      try weights.restore(from: file, "\(Self.prefix).\(name)")
      return (name, weights)
    }
    points = history.points
    if keptPoint != nil { kept = (history.step, policy) }
  }

  /// Of the run's agent in a checkpoint.
  package static let prefix = "policy"

  package static func history(in file: SafetensorsFile) throws -> PolicyHistory {
    let steps = try file.integers("validation.steps", .count)
    let measures = try file.doubles("validation.measures", .in(0...1), shape: [steps.count, 3])
    // Older programs did not take it down.
    let learned =
      file.entry("validation.learned") == nil
      ? nil : try file.integers("validation.learned", .in(-1...1), shape: [steps.count])
    return PolicyHistory(
      step: try file.integer("\(prefix).step", .count),
      points: steps.enumerated().map { at, step in
        ValidationPoint(
          step: step, precision5: measures[3 * at], precision10: measures[3 * at + 1],
          ndcg10: measures[3 * at + 2], learned: learned.flatMap { $0[at] < 0 ? nil : $0[at] > 0 })
      })
  }
}

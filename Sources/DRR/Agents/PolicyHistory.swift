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

  /// Of the best NDCG@10; of equal ones the earliest.
  static func best(_ points: [ValidationPoint]) -> ValidationPoint? {
    points.max { ($0.ndcg10, -$0.step) < ($1.ndcg10, -$1.step) }
  }

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

/// The policy that a training keeps as the run's agent, beside the one that it goes on from.
package struct BestCheckpoint {
  let choice: CheckpointChoice
  private(set) var points: [ValidationPoint] = []
  /// Of the best point; none where the last is wanted, or nothing is known yet.
  private var best: [(name: String, weights: ParameterSet)]?

  package init(_ choice: CheckpointChoice) { self.choice = choice }

  package mutating func add(_ point: ValidationPoint, of agent: any SessionAgent) {
    points.append(point)
    guard choice == .best, PolicyHistory.best(points) == point else { return }
    best = agent.policy.map { ($0, $1.copy()) }
  }

  /// - Parameter trainer: has the policy to keep where there is no best.
  package func save(to file: inout SafetensorsWriter, _ trainer: any AgentTrainer) throws {
    for (name, weights) in best ?? trainer.sessionAgent.policy {
      try weights.save(to: &file, "\(Self.prefix).\(name)")
    }
    let step = best == nil ? trainer.step : PolicyHistory.best(points)!.step
    try file.add("\(Self.prefix).step", [Int64(step)])
    try file.add("validation.steps", points.map { Int64($0.step) })
    try file.add(
      "validation.measures",
      points.flatMap { [$0.precision5, $0.precision10, $0.ndcg10] }, shape: [points.count, 3])
  }

  /// - Parameter agent: of the kind whose weights they are.
  package mutating func restore(from file: SafetensorsFile, like agent: any SessionAgent) throws {
    points = try Self.history(in: file).points
    guard choice == .best, !points.isEmpty else { return }
    best = try agent.policy.map { name, weights in
      let weights = weights.copy()
      try weights.restore(from: file, "\(Self.prefix).\(name)")
      return (name, weights)
    }
  }

  /// Of the run's agent in a checkpoint.
  package static let prefix = "policy"

  package static func history(in file: SafetensorsFile) throws -> PolicyHistory {
    let steps = try file.int64s("validation.steps")
    let measures = try file.doubles("validation.measures", shape: [steps.count, 3])
    return PolicyHistory(
      step: Int(try file.int64s("\(prefix).step", shape: [1])[0]),
      points: steps.enumerated().map { at, step in
        ValidationPoint(
          step: Int(step), precision5: measures[3 * at], precision10: measures[3 * at + 1],
          ndcg10: measures[3 * at + 2])
      })
  }
}

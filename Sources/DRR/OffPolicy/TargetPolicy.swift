import DRRData
import Platform
import Tensor

/// A policy whose value is asked for: π(a | x, position) of every decision of a log.
public protocol TargetPolicy: Sendable {
  var name: String { get }
  /// The least that its probabilities follow from.
  var basis: PolicyBasis { get }
  /// Fills `probabilities`, one for each action that the decision could choose from; they sum to 1.
  ///
  /// `values` are the expected rewards that the reward model gives the actions; a cross-fitted
  /// model makes the policy one that did not see the decision.
  func fill(
    _ probabilities: inout [Double], _ row: Int, of log: LoggedFeedback, values: [Double])
}

extension TargetPolicy {
  public var basis: PolicyBasis { .everything }
}

/// What a policy's probabilities follow from.
public enum PolicyBasis: Sendable {
  /// The position of the decision.
  case position
  /// The position, and what the values of the reward model have between them.
  case differences
  /// All that is known of the decision, but no reward model.
  case decision
  /// All that is known of the decision, and the reward model's values.
  case everything

  var needsModel: Bool { self == .differences || self == .everything }
}

/// Every action with equal chance.
public struct UniformTarget: TargetPolicy {
  public let name = "uniform"
  public var basis: PolicyBasis { .position }
  public init() {}

  public func fill(
    _ probabilities: inout [Double], _ row: Int, of log: LoggedFeedback, values: [Double]
  ) {
    let share = 1 / Double(probabilities.count)
    for action in probabilities.indices { probabilities[action] = share }
  }
}

/// One distribution a position, whatever the context.
public struct FixedTarget: TargetPolicy {
  public let name: String
  public var basis: PolicyBasis { .position }
  /// [positions, actions].
  public let table: [Double]

  /// - Parameter table: [positions, actions] of the log to evaluate on; each position sums to 1.
  public init(name: String, table: [Double]) {
    self.name = name
    self.table = table
  }

  /// The shares of the actions that another log has at each position.
  ///
  /// - Throws: where it has an action or a position that the log to evaluate on has not, and where
  ///   the decisions of either have candidates of their own.
  public init(
    marginalOf other: LoggedFeedback, for log: LoggedFeedback
  ) throws(LineFault) {
    func places(_ from: [String], _ to: [String], _ what: String) throws(LineFault) -> [Int] {
      let known = RawIDs(to)
      var places: [Int] = []
      for id in from {
        guard let place = known.lookup(id) else {
          throw LineFault(
            file: other.name, found: "\(what) \"\(quoted(id))\"", expected: "one of \(log.name)")
        }
        places.append(place)
      }
      return places
    }
    for either in [other, log] where !either.candidates.isEmpty {
      throw LineFault(
        file: either.name, found: "candidates of its own in every decision",
        expected: "actions that are the same in all, for shares of them")
    }
    let actions = try places(other.actionIDs, log.actionIDs, "action")
    let positions = try places(other.positionIDs, log.positionIDs, "position")
    var counts = [Double](repeating: 0, count: log.positionCount * log.actionCount)
    var totals = [Double](repeating: 0, count: log.positionCount)
    for row in 0..<other.count {
      let position = positions[Int(other.positions[row])]
      counts[position * log.actionCount + actions[Int(other.actions[row])]] += 1
      totals[position] += 1
    }
    if let missing = totals.firstIndex(of: 0) {
      throw LineFault(
        file: other.name, found: "nothing at position \(log.positionIDs[missing])",
        expected: "some actions at each position of \(log.name)")
    }
    for at in counts.indices { counts[at] /= totals[at / log.actionCount] }
    self.init(name: "marginal of \(other.name)", table: counts)
  }

  public func fill(
    _ probabilities: inout [Double], _ row: Int, of log: LoggedFeedback, values: [Double]
  ) {
    let first = Int(log.positions[row]) * log.actionCount
    for action in probabilities.indices { probabilities[action] = table[first + action] }
  }
}

/// exp(z / temperature) in proportion, z the reward model's values of a decision less their mean,
/// in units of their standard deviation.
public struct SoftmaxTarget: TargetPolicy {
  public let temperature: Double
  public var name: String { "softmax:\(spelled(temperature))" }
  public var basis: PolicyBasis { .differences }
  public init(temperature: Double = 1) { self.temperature = temperature }

  public func fill(
    _ probabilities: inout [Double], _ row: Int, of log: LoggedFeedback, values: [Double]
  ) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    let scale = deviation > 0 ? 1 / (deviation * temperature) : 0
    probabilities.withUnsafeMutableBufferPointer { probabilities in
      values.withUnsafeBufferPointer { values in
        for action in values.indices { probabilities[action] = (values[action] - mean) * scale }
      }
      softmax(&probabilities)
    }
  }
}

/// The action of the highest value, each of several alike, but with chance ε any. With ε 0 it has
/// support only where the log happens to have its choice.
public struct GreedyTarget: TargetPolicy {
  public let epsilon: Double
  public var name: String { "greedy:\(spelled(epsilon))" }
  public var basis: PolicyBasis { .differences }
  public init(epsilon: Double = 0.1) { self.epsilon = epsilon }

  public func fill(
    _ probabilities: inout [Double], _ row: Int, of log: LoggedFeedback, values: [Double]
  ) {
    let highest = values.max() ?? 0
    let share = (1 - epsilon) / Double(max(1, values.count { $0 == highest }))
    let even = epsilon / Double(probabilities.count)
    probabilities.withUnsafeMutableBufferPointer { probabilities in
      values.withUnsafeBufferPointer { values in
        for action in values.indices {
          probabilities[action] = even + (values[action] == highest ? share : 0)
        }
      }
    }
  }
}

/// Probabilities given for every decision of one log.
public struct TabledTarget: TargetPolicy {
  public let name: String
  public var basis: PolicyBasis { .decision }
  /// [rows, actions]; where decisions have candidates of their own, as wide as the most of them.
  public let table: [Double]

  public init(name: String, table: [Double]) {
    self.name = name
    self.table = table
  }

  public func fill(
    _ probabilities: inout [Double], _ row: Int, of log: LoggedFeedback, values: [Double]
  ) {
    let first = row * log.actionCount
    for action in probabilities.indices { probabilities[action] = table[first + action] }
  }
}

func softmax(_ scores: [Double]) -> [Double] {
  var powers = scores
  powers.withUnsafeMutableBufferPointer { softmax(&$0) }
  return powers
}

/// In place.
private func softmax(_ scores: inout UnsafeMutableBufferPointer<Double>) {
  let highest = scores.max() ?? 0
  var sum = 0.0
  for action in scores.indices {
    scores[action] = exp(scores[action] - highest)
    sum += scores[action]
  }
  for action in scores.indices { scores[action] /= sum }
}

/// `1`, `0.5`: without the zero that a whole number would have.
func spelled(_ value: Double) -> String {
  value.rounded() == value && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
}

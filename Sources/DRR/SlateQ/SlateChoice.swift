import Environments
import Platform
import Tensor

/// How a slate is worth something, and what is learned of it.
public enum SlateLearner: String, Codable, CaseIterable, Hashable, Sendable {
  /// SlateQ (Ie et al. 2019, section 4.2): q of documents, weighed by how users choose among them.
  case slateq
  /// Deep Q-learning of documents: each that is shown is worth what the whole slate is, whoever
  /// chose what.
  case dqn
  /// A policy gradient: documents drawn one after another without replacement by a softmax, and a
  /// critic of users.
  case pg

  /// What result tables call it.
  public var name: String {
    switch self {
    case .slateq: "SlateQ"
    case .dqn: "DQN"
    case .pg: "policy gradient"
    }
  }
}

/// Documents that a user may choose from, and choosing none: what each weighs and is worth.
///
/// Of a slate A the user chooses i with probability w_i / (Σ_A w + w_none), so that the slate is worth
/// Q(A) = (Σ_A w_i q_i + w_none q_none) / (Σ_A w_i + w_none): the decomposition of Ie et al. 2019,
/// section 4.2, whose choice of none is worth something too. Without a model of choice all of a slate
/// weigh the same, and none nothing. To a policy gradient w is the policy and what follows is told by
/// a critic that sees no slate.
package struct SlateChoice {
  private let learner: SlateLearner
  /// [N], of the documents.
  let weights: [Double]
  let values: [Double]
  let none: (weight: Double, value: Double)

  /// - Parameters:
  ///   - logits: [N + 1] of a logit model of choice or of a policy, the last of choosing none; nil
  ///     where there is none.
  ///   - values: [N + 1], q; of a policy gradient the last is V.
  package init(_ learner: SlateLearner, logits: ArraySlice<Float>?, values: ArraySlice<Float>) {
    self.learner = learner
    let value = Double(values.last!)
    if let logits {
      let most = Double(logits.max()!)
      let weights = logits.map { exp(Double($0) - most) }
      self.weights = Array(weights.dropLast())
      none = (weights.last!, value)
    } else {
      weights = Array(repeating: 1, count: values.count - 1)
      none = (0, value)
    }
    self.values =
      learner == .pg
      ? Array(repeating: 1, count: values.count - 1) : values.dropLast().map { Double($0) }
  }

  /// Q(A), or V.
  package func value(_ slate: some Sequence<Int32>) -> Double {
    if learner == .pg { return none.value }
    var (sum, weight) = (none.weight * none.value, none.weight)
    for place in slate {
      sum += weights[Int(place)] * values[Int(place)]
      weight += weights[Int(place)]
    }
    return sum / weight
  }

  /// The slate of so many documents, the first places first.
  package func best(_ method: SlateMethod, size: Int) -> [Int32] {
    switch learner == .slateq ? method : .topK {
    case .exact: bestSlate(weights: weights, values: values, none: none, size: size)
    case .topK: highestPlaces(zip(weights, values).map(*), size)
    case .greedy:
      (0..<size).reduce(into: []) { slate, _ in
        let (shown, rest) = (slate, weights.indices.filter { !slate.contains(Int32($0)) })
        let worths = rest.map { value(shown + [Int32($0)]) }
        slate.append(Int32(rest[Int(highestPlaces(worths, 1)[0])]))
      }
    }
  }

  /// A slate by w, one document after another without replacement (Plackett 1975).
  package func drawn(size: Int, _ random: inout Philox) -> [Int32] {
    var slate: [Int32] = []
    var left = weights
    while slate.count < size {
      var rest = Double(random.uniform()) * left.reduce(0, +)
      var place = left.lastIndex { $0 > 0 } ?? 0
      for (candidate, weight) in left.enumerated() where weight > 0 {
        rest -= weight
        if rest < 0 {
          place = candidate
          break
        }
      }
      // Weights so small that they are 0 are drawn last.
      if slate.contains(Int32(place)) {
        place = left.indices.first { !slate.contains(Int32($0)) }!
      }
      slate.append(Int32(place))
      left[place] = 0
    }
    return slate
  }

  /// log of the probability that ``drawn(size:_:)`` gives a slate.
  package func logProbability(_ slate: some Sequence<Int32>) -> Double {
    var (total, left) = (0.0, weights.reduce(0, +))
    for place in slate {
      let weight = weights[Int(place)]
      total += log(max(weight, .leastNormalMagnitude) / max(left, .leastNormalMagnitude))
      left -= weight
    }
    return total
  }
}

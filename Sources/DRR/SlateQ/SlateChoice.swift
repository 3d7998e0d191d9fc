import Environments
import Platform

/// Documents that a user may choose from, and choosing none: what each weighs and is worth.
///
/// Of a slate A the user chooses i with probability w_i / (Σ_A w + w_none), so that the slate is worth
/// Q(A) = (Σ_A w_i q_i + w_none q_none) / (Σ_A w_i + w_none): the decomposition of Ie et al. 2019,
/// section 4.2, whose choice of none is worth something too.
package struct SlateChoice {
  /// [N], of the documents.
  let weights: [Double]
  let values: [Double]
  let none: (weight: Double, value: Double)

  /// - Parameters:
  ///   - logits: [N + 1] of a logit model of choice, the last of choosing none.
  ///   - values: [N + 1], q.
  package init(logits: ArraySlice<Float>, values: ArraySlice<Float>) {
    let most = Double(logits.max()!)
    let weights = logits.map { exp(Double($0) - most) }
    self.weights = Array(weights.dropLast())
    self.values = values.dropLast().map { Double($0) }
    none = (weights.last!, Double(values.last!))
  }

  /// Q(A).
  package func value(_ slate: some Sequence<Int32>) -> Double {
    var (sum, weight) = (none.weight * none.value, none.weight)
    for place in slate {
      sum += weights[Int(place)] * values[Int(place)]
      weight += weights[Int(place)]
    }
    return sum / weight
  }

  /// The slate of so many documents, the first places first.
  package func best(_ method: SlateMethod, size: Int) -> [Int32] {
    switch method {
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
}

import Environments
import Foundation
import TestSupport
import Testing

@Suite("Choice models")
struct ChoiceModelTests {
  private static let scores = [0.5, -0.25, 0.75]

  /// By the definition: each is looked at in turn, or not, and chosen, or not.
  private static func walk(_ attention: Double, _ chosen: [Double]) -> [Double] {
    var found = [Double](repeating: 0, count: chosen.count + 1)
    for outcome in 0..<1 << (2 * chosen.count) {
      var probability = 1.0
      var choice = chosen.count
      for place in chosen.indices {
        let (looks, takes) = (outcome >> (2 * place) & 1 == 1, outcome >> (2 * place + 1) & 1 == 1)
        probability *= looks ? attention : 1 - attention
        probability *= takes ? chosen[place] : 1 - chosen[place]
        if looks && takes && choice == chosen.count { choice = place }
      }
      found[choice] += probability
    }
    return found
  }

  @Test("probabilities follow the definitions") func definitions() {
    let weights = Self.scores.map { exp($0) } + [exp(0.3)]
    let shares = [1.5, 0.75, 1.75, 1.4]
    let cases: [(ChoiceModel, [Double])] = [
      (.multinomialLogit(noClick: 0.3), weights.map { $0 / weights.reduce(0, +) }),
      (.proportional(noClick: 0.4, minimum: -1), shares.map { $0 / shares.reduce(0, +) }),
      (
        .exponentialCascade(attention: 0.6, scaling: 0.4),
        Self.walk(0.6, Self.scores.map { 0.4 * exp($0) })
      ),
      (
        .proportionalCascade(attention: 0.9, scaling: 0.5, minimum: -1),
        Self.walk(0.9, Self.scores.map { 0.5 * ($0 + 1) })
      ),
    ]
    for (model, expected) in cases {
      for (a, b) in zip(model.probabilities(Self.scores), expected) {
        #expect(abs(a - b) < 1e-12, "\(model)")
      }
    }
  }

  @Test("the best slate is the best of all slates") func bestOfAll() {
    var random = SeededGenerator(3)
    for _ in 0..<200 {
      let weights = (0..<7).map { _ in Double.random(in: 0...2, using: &random) }
      let values = (0..<7).map { _ in Double.random(in: -3...5, using: &random) }
      let none = (
        weight: Double.random(in: 0.1...3, using: &random),
        value: Double.random(in: -1...1, using: &random)
      )
      func worth(_ slate: [Int]) -> Double {
        (slate.reduce(none.weight * none.value) { $0 + weights[$1] * values[$1] })
          / (slate.reduce(none.weight) { $0 + weights[$1] })
      }
      for size in 1...3 {
        var best = -Double.infinity
        for set in 0..<1 << 7 where set.nonzeroBitCount == size {
          best = max(best, worth((0..<7).filter { set >> $0 & 1 == 1 }))
        }
        let found = bestSlate(weights: weights, values: values, none: none, size: size)
        #expect(Set(found).count == size && abs(worth(found.map { Int($0) }) - best) < 1e-12)
      }
    }
  }
}

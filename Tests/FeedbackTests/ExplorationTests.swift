import Feedback
import Foundation
import Kernels
import Testing

@Suite("Lists drawn by known probabilities")
struct ExplorationTests {
  static let scores: [Float] = [1.5, 1.2, 0.3, -0.4, -2]

  /// The probability of an item given those above it, written out.
  static func conditional(_ item: Int, after above: [Int], _ epsilon: Double, _ t: Double) -> Double
  {
    let all = scores.map(Double.init)
    let mean = all.reduce(0, +) / 5
    let deviation = (all.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 5).squareRoot()
    let left = all.indices.filter { !above.contains($0) }
    let powers = left.map { exp(all[$0] / (t * deviation)) }
    return (1 - epsilon) * exp(all[item] / (t * deviation)) / powers.reduce(0, +)
      + epsilon / Double(left.count)
  }

  @Test("every list has the product of its conditionals, and all together have 1")
  func enumeration() {
    let exploration = Exploration(epsilon: 0.2, temperature: 0.7, candidates: 5)
    var sum = 0.0
    for a in 0..<5 {
      for b in 0..<5 where b != a {
        for c in 0..<5 where c != a && c != b {
          let found = exploration.probabilities(of: [a, b, c], Self.scores)
          let wanted = [
            Self.conditional(a, after: [], 0.2, 0.7), Self.conditional(b, after: [a], 0.2, 0.7),
            Self.conditional(c, after: [a, b], 0.2, 0.7),
          ]
          for (found, wanted) in zip(found, wanted) { #expect(abs(found - wanted) < 1e-12) }
          sum += found.reduce(1, *)
        }
      }
    }
    #expect(abs(sum - 1) < 1e-12)
  }

  @Test("lists come as often as their probabilities say, and say them")
  func frequencies() {
    let exploration = Exploration(epsilon: 0.3, temperature: 0.5, candidates: 5)
    var random = Philox(seed: 3)
    var counts: [[Int]: Int] = [:]
    let draws = 40_000
    for _ in 0..<draws {
      let list = exploration.draw(Self.scores, count: 2, &random)
      let places = list.map(\.place)
      counts[places, default: 0] += 1
      #expect(list.map(\.propensity) == exploration.probabilities(of: places, Self.scores))
    }
    // χ² of 19 degrees of freedom is below 43.8 but once in a thousand.
    var statistic = 0.0
    for a in 0..<5 {
      for b in 0..<5 where b != a {
        let expected =
          Double(draws) * Self.conditional(a, after: [], 0.3, 0.5)
          * Self.conditional(b, after: [a], 0.3, 0.5)
        let difference = Double(counts[[a, b]] ?? 0) - expected
        statistic += difference * difference / expected
      }
    }
    #expect(statistic < 43.8)
  }

  @Test("what is no candidate has no probability, and takes nothing from others")
  func others() {
    let exploration = Exploration(epsilon: 0.2, temperature: 1, candidates: 5)
    let with = exploration.probabilities(of: [2, nil, 0], Self.scores)
    #expect(with[1] == 0)
    #expect([with[0], with[2]] == exploration.probabilities(of: [2, 0], Self.scores))
    #expect(exploration.probabilities(of: [1, 1], Self.scores)[1] == 0)
  }

  @Test("a list is as long as there are candidates; equal scores are alike")
  func edges() {
    var random = Philox(seed: 1)
    let exploration = Exploration()
    #expect(exploration.draw([], count: 3, &random).isEmpty)
    #expect(Set(exploration.draw([1, 2], count: 3, &random).map(\.place)) == [0, 1])
    #expect(exploration.probabilities(of: [1], [4, 4, 4, 4]) == [0.25])
    // The highest first, however far apart.
    let certain = Exploration(epsilon: 0, temperature: 0.01, candidates: 3)
    #expect(certain.draw([-3e38, 0, 3e38], count: 3, &random).map(\.place).first == 2)
  }
}

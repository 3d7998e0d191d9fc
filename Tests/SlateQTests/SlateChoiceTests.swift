import Foundation
import SlateQ
import Tensor
import TestSupport
import Testing

/// Against all slates there are, each valued by the probabilities of what may be chosen.
@Suite("Slates by values")
struct SlateChoiceTests {
  private struct Offer {
    var logits: [Float]
    var values: [Float]

    init(_ seed: UInt64, documents: Int) {
      var random = SeededGenerator(seed)
      logits = (0...documents).map { _ in Float.random(in: -2...2, using: &random) }
      values = (0...documents).map { _ in Float.random(in: -3...5, using: &random) }
    }

    var choice: SlateChoice { SlateChoice(.slateq, logits: logits[...], values: values[...]) }

    /// Σ P(j | slate) q_j, by the softmax over the slate and none.
    func value(_ slate: [Int]) -> Double {
      let places = slate + [logits.count - 1]
      let weights = places.map { exp(Double(logits[$0])) }
      return zip(places, weights).reduce(0) { $0 + $1.1 * Double(values[$1.0]) }
        / weights.reduce(0, +)
    }

    var slates: [[Int]] {
      let n = logits.count - 1
      return (0..<n).flatMap { a in (0..<n).flatMap { b in (0..<n).map { [a, b, $0] } } }
        .filter { Set($0).count == 3 }
    }
  }

  @Test("the exact slate is the best of all", arguments: 0..<40 as Range<UInt64>)
  func exact(_ seed: UInt64) {
    let offer = Offer(seed, documents: 6)
    let found = offer.choice.best(.exact, size: 3).map { Int($0) }
    let best = offer.slates.map { offer.value($0) }.max()!
    let own = offer.choice.value(found.map { Int32($0) })
    #expect(Set(found).count == 3)
    #expect(abs(offer.value(found) - best) < 1e-9)
    #expect(abs(own - best) < 1e-9)
  }

  @Test("the greedy slate adds what raises it most", arguments: 0..<10 as Range<UInt64>)
  func greedy(_ seed: UInt64) {
    let offer = Offer(seed, documents: 6)
    var wanted: [Int] = []
    for _ in 0..<3 {
      wanted.append(
        (0..<6).filter { !wanted.contains($0) }
          .max { offer.value(wanted + [$0]) < offer.value(wanted + [$1]) }!)
    }
    #expect(offer.choice.best(.greedy, size: 3).map { Int($0) } == wanted)
  }

  @Test("top-k takes the highest weight times value") func topK() {
    let choice = SlateChoice(.slateq, logits: [0, 1, 2, 0][...], values: [8, 2, 1, 100][...])
    // 8, 2 e = 5.4 and e² = 7.4.
    #expect(choice.best(.topK, size: 2) == [0, 2])
  }

  @Test("without a model of choice a slate is worth what its documents are in the mean")
  func withoutChoice() {
    let choice = SlateChoice(.dqn, logits: nil, values: [3, 8, 1, 4, 100][...])
    #expect(choice.best(.exact, size: 2) == [1, 3])
    #expect(choice.value([1, 3]) == 6)
  }

  /// P of a slate, by the rule of Plackett: w of each over the sum of what is left.
  private static func probability(_ slate: [Int], _ logits: [Float]) -> Double {
    var left = Set(0..<logits.count - 1)
    return slate.reduce(1) { product, place in
      let sum = left.reduce(0) { $0 + exp(Double(logits[$1])) }
      left.remove(place)
      return product * exp(Double(logits[place])) / sum
    }
  }

  @Test("a policy draws slates without replacement as often as its softmax says") func draws() {
    let offer = Offer(3, documents: 5)
    let choice = SlateChoice(.pg, logits: offer.logits[...], values: offer.values[...])
    #expect(choice.value([0, 1, 2]) == Double(offer.values[5]))
    let wanted = offer.slates.map { ($0, Self.probability($0, offer.logits)) }
    #expect(abs(wanted.reduce(0) { $0 + $1.1 } - 1) < 1e-9)
    var random = Philox(seed: 5, stream: 1)
    var counts: [[Int]: Int] = [:]
    let draws = 60_000
    for _ in 0..<draws {
      counts[choice.drawn(size: 3, &random).map { Int($0) }, default: 0] += 1
    }
    for (slate, probability) in wanted {
      let found = choice.logProbability(slate.map { Int32($0) })
      #expect(abs(found - log(probability)) < 1e-6)
      let deviation = (Double(draws) * probability * (1 - probability)).squareRoot()
      let distance = abs(Double(counts[slate] ?? 0) - Double(draws) * probability)
      #expect(distance < 5 * deviation + 1, "\(slate)")
    }
    #expect(choice.best(.exact, size: 2) == choice.best(.topK, size: 2))
  }

  @Test("a policy of weights that are 0 still draws different documents") func vanishing() {
    let choice = SlateChoice(.pg, logits: [0, -4_000, -5_000, 0][...], values: [0, 0, 0, 1][...])
    var random = Philox(seed: 1, stream: 1)
    for _ in 0..<20 {
      let slate = choice.drawn(size: 3, &random)
      #expect(Set(slate) == [0, 1, 2] && slate[0] == 0)
      #expect(choice.logProbability(slate).isFinite)
    }
  }
}

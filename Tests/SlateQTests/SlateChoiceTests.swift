import Foundation
import SlateQ
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

    var choice: SlateChoice { SlateChoice(logits: logits[...], values: values[...]) }

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
    let choice = SlateChoice(logits: [0, 1, 2, 0][...], values: [8, 2, 1, 100][...])
    // 8, 2 e = 5.4 and e² = 7.4.
    #expect(choice.best(.topK, size: 2) == [0, 2])
  }
}

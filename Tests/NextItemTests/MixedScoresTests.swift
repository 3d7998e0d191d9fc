import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import NextItem
import Tensor
import TestSupport
import Testing

@Suite("A network and counts in one")
struct MixedScoresTests {
  private static let log = Worlds.tiny
  private static let split = UserSplit(log, Worlds.latest())
  private static let statistics = ItemStatistics(log, split, scale: .fiveStars)

  private static func network() throws -> GRUScorer {
    var settings = GRUConfiguration()
    (settings.dimension, settings.hidden, settings.window) = (8, 8, 8)
    return GRUScorer(
      [GRURanker(settings, itemCount: log.itemCount, seed: 2, on: try TestDevices.all[0].make())],
      window: 8)
  }

  @Test(
    "weights are of log-probabilities, and what all items share moves no rank",
    arguments: [0, 0.3, 1] as [Float])
  func formula(share: Float) throws {
    let network = try Self.network()
    let counts = WindowedMarkov(Self.log, Self.split, Self.statistics)
    let mixed = MixedScores(network, counts, share: share)
    #expect(mixed.name == "GRU and windowed Markov")
    let evaluation = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    let queries = Array(evaluation.queries.prefix(40))
    for (at, scores) in try mixed.scores(queries).enumerated() {
      let query = queries[at]
      let logits = try network.scores([query])[0].map(Double.init)
      let total: Double = logits.reduce(0) { $0 + exp($1) }
      let normalizer = Foundation.log(total)
      let chain: [Double] = counts.scores(query).map { Foundation.log(max(Double($0), 1e-12)) }
      let weight = Double(share)
      let expected = zip(logits, chain).map { (logit: Double, count: Double) -> Double in
        weight * (logit - normalizer) + (1 - weight) * count
      }
      let shift = Double(scores[0]) - expected[0]
      for (score, wanted) in zip(scores, expected) {
        #expect(abs(Double(score) - wanted - shift) < 1e-4)
      }
    }
  }

  @Test("no share does better on the validation ratings than the one that is chosen")
  func choice() throws {
    let network = try Self.network()
    let validation = try NextItemEvaluation(
      Self.log, Self.split, scale: .fiveStars, of: .validation)
    let chosen = try MixedScores.Settings(
      choosingFor: network, Self.log, Self.split, Self.statistics, on: validation)
    let counts = WindowedMarkov(Self.log, Self.split, Self.statistics, chosen.counts)
    func gain(_ share: Float, _ counts: WindowedMarkov) throws -> Double {
      try validation.evaluate(MixedScores(network, counts, share: share)).mean(.gain, at: 10)
    }
    let best = try gain(chosen.share, counts)
    for tenth in 0...10 { #expect(try gain(Float(tenth) / 10, counts) <= best + 1e-12) }
    let defaults = MixedScores.Settings()
    let plain = WindowedMarkov(Self.log, Self.split, Self.statistics, defaults.counts)
    for tenth in 0...10 { #expect(try gain(Float(tenth) / 10, plain) <= best + 1e-12) }
  }
}

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

  private static func settings(_ share: Float, near: Float = 0) -> MixedScores.Settings {
    var settings = MixedScores.Settings()
    (settings.share, settings.neighbourShare) = (share, near)
    return settings
  }

  @Test(
    "weights are of log-probabilities, and what all items share moves no rank",
    arguments: [0, 0.3, 1] as [Float])
  func formula(share: Float) throws {
    let network = try Self.network()
    let counts = WindowedMarkov(Self.log, Self.split, Self.statistics)
    let mixed = MixedScores(network, counts, Self.settings(share))
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
      try validation.evaluate(MixedScores(network, counts, Self.settings(share)))
        .mean(.gain, at: 10)
    }
    let best = try gain(chosen.share, counts)
    for tenth in 0...10 { #expect(try gain(Float(tenth) / 10, counts) <= best + 1e-12) }
    let defaults = MixedScores.Settings()
    let plain = WindowedMarkov(Self.log, Self.split, Self.statistics, defaults.counts)
    for tenth in 0...10 { #expect(try gain(Float(tenth) / 10, plain) <= best + 1e-12) }
  }

  @Test(
    "neighbours are added to counts, each over their sum; where there are none counts are alone",
    arguments: [(0.3, 0.5, 200), (0, 0.95, 200), (0.6, 0, 200), (0.2, 0.5, 0)]
      as [(Float, Float, Int)])
  func threeMembers(share: Float, near: Float, nearest: Int) throws {
    let network = try Self.network()
    let counts = WindowedMarkov(Self.log, Self.split, Self.statistics)
    var settings = SessionNeighbours.Settings()
    settings.neighbours = nearest
    let neighbours = SessionNeighbours(SessionIndex(Self.log, Self.split), settings)
    let mixed = MixedScores(
      network, counts, Self.settings(share, near: near), neighbours: neighbours)
    #expect(mixed.name == "GRU, windowed Markov and session kNN")
    let evaluation = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    for query in evaluation.queries.prefix(20) {
      let scores = try mixed.scores([query])[0]
      let logits = try network.scores([query])[0].map(Double.init)
      let followed = counts.scores(query).map(Double.init)
      let found = neighbours.scores(query).map(Double.init)
      let (counted, all) = (followed.reduce(0, +), found.reduce(0, +))
      let v = all > 0 ? Double(near) : 0
      let expected = logits.indices.map { (item: Int) -> Double in
        // Counts alone stand as they are.
        let chance =
          v > 0 ? (1 - v) * followed[item] / counted + v * found[item] / all : followed[item]
        return Double(share) * logits[item]
          + Double(1 - share) * Foundation.log(max(chance, 1e-12))
      }
      let shift = Double(scores[0]) - expected[0]
      #expect(
        zip(scores, expected).allSatisfy { abs(Double($0) - $1 - shift) < 1e-4 })
    }
  }

  @Test("no pair of shares does better on the validation ratings than the one that is chosen")
  func shares() throws {
    let network = try Self.network()
    let validation = try NextItemEvaluation(
      Self.log, Self.split, scale: .fiveStars, of: .validation)
    let counts = WindowedMarkov(Self.log, Self.split, Self.statistics)
    let neighbours = SessionNeighbours(SessionIndex(Self.log, Self.split))
    func gain(_ settings: MixedScores.Settings) throws -> Double {
      try validation.evaluate(MixedScores(network, counts, settings, neighbours: neighbours))
        .mean(.gain, at: 10)
    }
    var chosen = MixedScores.Settings()
    try chosen.chooseShares(network, counts, neighbours, on: validation)
    let best = try gain(chosen)
    for near in [0, 0.25, 0.5, 0.75, 0.95] as [Float] {
      for tenth in 0...10 {
        #expect(try gain(Self.settings(Float(tenth) / 10, near: near)) <= best + 1e-12)
      }
    }
  }

  @Test("what is chosen of neighbours is no worse on the validation ratings than the defaults")
  func nearest() throws {
    let validation = try NextItemEvaluation(
      Self.log, Self.split, scale: .fiveStars, of: .validation)
    let index = SessionIndex(Self.log, Self.split)
    func gain(_ settings: SessionNeighbours.Settings) throws -> Double {
      try validation.evaluate(SessionNeighbours(index, settings)).mean(.gain, at: 10)
    }
    let chosen = SessionNeighbours.Settings(choosingFrom: index, on: validation)
    let best = try gain(chosen)
    #expect(try gain(SessionNeighbours.Settings()) <= best + 1e-12)
    // The one that is chosen last, with all the others as they are.
    for rarity in [0, 0.3, 1, 3] as [Float] {
      var other = chosen
      other.rarity = rarity
      #expect(try gain(other) <= best + 1e-12)
    }
  }
}

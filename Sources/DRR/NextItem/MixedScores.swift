import DRRCore
import DRRData
import Evaluation
import Platform

/// A network's scores and counts of what followed what in one: w · log p(i) + (1 − w) · log c(i),
/// but for what all items share; p of the network, c ≥ 10⁻¹² of the counts.
public struct MixedScores: NextItemScorer {
  /// How the two are mixed.
  public struct Settings: Codable, Hashable, Sendable {
    /// w.
    public var share: Float = 0.5
    /// What is counted.
    public var counts: WindowedMarkov.Settings

    /// Equal weights; what came before an item counts half as much as what followed it, in several
    /// orders of what was rated at one time.
    public init() {
      counts = WindowedMarkov.Settings()
      (counts.backward, counts.redraws) = (0.5, 8)
    }
  }

  public let name: String
  let network: GRUScorer
  let counts: WindowedMarkov
  let share: Float

  /// A mixture by its parts.
  public init(_ network: GRUScorer, _ counts: WindowedMarkov, share: Float) {
    name = "\(network.name) and \(counts.name)"
    (self.network, self.counts, self.share) = (network, counts, share)
  }

  public func scores(_ queries: [NextItemQuery]) throws -> [[Float]] {
    let found = try network.scores(queries)
    return concurrentMap(queries.count) { [counts, share] in
      Self.mixed(found[$0], Self.logarithms(counts.scores(queries[$0])), share: share)
    }
  }

  static func logarithms(_ counts: [Float]) -> [Float] { counts.map { logf(max($0, 1e-12)) } }

  static func mixed(_ network: [Float], _ counts: [Float], share: Float) -> [Float] {
    zip(network, counts).map { share * $0 + (1 - share) * $1 }
  }
}

extension MixedScores.Settings {
  /// The settings of the best NDCG@10 on the validation ratings, chosen one after another: the share
  /// in tenths, what is counted, and the share again. Where there are so many ratings that their
  /// scores would take more than half a gigabyte, every n-th is asked for.
  ///
  /// - Parameters:
  ///   - network: nil to choose what is counted for counts alone, of share 0.
  ///   - validation: of the log's validation ratings.
  public init(
    choosingFor network: GRUScorer?, _ log: RatingsLog, _ split: UserSplit,
    _ statistics: ItemStatistics, on validation: NextItemEvaluation
  ) throws {
    let every = validation.queries.count * log.itemCount / 128_000_000 + 1
    let queries = stride(from: 0, to: validation.queries.count, by: every).map {
      validation.queries[$0]
    }
    // The network's scores are asked for once.
    let found = try network.map { network in
      try stride(from: 0, to: queries.count, by: 256).flatMap {
        try network.scores(Array(queries[$0..<min($0 + 256, queries.count)]))
      }
    }
    func gains(_ counts: WindowedMarkov.Settings, _ shares: [Float]) -> [Double] {
      let chain = WindowedMarkov(log, split, statistics, counts)
      let gains = concurrentMap(queries.count) { at -> [Double] in
        let logarithms = MixedScores.logarithms(chain.scores(queries[at]))
        return shares.map { share in
          var mixed =
            found.map { MixedScores.mixed($0[at], logarithms, share: share) } ?? logarithms
          return TargetRank(of: queries[at], in: &mixed)?.gain(at: 10) ?? 0
        }
      }
      return shares.indices.map { share in gains.reduce(0) { $0 + $1[share] } }
    }
    self.init()
    let shares = network == nil ? [0] : (0...10).map { Float($0) / 10 }
    func chooseShare() -> (share: Float, gain: Double) {
      zip(shares, gains(counts, shares)).map { (share: $0, gain: $1) }.max { $0.gain < $1.gain }!
    }
    var most: Double
    (share, most) = chooseShare()
    func choose<Value: Equatable>(
      _ setting: WritableKeyPath<WindowedMarkov.Settings, Value>, _ values: [Value]
    ) {
      let begun = counts
      for value in values where value != begun[keyPath: setting] {
        var tried = begun
        tried[keyPath: setting] = value
        let gain = gains(tried, [share])[0]
        if gain > most { (counts, most) = (tried, gain) }
      }
    }
    choose(\.backward, [0, 0.25, 1])
    choose(\.popularityExponent, [0, 0.1, 0.3, 0.4])
    choose(\.shrinkage, [3, 10, 100, 300])
    choose(\.window, [5, 20, 100])
    choose(\.lagExponent, [0.5, 1, 1.5])
    share = chooseShare().share
  }
}

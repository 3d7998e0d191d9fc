import DRRCore
import DRRData
import Evaluation
import Platform

/// A network's scores and counts of what followed what in one: w · log p(i) + (1 − w) · log c(i),
/// but for what all items share; p of the network, c ≥ 10⁻¹² of the counts. With the sessions
/// nearest to the present one c is (1 − v) · c(i) / Σ c + v · n(i) / Σ n, n of those sessions: most
/// items are in none of them, and have their counts.
public struct MixedScores: NextItemScorer {
  /// How they are mixed.
  public struct Settings: Codable, Hashable, Sendable {
    /// w.
    public var share: Float = 0.5
    /// v.
    public var neighbourShare: Float = 0
    /// What is counted.
    public var counts: WindowedMarkov.Settings

    /// Equal weights of a network and counts; what came before an item counts half as much as what
    /// followed it, in several orders of what was rated at one time.
    public init() {
      counts = WindowedMarkov.Settings()
      (counts.backward, counts.redraws) = (0.5, 8)
    }
  }

  public let name: String
  let network: GRUScorer
  let counts: WindowedMarkov
  let neighbours: SessionNeighbours?
  let settings: Settings

  /// A mixture by its parts, counts as `settings` has them; without neighbours v is 0.
  public init(
    _ network: GRUScorer, _ counts: WindowedMarkov, _ settings: Settings,
    neighbours: SessionNeighbours? = nil
  ) {
    let names = [network.name, counts.name] + [neighbours?.name].compactMap { $0 }
    name = "\(names.dropLast().joined(separator: ", ")) and \(names.last!)"
    (self.network, self.counts, self.neighbours) = (network, counts, neighbours)
    self.settings = settings
  }

  public func scores(_ queries: [NextItemQuery]) throws -> [[Float]] {
    let found = try network.scores(queries)
    return concurrentMap(queries.count) { [counts, neighbours, settings] in
      let logarithms = Self.logarithms(
        counts.scores(queries[$0]), neighbours?.scores(queries[$0]) ?? [],
        share: settings.neighbourShare)
      return Self.mixed(found[$0], logarithms, share: settings.share)
    }
  }

  static func logarithms(_ counts: [Float]) -> [Float] { counts.map { logf(max($0, 1e-12)) } }

  /// - Parameter share: v; where no session is near, the counts are all there is.
  static func logarithms(_ counts: [Float], _ neighbours: [Float], share: Float) -> [Float] {
    let (counted, near) = (counts.reduce(0, +), neighbours.reduce(0, +))
    guard share > 0, near > 0 else { return logarithms(counts) }
    let (c, n) = (counted > 0 ? (1 - share) / counted : 0, share / near)
    return logarithms(zip(counts, neighbours).map { c * $0 + n * $1 })
  }

  static func mixed(_ network: [Float], _ counts: [Float], share: Float) -> [Float] {
    zip(network, counts).map { share * $0 + (1 - share) * $1 }
  }
}

extension MixedScores.Settings {
  static let shares = (0...10).map { Float($0) / 10 }
  static let neighbourShares: [Float] = [0, 0.25, 0.5, 0.75, 0.95]

  /// The settings of the best NDCG@10 on the validation ratings, chosen one after another: the
  /// share in tenths, what is counted, and the share again. Where there are so many ratings that
  /// their scores would take more than half a gigabyte, every n-th is asked for.
  ///
  /// - Parameters:
  ///   - network: nil to choose what is counted for counts alone, of share 0.
  ///   - validation: of the log's validation ratings.
  public init(
    choosingFor network: GRUScorer?, _ log: RatingsLog, _ split: UserSplit,
    _ statistics: ItemStatistics, on validation: NextItemEvaluation
  ) throws {
    let queries = validation.choosing
    // The network's scores are asked for once.
    let found = try network.map { try $0.scores(ofBlocks: queries) }
    func gains(_ counts: WindowedMarkov.Settings, _ shares: [Float]) -> [Double] {
      let chain = WindowedMarkov(log, split, statistics, counts)
      return queries.gains(of: shares.count) { at in
        let logarithms = MixedScores.logarithms(chain.scores(queries[at]))
        return shares.map { share in
          found.map { MixedScores.mixed($0[at], logarithms, share: share) } ?? logarithms
        }
      }
    }
    self.init()
    let shares = network == nil ? [0] : Self.shares
    func chooseShare() -> (share: Float, gain: Double) {
      zip(shares, gains(counts, shares)).map { (share: $0, gain: $1) }.max { $0.gain < $1.gain }!
    }
    let first = chooseShare()
    share = first.share
    var choice = StepwiseChoice(counts, gain: first.gain) { gains($0, [first.share])[0] }
    choice.choose(\.backward, [0, 0.25, 1])
    choice.choose(\.popularityExponent, [0, 0.1, 0.3, 0.4])
    choice.choose(\.shrinkage, [3, 10, 100, 300])
    choice.choose(\.window, [5, 20, 100])
    choice.choose(\.lagExponent, [0.5, 1, 1.5])
    counts = choice.settings
    share = chooseShare().share
  }

  /// Chooses both shares together by the NDCG@10 on the validation ratings, of which as many are
  /// asked for: the network's in tenths, that of the neighbours beside counts 0, ¼, ½, ¾ or .95.
  ///
  /// - Parameter counts: as `self.counts` has them.
  public mutating func chooseShares(
    _ network: GRUScorer, _ counts: WindowedMarkov, _ neighbours: SessionNeighbours,
    on validation: NextItemEvaluation
  ) throws {
    let queries = validation.choosing
    let found = try network.scores(ofBlocks: queries)
    let pairs = Self.neighbourShares.flatMap { near in Self.shares.map { (own: $0, near: near) } }
    let gains = queries.gains(of: pairs.count) { at in
      let (counted, near) = (counts.scores(queries[at]), neighbours.scores(queries[at]))
      return Self.neighbourShares.lazy.flatMap { share in
        let logarithms = MixedScores.logarithms(counted, near, share: share)
        return Self.shares.lazy.map { MixedScores.mixed(found[at], logarithms, share: $0) }
      }
    }
    let best = zip(pairs, gains).max { $0.1 < $1.1 }!.0
    (share, neighbourShare) = (best.own, best.near)
  }
}

import DRRCore
import DRRData
import Evaluation

/// Settings that are chosen one after another by what they gain.
struct StepwiseChoice<Settings> {
  private(set) var settings: Settings
  private var gain: Double
  private let measure: (Settings) -> Double

  /// - Parameter gain: of the first settings.
  init(_ settings: Settings, gain: Double, measure: @escaping (Settings) -> Double) {
    (self.settings, self.gain, self.measure) = (settings, gain, measure)
  }

  /// Gives one setting the value that gains most; its own where none gains more.
  mutating func choose<Value: Equatable>(
    _ setting: WritableKeyPath<Settings, Value>, _ values: [Value]
  ) {
    let begun = settings
    for value in values where value != begun[keyPath: setting] {
      var tried = begun
      tried[keyPath: setting] = value
      let gained = measure(tried)
      if gained > gain { (settings, gain) = (tried, gained) }
    }
  }
}

extension NextItemEvaluation {
  /// The queries that choose settings: every n-th where the scores of all would take more than half
  /// a gigabyte.
  var choosing: [NextItemQuery] {
    let every = queries.count * itemCount / 128_000_000 + 1
    return stride(from: 0, to: queries.count, by: every).map { queries[$0] }
  }
}

extension [NextItemQuery] {
  /// NDCG@10 of all queries, summed, of so many ways to score them, on all cores.
  ///
  /// - Parameter scores: of a query, each way's in turn.
  func gains<Scores: Sequence<[Float]> & SendableMetatype>(
    of ways: Int, _ scores: @Sendable (_ query: Int) -> Scores
  ) -> [Double] {
    let gains = concurrentMap(count) { at -> [Double] in
      scores(at).map { scores in
        var scores = scores
        return TargetRank(of: self[at], in: &scores)?.gain(at: 10) ?? 0
      }
    }
    return (0..<ways).map { way in gains.reduce(0) { $0 + $1[way] } }
  }
}

extension GRUScorer {
  /// The scores of many queries, a block at once.
  func scores(ofBlocks queries: [NextItemQuery]) throws -> [[Float]] {
    try stride(from: 0, to: queries.count, by: 256).flatMap {
      try scores(Array(queries[$0..<min($0 + 256, queries.count)]))
    }
  }
}

extension SessionNeighbours.Settings {
  /// The settings of the best NDCG@10 of the neighbours alone on the validation ratings, chosen one
  /// after another, of as many ratings as `MixedScores.Settings` asks for.
  ///
  /// - Parameter validation: of the validation ratings of the log that the index is of.
  public init(choosingFrom index: SessionIndex, on validation: NextItemEvaluation) {
    let queries = validation.choosing
    func gain(_ settings: Self) -> Double {
      let neighbours = SessionNeighbours(index, settings)
      return queries.gains(of: 1) { [neighbours.scores(queries[$0])] }[0]
    }
    var choice = StepwiseChoice(Self(), gain: gain(Self()), measure: gain)
    choice.choose(\.window, [5, 20, 100])
    choice.choose(\.latest, [200, 500, 5_000])
    choice.choose(\.neighbours, [50, 100, 500])
    choice.choose(\.distanceExponent, [0, 0.25, 1])
    choice.choose(\.lagExponent, [0.5, 0.75, 1.5])
    choice.choose(\.rarity, [0, 0.3, 3])
    self = choice.settings
  }
}

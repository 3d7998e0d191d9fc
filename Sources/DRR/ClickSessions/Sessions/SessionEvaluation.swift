import DRRCore

/// How well scores tell the next click, on the same positions for every scorer.
///
/// Two precisions that are not to be compared: in the *re-ranking* form only the items that were
/// shown are ranked, and P@k is the share of positions whose click is among the first k; chance has
/// k / |list| there, and lists of k items always give 1. In the *share-of-list* form k items of the
/// whole catalogue are recommended, and P@k is the share of them that was clicked: at most 1 / k.
///
/// Equal scores keep the order in which items were shown, in the catalogue that of their numbers.
/// A score that is not a number is the lowest.
public struct SessionEvaluation: Sendable {
  public let log: SessionLog
  public let cutoffs: [Int]
  /// The positions that count.
  public let positions: [SessionPosition]
  /// Positions left out because too little was shown, or not the click.
  public let skipped: Int

  /// - Parameter minimumShown: items of a list at least, for a position to count.
  /// - Throws: ``ConfigurationError`` where no position counts.
  public init(
    _ log: SessionLog, positions: [SessionPosition], minimumShown: Int = 10,
    cutoffs: [Int] = [1, 10]
  ) throws(ConfigurationError) {
    try ConfigurationError.require("a cutoff", cutoffs.min() ?? 0, "at least 1") { $0 >= 1 }
    self.log = log
    self.cutoffs = cutoffs
    self.positions = positions.filter { position in
      let list = log.list(of: position.step)
      return position.step > log.steps(of: position.session).lowerBound
        && list.count >= minimumShown && list.contains(log.clicks[position.step])
    }
    skipped = positions.count - self.positions.count
    guard !self.positions.isEmpty else {
      throw ConfigurationError(
        "none of \(positions.count) positions shows at least \(minimumShown) items with the click"
          + " among them; there must be one to evaluate")
    }
  }

  /// Asks a scorer for every position.
  ///
  /// - Parameter ranks: who share the blocks of positions that a scorer is asked at once, since its
  ///   bits may depend on how many they are; each has the scores of all.
  /// - Throws: what the scorer throws; `ConfigurationError` where it gives another number of scores;
  ///   `CollectiveError`.
  public func evaluate(
    _ scorer: any SessionScorer, among ranks: any Collective = SoleCollective()
  ) throws -> SessionScores {
    let block = max(1, min(256, (1 << 22) / log.itemCount))
    let starts = Array(stride(from: 0, to: positions.count, by: block))
    let own = try starts[ranks.share(of: starts.count)].flatMap { first in
      try Self.places(
        of: positions[first..<min(first + block, positions.count)], by: scorer, in: log)
    }
    let places = try ranks.allGather(own).flatMap { $0 }
    return result(scorer.name) { at in
      let (shown, all) = (places[at].x, places[at].y)
      return (
        cutoffs.map { shown < $0 ? 1 : 0 }, cutoffs.map { all < $0 ? 1 / Double($0) : 0 },
        1 / Double(shown + 1)
      )
    }
  }

  /// How many items come before each click: of what was shown, and of all.
  private static func places(
    of positions: ArraySlice<SessionPosition>, by scorer: any SessionScorer, in log: SessionLog
  ) throws -> [SIMD2<Int>] {
    let items = log.itemCount
    let scores = try scorer.scores(at: positions, of: log)
    guard scores.count == positions.count * items else {
      throw ConfigurationError(
        "\(scorer.name) gives \(scores.count) scores; it must be \(items) for each of"
          + " \(positions.count) positions")
    }
    return scores.withUnsafeBufferPointer { scores in
      positions.enumerated().map { place, position in
        let row = UnsafeBufferPointer(rebasing: scores[place * items..<(place + 1) * items])
        let click = log.clicks[position.step]
        return SIMD2(
          rank(click, in: log.list(of: position.step), row),
          rank(click, in: 0..<Int32(items), row))
      }
    }
  }

  /// What a random order comes to, exactly.
  public func chance() -> SessionScores {
    let items = Double(log.itemCount)
    return result("chance") { at in
      let size = Double(log.list(of: positions[at].step).count)
      return (
        cutoffs.map { min(1, Double($0) / size) },
        cutoffs.map { min(1, Double($0) / items) / Double($0) },
        (1...Int(size)).reduce(0) { $0 + 1 / Double($1) } / size
      )
    }
  }

  /// How many items come before the click.
  private static func rank(
    _ click: Int32, in items: some Sequence<Int32>, _ scores: UnsafeBufferPointer<Float>
  ) -> Int {
    func key(_ item: Int32) -> Float {
      let score = scores[Int(item)]
      return score.isNaN ? -.infinity : score
    }
    let own = key(click)
    var (above, equal, met) = (0, 0, false)
    for item in items {
      if item == click { met = true }
      let other = key(item)
      if other > own { above += 1 }
      if other == own, !met { equal += 1 }
    }
    return above + equal
  }

  private func result(
    _ name: String,
    _ values: (Int) -> (reranking: [Double], shareOfList: [Double], reciprocal: Double)
  ) -> SessionScores {
    var scores = SessionScores(name: name, cutoffs: cutoffs, sessions: positions.map(\.session))
    for at in positions.indices { scores.add(values(at)) }
    return scores
  }
}

/// What a scorer comes to at each position.
public struct SessionScores: Sendable {
  /// A mean over positions; the error takes the positions of a session together, and is absent
  /// where there is one session.
  public struct Mean: Codable, Hashable, Sendable {
    public var mean: Double
    public var standardError: Double?
  }

  public struct Summary: Codable, Hashable, Sendable {
    public var name: String
    public var positions: Int
    public var sessions: Int
    public var cutoffs: [Int]
    /// By cutoff.
    public var reranking: [Mean]
    public var shareOfList: [Mean]
    /// Of 1 / rank among the items that were shown.
    public var reciprocalRank: Mean
  }

  public let name: String
  public let cutoffs: [Int]
  /// The session of each position.
  private let sessions: [Int]
  /// [cutoffs][positions]
  private var reranking: [[Double]]
  private var shareOfList: [[Double]]
  private var reciprocal: [Double] = []

  fileprivate init(name: String, cutoffs: [Int], sessions: [Int]) {
    self.name = name
    self.cutoffs = cutoffs
    self.sessions = sessions
    reranking = cutoffs.map { _ in [] }
    shareOfList = reranking
  }

  fileprivate mutating func add(
    _ values: (reranking: [Double], shareOfList: [Double], reciprocal: Double)
  ) {
    for place in cutoffs.indices {
      reranking[place].append(values.reranking[place])
      shareOfList[place].append(values.shareOfList[place])
    }
    reciprocal.append(values.reciprocal)
  }

  public var summary: Summary { summary(named: name) }

  /// This one less another one, position by position.
  ///
  /// - Throws: ``ConfigurationError`` where the positions are others.
  public func difference(from other: SessionScores) throws(ConfigurationError) -> Summary {
    guard sessions == other.sessions, cutoffs == other.cutoffs else {
      throw ConfigurationError(
        "\(name) and \(other.name) were evaluated at different positions; they must be the same")
    }
    var paired = self
    func less(_ first: [Double], _ second: [Double]) -> [Double] { zip(first, second).map(-) }
    paired.reranking = zip(reranking, other.reranking).map(less)
    paired.shareOfList = zip(shareOfList, other.shareOfList).map(less)
    paired.reciprocal = less(reciprocal, other.reciprocal)
    return paired.summary(named: "\(name) - \(other.name)")
  }

  private func summary(named name: String) -> Summary {
    Summary(
      name: name, positions: sessions.count, sessions: Set(sessions).count,
      cutoffs: cutoffs, reranking: reranking.map(mean), shareOfList: shareOfList.map(mean),
      reciprocalRank: mean(reciprocal))
  }

  private func mean(_ values: [Double]) -> Mean {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    var sums: [Int: Double] = [:]
    for (session, value) in zip(sessions, values) { sums[session, default: 0] += value - mean }
    guard sums.count > 1 else { return Mean(mean: mean, standardError: nil) }
    // In a fixed order, so that two runs give equal bits.
    let squares = sums.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
    let clusters = Double(sums.count)
    return Mean(
      mean: mean, standardError: (clusters / (clusters - 1) * squares).squareRoot() / count)
  }
}

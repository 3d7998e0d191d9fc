import DRRCore
import DRRData
import Platform
import Tensor

/// A Markov chain of the last items, not of the last one alone: what followed each of them within a
/// window in training, the nearer the more.
///
///     M(a, b) = Σ g^−p over all places where b was rated g ≤ w items after a, and β g^−p where
///               it was g ≤ w items before
///     P(b | a) = (M(a, b) + m π(b)) / (Σ_c M(a, c) + m),   π(b) the share of b in all ratings
///     score(b) = Σ_l l^−p P(b | the l-th last item) / (π(b) + 10⁻⁶)^q,   l ≤ w
///
/// What was rated at one time was rated in no order that is known: where the split draws one, M can
/// be the mean over several draws.
///
/// The defaults were chosen on the validation ratings of MovieLens 100K.
public struct WindowedMarkov: NextItemHostScorer {
  /// What is counted, and how it is weighed.
  public struct Settings: Codable, Hashable, Sendable {
    /// w, in items.
    public var window = 50
    /// p.
    public var lagExponent = 0.75
    /// m, in ratings.
    public var shrinkage: Float = 30
    /// q.
    public var popularityExponent = 0.2
    /// β.
    public var backward: Float = 0
    /// Orders of ratings of one time that are counted, fewer in a log of more than two million; 0:
    /// the split's alone.
    public var redraws = 0

    /// The default settings.
    public init() {}
  }

  /// What tables call it.
  public static let title = "windowed Markov"
  public let name: String
  /// l^−p of lag l at place l − 1.
  private let weights: [Float]
  /// What followed item a, and M(a, b) / (Σ M + m): entries `offsets[a] ..< offsets[a + 1]`.
  private let offsets: [Int]
  private let followers: [(item: Int32, share: Float)]
  /// By item m / (Σ M + m), the share of the popular ones in what follows it.
  private let rest: [Float]
  /// By item π, and 1 / (π + 10⁻⁶)^q.
  private let popularity: [Float]
  private let lift: [Float]

  /// Counts what followed what among what may be seen of each user.
  public init(
    _ log: RatingsLog, _ split: UserSplit, _ statistics: ItemStatistics,
    _ settings: Settings = Settings(), name: String = title
  ) {
    self.name = name
    weights = (0..<settings.window).map { lag in
      Float(pow(Double(lag + 1), -settings.lagExponent))
    }
    let total = statistics.counts.reduce(0) { $0 + Int($1) }
    let draws = split.drawsTies ? min(settings.redraws, 16_000_000 / max(total, 1)) : 0
    let counted = weights.map { $0 / Float(max(draws, 1)) }
    var offsets = [0]
    var (followers, rest) = ([Follower](), [Float]())
    for row in RatedSequences(log, split, draws: draws).neighbours(counted, settings) {
      followers += row.followers
      offsets.append(followers.count)
      rest.append(row.rest)
    }
    (self.offsets, self.followers, self.rest) = (offsets, followers, rest)
    popularity = statistics.counts.map { Float($0) / Float(max(total, 1)) }
    lift = popularity.map { Float(pow(Double($0) + 1e-6, -settings.popularityExponent)) }
  }

  public func scores(_ query: NextItemQuery) -> [Float] {
    var scores = [Float](repeating: 0, count: popularity.count)
    var popular: Float = 0
    for (weight, item) in zip(weights, query.items.reversed()) {
      popular += weight * rest[Int(item)]
      for at in offsets[Int(item)]..<offsets[Int(item) + 1] {
        scores[Int(followers[at].item)] += weight * followers[at].share
      }
    }
    for item in scores.indices {
      scores[item] = (scores[item] + popular * popularity[item]) * lift[item]
    }
    return scores
  }
}

/// An item, and its share in what followed another.
private typealias Follower = (item: Int32, share: Float)

/// The items that users rated one after another, user by user; where ties are redrawn, in as many
/// orders.
private struct RatedSequences: Sendable {
  private var items: [Int32] = []
  /// The places of a user's items, in one order.
  private var spans: [Range<Int32>] = []
  /// Of each place the number of its span.
  private var owners: [Int32] = []
  /// Of each item its places.
  private var places: [[Int32]]

  /// - Parameter draws: orders of what was rated at one time; 0: the split's.
  init(_ log: RatingsLog, _ split: UserSplit, draws: Int) {
    places = [[Int32]](repeating: [], count: log.itemCount)
    var random = Philox(seed: 0, stream: Streams.countedTies)
    for _ in 0..<max(draws, 1) {
      for user in 0..<log.userCount {
        let first = Int32(items.count)
        let rows =
          draws > 0
          ? split.visibleRows(of: user, in: log, redrawing: &random)
          : Array(split.visibleRows(of: user, in: log).map { Int32($0) })
        for row in rows {
          let item = log.items[Int(row)]
          places[Int(item)].append(Int32(items.count))
          items.append(item)
        }
        owners += repeatElement(Int32(spans.count), count: rows.count)
        spans.append(first..<Int32(items.count))
      }
    }
  }

  /// Of each item what stood near it and the share of the popular ones, on all cores.
  ///
  /// - Parameter weights: of lag l at place l − 1.
  func neighbours(
    _ weights: [Float], _ settings: WindowedMarkov.Settings
  ) -> [(followers: [Follower], rest: Float)] {
    let parts = 16
    let found = concurrentMap(parts) { part in
      var counts = [Float](repeating: 0, count: places.count)
      return stride(from: part, to: places.count, by: parts).map {
        neighbours(of: $0, weights, settings, &counts)
      }
    }
    return places.indices.map { found[$0 % parts][$0 / parts] }
  }

  /// - Parameter counts: 0 for each item, as they are left.
  private func neighbours(
    of item: Int, _ weights: [Float], _ settings: WindowedMarkov.Settings, _ counts: inout [Float]
  ) -> (followers: [Follower], rest: Float) {
    let (backward, reach) = (settings.backward, Int32(settings.window) + 1)
    var followers: [Int32] = []
    func count(_ place: Int32, _ weight: Float) {
      let follower = items[Int(place)]
      if counts[Int(follower)] == 0 { followers.append(follower) }
      counts[Int(follower)] += weight
    }
    for place in places[item] {
      let span = spans[Int(owners[Int(place)])]
      for lag in 1..<max(min(span.upperBound - place, reach), 1) {
        count(place + lag, weights[Int(lag) - 1])
      }
      guard backward > 0 else { continue }
      for lag in 1..<max(min(place - span.lowerBound + 1, reach), 1) {
        count(place - lag, backward * weights[Int(lag) - 1])
      }
    }
    let sum = followers.reduce(0) { $0 + counts[Int($1)] } + settings.shrinkage
    let shares = followers.map { (item: $0, share: counts[Int($0)] / max(sum, .ulpOfOne)) }
    for follower in followers { counts[Int(follower)] = 0 }
    return (shares, sum > 0 ? settings.shrinkage / sum : 1)
  }
}

import DRRCore
import DRRData
import Platform

/// A Markov chain of the last items, not of the last one alone: what followed each of them within a
/// window in training, the nearer the more.
///
///     M(a, b) = Σ g^−p over all places where b was rated g ≤ w items after a
///     P(b | a) = (M(a, b) + m π(b)) / (Σ_c M(a, c) + m),   π(b) the share of b in all ratings
///     score(b) = Σ_l l^−p P(b | the l-th last item) / (π(b) + 10⁻⁶)^q,   l ≤ w
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

    /// The default settings.
    public init() {}
  }

  /// What tables call it.
  public static let title = "windowed Markov"
  public let name = title
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
    _ settings: Settings = Settings()
  ) {
    let weights = (0..<settings.window).map { lag in
      Float(pow(Double(lag + 1), -settings.lagExponent))
    }
    var (items, ends) = ([Int32](), [Int32]())
    var places = [[Int32]](repeating: [], count: log.itemCount)
    for user in 0..<log.userCount {
      let first = items.count
      for row in split.visibleRows(of: user, in: log) {
        places[Int(log.items[row])].append(Int32(items.count))
        items.append(log.items[row])
      }
      ends += repeatElement(Int32(items.count), count: items.count - first)
    }
    let parts = 16
    let (sequence, limits, starts) = (items, ends, places)
    let found = concurrentMap(parts) { part in
      var counts = [Float](repeating: 0, count: starts.count)
      return stride(from: part, to: starts.count, by: parts).map {
        item -> (followers: [(item: Int32, share: Float)], rest: Float) in
        var followers: [Int32] = []
        for place in starts[item].lazy.map({ Int($0) }) {
          let end = min(place + weights.count + 1, Int(limits[place]))
          for next in place + 1..<max(end, place + 1) {
            let follower = sequence[next]
            if counts[Int(follower)] == 0 { followers.append(follower) }
            counts[Int(follower)] += weights[next - place - 1]
          }
        }
        let sum = followers.reduce(0) { $0 + counts[Int($1)] } + settings.shrinkage
        let shares = followers.map { (item: $0, share: counts[Int($0)] / max(sum, .ulpOfOne)) }
        for follower in followers { counts[Int(follower)] = 0 }
        return (shares, sum > 0 ? settings.shrinkage / sum : 1)
      }
    }
    var offsets = [0]
    var (followers, rest) = ([(item: Int32, share: Float)](), [Float]())
    for item in 0..<log.itemCount {
      let row = found[item % parts][item / parts]
      followers += row.followers
      offsets.append(followers.count)
      rest.append(row.rest)
    }
    (self.weights, self.offsets, self.followers, self.rest) = (weights, offsets, followers, rest)
    let total = Float(max(items.count, 1))
    popularity = statistics.counts.map { Float($0) / total }
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

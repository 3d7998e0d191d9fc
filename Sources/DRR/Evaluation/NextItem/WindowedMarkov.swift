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
    let weights = (0..<settings.window).map { lag in
      Float(pow(Double(lag + 1), -settings.lagExponent))
    }
    let total = statistics.counts.reduce(0) { $0 + Int($1) }
    let draws = split.drawsTies ? min(settings.redraws, 16_000_000 / max(total, 1)) : 0
    var (items, users) = ([Int32](), [Range<Int32>]())
    // Of each place in `items` the number of its span in `users`.
    var owners: [Int32] = []
    var places = [[Int32]](repeating: [], count: log.itemCount)
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
        owners += repeatElement(Int32(users.count), count: rows.count)
        users.append(first..<Int32(items.count))
      }
    }
    let counted = weights.map { $0 / Float(max(draws, 1)) }
    let (backward, reach) = (settings.backward, Int32(settings.window) + 1)
    let parts = 16
    let (sequence, starts, owner, spans) = (items, places, owners, users)
    let found = concurrentMap(parts) { part in
      var counts = [Float](repeating: 0, count: starts.count)
      return stride(from: part, to: starts.count, by: parts).map {
        item -> (followers: [(item: Int32, share: Float)], rest: Float) in
        var followers: [Int32] = []
        func count(_ place: Int32, _ weight: Float) {
          let follower = sequence[Int(place)]
          if counts[Int(follower)] == 0 { followers.append(follower) }
          counts[Int(follower)] += weight
        }
        for place in starts[item] {
          let span = spans[Int(owner[Int(place)])]
          for lag in 1..<max(min(span.upperBound - place, reach), 1) {
            count(place + lag, counted[Int(lag) - 1])
          }
          guard backward > 0 else { continue }
          for lag in 1..<max(min(place - span.lowerBound + 1, reach), 1) {
            count(place - lag, backward * counted[Int(lag) - 1])
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

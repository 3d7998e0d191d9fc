import DRRCore
import DRRData
import Tensor

/// Rating prediction from similar items (Sarwar et al. 2001), with the similarity shrunk by the
/// number of users who rated both (Koren 2008, section 2.2).
///
/// Ratings are centred by the damped means of item and user. The similarity of two items is the
/// cosine of their residuals, times n / (n + shrinkage) for n common users; an item's prediction
/// is its mean plus the weighted mean residual of its most similar items in the user's profile.
public struct ItemKNN: Ranker, Sendable {
  public let name = "item-kNN"
  let neighbours: Int
  static let shrinkage: Float = 20
  let statistics: ItemStatistics
  /// Visible (item, residual) pairs, those of user u in `userOffsets[u] ..< userOffsets[u + 1]`.
  let byUser: [Residual]
  let userOffsets: [Int]
  /// The places of an item's pairs in `byUser`, by item.
  let byItem: [Int32]
  let itemOffsets: [Int]
  /// By item.
  let norms: [Float]
  /// By user: the damped mean of what the items' means do not explain.
  private let userBiases: [Float]
  /// What is kept of the similarities; nothing at first.
  var table: SimilarityTable

  struct Residual {
    var index: Int32
    var value: Float
  }

  /// `neighbours`: items of a profile that count at most.
  public init(
    _ log: RatingsLog, _ split: UserSplit, _ statistics: ItemStatistics, scale: RewardScale,
    neighbours: Int = 40
  ) {
    self.neighbours = neighbours
    self.statistics = statistics
    var rows: [Residual] = []
    var biases: [Float] = []
    var offsets = [0]
    var counts = [Int](repeating: 0, count: log.itemCount + 1)
    rows.reserveCapacity(log.count)
    for user in 0..<log.userCount {
      let visible = split.visibleRows(of: user, in: log)
      let residuals = visible.map {
        scale.reward(log.ratings[$0]) - statistics.means[Int(log.items[$0])]
      }
      let bias = Self.bias(residuals.reduce(0, +), of: residuals.count)
      biases.append(bias)
      for (row, residual) in zip(visible, residuals) {
        rows.append(Residual(index: log.items[row], value: residual - bias))
        counts[Int(log.items[row]) + 1] += 1
      }
      offsets.append(rows.count)
    }
    byUser = rows
    userBiases = biases
    userOffsets = offsets
    for item in 0..<log.itemCount { counts[item + 1] += counts[item] }
    itemOffsets = counts
    var next = counts
    var columns = [Int32](repeating: 0, count: rows.count)
    var squares = [Float](repeating: 0, count: log.itemCount)
    for (place, entry) in rows.enumerated() {
      let item = Int(entry.index)
      columns[next[item]] = Int32(place)
      next[item] += 1
      squares[item] += entry.value * entry.value
    }
    byItem = columns
    norms = squares.map { $0.squareRoot() }
    table = SimilarityTable(items: log.itemCount)
  }

  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) -> RankedLists {
    var picks: [[Int32]] = []
    for block in blocks(of: sessions) {
      let scores = predictions(block)
      picks += zip(block, scores).map { best(of: $0, by: $1, length) }
      progress(picks.count)
    }
    return RankedLists(picks: picks)
  }

  /// The predicted reward of every candidate.
  public func predictions(_ sessions: [Session]) -> [[Float]] {
    let found = similarities(sessions, amongCandidates: false)
    return concurrentMap(sessions.count) { at in
      let session = sessions[at]
      let profile = profile(ofUser: Int(session.user))
      return session.candidates.indices.map { candidate in
        var near = Neighbours(limit: neighbours)
        for (place, rated) in profile.enumerated() {
          near.insert(found.weight(at, candidate, place), rated.value)
        }
        return prediction(of: Int(session.candidates[candidate]), near, bias: 0)
      }
    }
  }

  // MARK: - As a session goes on

  /// r − the item's mean, of the items of a user's profile.
  func profileResiduals(ofUser user: Int) -> [Float] {
    profile(ofUser: user).map { $0.value + userBiases[user] }
  }

  /// The damped mean of residuals of a user.
  static func bias(_ sum: Float, of count: Int) -> Float { sum / (Float(count) + 5) }

  /// The predicted reward of an item by the nearest of the rated items, whose residuals are to be
  /// less `bias`.
  func prediction(of item: Int, _ near: Neighbours, bias: Float) -> Float {
    var sums = (weights: Float(0), residuals: Float(0))
    for (weight, residual) in near.nearest {
      sums = (sums.weights + weight, sums.residuals + weight * (residual - bias))
    }
    // One pretended neighbour without an opinion keeps a few weak ones from deciding.
    return statistics.means[item] + sums.residuals / (sums.weights + 1)
  }

  /// The most similar of the items that a user has rated, by falling weight; of equal ones those
  /// that came first.
  struct Neighbours {
    let limit: Int
    private(set) var nearest: [(weight: Float, residual: Float)] = []

    init(limit: Int) { self.limit = limit }

    mutating func insert(_ weight: Float, _ residual: Float) {
      guard weight > 0 else { return }
      var at = nearest.count
      while at > 0, nearest[at - 1].weight < weight { at -= 1 }
      guard at < limit else { return }
      if nearest.count == limit { nearest.removeLast() }
      nearest.insert((weight, residual), at: at)
    }
  }

  func profile(ofUser user: Int) -> ArraySlice<Residual> {
    byUser[userOffsets[user]..<userOffsets[user + 1]]
  }
}

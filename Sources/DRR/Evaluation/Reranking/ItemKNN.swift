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
  let shrinkage: Float
  let statistics: ItemStatistics
  /// Visible (item, residual) pairs, those of user u in `userOffsets[u] ..< userOffsets[u + 1]`.
  private let byUser: [Residual]
  private let userOffsets: [Int]
  /// The same as (user, residual) by item.
  private let byItem: [Residual]
  private let itemOffsets: [Int]
  /// By item.
  private let norms: [Float]

  private struct Residual {
    var index: Int32
    var value: Float
  }

  /// `neighbours`: items of a profile that count at most.
  public init(
    _ log: RatingsLog, _ split: UserSplit, _ statistics: ItemStatistics, scale: RewardScale,
    neighbours: Int = 40, shrinkage: Float = 20
  ) {
    self.neighbours = neighbours
    self.shrinkage = shrinkage
    self.statistics = statistics
    var rows: [Residual] = []
    var offsets = [0]
    var counts = [Int](repeating: 0, count: log.itemCount + 1)
    for user in 0..<log.userCount {
      let visible = split.visibleRows(of: user, in: log)
      let residuals = visible.map {
        scale.reward(log.ratings[$0]) - statistics.means[Int(log.items[$0])]
      }
      let bias = residuals.reduce(0, +) / (Float(residuals.count) + 5)
      for (row, residual) in zip(visible, residuals) {
        rows.append(Residual(index: log.items[row], value: residual - bias))
        counts[Int(log.items[row]) + 1] += 1
      }
      offsets.append(rows.count)
    }
    byUser = rows
    userOffsets = offsets
    for item in 0..<log.itemCount { counts[item + 1] += counts[item] }
    itemOffsets = counts
    var next = counts
    var columns = [Residual](repeating: Residual(index: 0, value: 0), count: rows.count)
    var squares = [Float](repeating: 0, count: log.itemCount)
    for user in 0..<log.userCount {
      for entry in rows[offsets[user]..<offsets[user + 1]] {
        let item = Int(entry.index)
        columns[next[item]] = Residual(index: Int32(user), value: entry.value)
        next[item] += 1
        squares[item] += entry.value * entry.value
      }
    }
    byItem = columns
    norms = squares.map { $0.squareRoot() }
  }

  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) -> RankedLists {
    let scores = predictions(sessions)
    return RankedLists(picks: zip(sessions, scores).map { best(of: $0, by: $1, length) })
  }

  /// The predicted reward of every candidate.
  public func predictions(_ sessions: [Session]) -> [[Float]] {
    // Item by item, so that one row of similarities is held at a time.
    let asked: [Int32: [(session: Int, position: Int)]] =
      sessions.enumerated().reduce(into: [:]) { asked, session in
        for (position, item) in session.element.candidates.enumerated() {
          asked[item, default: []].append((session.offset, position))
        }
      }
    let items = asked.keys.sorted()
    var scores = sessions.map { [Float](repeating: 0, count: $0.candidates.count) }
    let parts = 16
    let found = concurrentMap(parts) { part in
      var row = SimilarityRow(items: norms.count)
      return stride(from: part, to: items.count, by: parts).map { at in
        fill(&row, of: Int(items[at]))
        let predicted = asked[items[at]]!.map {
          prediction(of: Int(items[at]), for: Int(sessions[$0.session].user), row)
        }
        row.clear()
        return (items[at], predicted)
      }
    }
    for (item, predicted) in found.joined() {
      for (place, value) in zip(asked[item]!, predicted) {
        scores[place.session][place.position] = value
      }
    }
    return scores
  }

  /// Products and numbers of common users of one item with every other.
  private struct SimilarityRow {
    var products: [Float]
    var counts: [Float]
    var touched: [Int32] = []

    init(items: Int) {
      products = Array(repeating: 0, count: items)
      counts = Array(repeating: 0, count: items)
    }

    mutating func clear() {
      for item in touched { (products[Int(item)], counts[Int(item)]) = (0, 0) }
      touched.removeAll(keepingCapacity: true)
    }
  }

  private func fill(_ row: inout SimilarityRow, of item: Int) {
    for rater in byItem[itemOffsets[item]..<itemOffsets[item + 1]] {
      let user = Int(rater.index)
      for other in byUser[userOffsets[user]..<userOffsets[user + 1]] {
        let index = Int(other.index)
        if row.counts[index] == 0 { row.touched.append(other.index) }
        row.products[index] += rater.value * other.value
        row.counts[index] += 1
      }
    }
  }

  private func prediction(of item: Int, for user: Int, _ row: SimilarityRow) -> Float {
    var similar: [(weight: Float, residual: Float)] = []
    for rated in byUser[userOffsets[user]..<userOffsets[user + 1]] {
      let other = Int(rated.index)
      let product = row.products[other]
      guard product > 0, other != item else { continue }
      let count = row.counts[other]
      let cosine = product / (norms[item] * norms[other])
      similar.append((cosine * count / (count + shrinkage), rated.value))
    }
    similar.sort { $0.weight > $1.weight }
    var sums = (weights: Float(0), residuals: Float(0))
    for (weight, residual) in similar.prefix(neighbours) {
      sums = (sums.weights + weight, sums.residuals + weight * residual)
    }
    // One pretended neighbour without an opinion keeps a few weak ones from deciding.
    return statistics.means[item] + sums.residuals / (sums.weights + 1)
  }
}

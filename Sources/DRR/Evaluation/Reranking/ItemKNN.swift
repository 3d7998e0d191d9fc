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
  /// By user: the damped mean of what the items' means do not explain.
  private let userBiases: [Float]

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
    var biases: [Float] = []
    var offsets = [0]
    var counts = [Int](repeating: 0, count: log.itemCount + 1)
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
    var scores = sessions.map { [Float](repeating: 0, count: $0.candidates.count) }
    eachCandidate(of: sessions) { item, session, row in
      prediction(of: item, for: Int(session.user), row)
    } then: { session, position, value in
      scores[session][position] = value
    }
    return scores
  }

  /// Asks something of every candidate of every session. Item by item, so that one row of
  /// similarities is held at a time.
  private func eachCandidate<Answer: Sendable>(
    of sessions: [Session],
    _ body: @Sendable (_ item: Int, _ session: Session, _ row: SimilarityRow) -> Answer,
    then: (_ session: Int, _ position: Int, Answer) -> Void
  ) {
    let asked: [Int32: [(session: Int, position: Int)]] =
      sessions.enumerated().reduce(into: [:]) { asked, session in
        for (position, item) in session.element.candidates.enumerated() {
          asked[item, default: []].append((session.offset, position))
        }
      }
    let items = asked.keys.sorted()
    let parts = 16
    let found = concurrentMap(parts) { part in
      var row = SimilarityRow(items: norms.count)
      return stride(from: part, to: items.count, by: parts).map { at in
        fill(&row, of: Int(items[at]))
        let answers = asked[items[at]]!.map { body(Int(items[at]), sessions[$0.session], row) }
        row.clear()
        return (items[at], answers)
      }
    }
    for (item, answers) in found.joined() {
      for (place, answer) in zip(asked[item]!, answers) {
        then(place.session, place.position, answer)
      }
    }
  }

  // MARK: - As a session goes on

  /// What the predictions of a session stand on: the user's profile, and the candidates whose
  /// rewards become known one after another.
  struct Neighbourhood {
    /// r − the item's mean, of the profile's items.
    var residuals: [Float]
    /// Of each candidate, its similarity with every item of the profile and every candidate; 0 where
    /// there is none.
    var weights: [[Float]]
  }

  func neighbourhoods(_ sessions: [Session]) -> [Neighbourhood] {
    var found = sessions.map { session in
      let (user, rated) = (Int(session.user), profile(ofUser: Int(session.user)))
      return Neighbourhood(
        residuals: rated.map { $0.value + userBiases[user] },
        weights: session.candidates.map { _ in [] })
    }
    eachCandidate(of: sessions) { item, session, row in
      profile(ofUser: Int(session.user)).map { similarity(of: item, with: Int($0.index), row) }
        + session.candidates.map { similarity(of: item, with: Int($0), row) }
    } then: { session, position, weights in
      found[session].weights[position] = weights
    }
    return found
  }

  /// The damped mean of residuals of a user.
  static func bias(_ sum: Float, of count: Int) -> Float { sum / (Float(count) + 5) }

  /// The predicted reward of an item by its similarities with rated items, whose residuals are those
  /// of the user's bias.
  func prediction(
    of item: Int, _ rated: [(weight: Float, residual: Float)]
  ) -> Float {
    let similar = rated.sorted { $0.weight > $1.weight }
    var sums = (weights: Float(0), residuals: Float(0))
    for (weight, residual) in similar.prefix(neighbours) {
      sums = (sums.weights + weight, sums.residuals + weight * residual)
    }
    // One pretended neighbour without an opinion keeps a few weak ones from deciding.
    return statistics.means[item] + sums.residuals / (sums.weights + 1)
  }

  private func profile(ofUser user: Int) -> ArraySlice<Residual> {
    byUser[userOffsets[user]..<userOffsets[user + 1]]
  }

  /// 0 where two items have no likeness.
  private func similarity(of item: Int, with other: Int, _ row: SimilarityRow) -> Float {
    let product = row.products[other]
    guard product > 0, other != item else { return 0 }
    let count = row.counts[other]
    return product / (norms[item] * norms[other]) * count / (count + shrinkage)
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
    prediction(
      of: item,
      profile(ofUser: user).compactMap { rated in
        let weight = similarity(of: item, with: Int(rated.index), row)
        return weight > 0 ? (weight, rated.value) : nil
      })
  }
}

import DRRCore
import DRRData

/// The mean and the offsets of users and items, what a factorisation has to beat: ridge regression
/// by turns (Koren 2010, section 2.1), the offsets damped as by 5 ratings without any.
struct RatingBiases {
  private let mean: Double
  private var users: [Double]
  private var items: [Double]

  /// - Parameters:
  ///   - ratings: those of a rank have all of each of its users.
  ///   - ranks: who share them; each comes to the offsets of all items and of its own users.
  init(
    _ ratings: PMFRatings, users userCount: Int, items itemCount: Int, scale: RewardScale,
    among ranks: any Collective
  ) throws(CollectiveError) {
    let rows = ratings.rows
    func rewards() -> some Sequence<(user: Int, item: Int, reward: Double)> {
      rows.lazy.map {
        (Int(ratings.user($0)), Int(ratings.item($0)), Double(scale.reward(ratings.rating($0))))
      }
    }
    let sum = try ranks.allReduce([rewards().reduce(0) { $0 + $1.reward }])[0]
    mean = sum / Double(ratings.count)
    users = Array(repeating: 0, count: userCount)
    items = Array(repeating: 0, count: itemCount)
    for _ in 0..<10 {
      var (totals, counts) = (items.map { _ in 0.0 }, items.map { _ in 0.0 })
      for row in rewards() {
        totals[row.item] += row.reward - mean - users[row.user]
        counts[row.item] += 1
      }
      totals = try ranks.allReduce(totals)
      counts = try ranks.allReduce(counts)
      items = zip(totals, counts).map { $0 / (5 + $1) }
      var sums = users.map { _ in (total: 0.0, count: 5.0) }
      for row in rewards() {
        sums[row.user].total += row.reward - mean - items[row.item]
        sums[row.user].count += 1
      }
      users = sums.map { $0.total / $0.count }
    }
  }

  /// The same as a factorisation, of vectors of one 0.
  var model: PMFModel {
    PMFModel(
      dimension: 1, mean: Float(mean), userFactors: users.map { _ in 0 },
      itemFactors: items.map { _ in 0 }, userBiases: users.map { Float($0) },
      itemBiases: items.map { Float($0) })
  }
}

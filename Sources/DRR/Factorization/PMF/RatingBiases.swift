import DRRCore
import DRRData

/// The mean and the offsets of users and items, what a factorisation has to beat: ridge regression
/// by turns (Koren 2010, section 2.1), the offsets damped as by 5 ratings without any.
struct RatingBiases {
  private let mean: Double
  private var users: [Double]
  private var items: [Double]

  init(_ log: RatingsLog, rows: [Int32], scale: RewardScale) {
    func rewards() -> some Sequence<(user: Int, item: Int, reward: Double)> {
      rows.lazy.map {
        (
          Int(log.users[Int($0)]), Int(log.items[Int($0)]),
          Double(scale.reward(log.ratings[Int($0)]))
        )
      }
    }
    mean = rewards().reduce(0) { $0 + $1.reward } / Double(rows.count)
    users = Array(repeating: 0, count: log.userCount)
    items = Array(repeating: 0, count: log.itemCount)
    for _ in 0..<10 {
      var sums = items.map { _ in (total: 0.0, count: 5.0) }
      for row in rewards() {
        sums[row.item].total += row.reward - mean - users[row.user]
        sums[row.item].count += 1
      }
      items = sums.map { $0.total / $0.count }
      sums = users.map { _ in (total: 0.0, count: 5.0) }
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

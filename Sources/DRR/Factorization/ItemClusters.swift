import DRRCore
import DRRData
import Tensor

/// The cluster of each item, by the users that it pleased more than expected: spherical k-means
/// (Dhillon & Modha 2001) on what users' ratings say beyond the biases.
public enum ItemClusters {
  /// The number of clusters.
  public static let count = 4

  /// The kind of each item, 0 ..< count; 0 where nothing is known.
  ///
  /// - Parameter logged: all that may be known, of `users`.
  public static func fit(
    _ logged: LoggedRewards, users: [Int32], itemCount: Int, count: Int = ItemClusters.count,
    rounds: Int = 20
  ) -> [Int32] {
    let residuals = ItemResiduals(logged, users: users, itemCount: itemCount, shrinkage: 0)
    var random = Philox(seed: 0, stream: Streams.itemKinds)
    var kinds = (0..<itemCount).map { _ in Int32(random.index(below: count)) }
    for _ in 0..<rounds {
      var centers = (0..<count).map { _ in [Double](repeating: 0, count: users.count) }
      for item in 0..<itemCount { residuals.add(item, times: 1, to: &centers[Int(kinds[item])]) }
      for kind in 0..<count {
        let length = centers[kind].reduce(0) { $0 + $1 * $1 }.squareRoot()
        if length > 0 { for at in users.indices { centers[kind][at] /= length } }
      }
      let next = (0..<itemCount).map { item in
        let likeness = centers.map { center in residuals.dot(item) { center[$0] } }
        return Int32(likeness.indices.max { likeness[$0] < likeness[$1] }!)
      }
      if next == kinds { break }
      kinds = next
    }
    return kinds
  }
}

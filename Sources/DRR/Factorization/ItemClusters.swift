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
    return fit(
      itemCount: itemCount, width: users.count, count: count, rounds: rounds,
      add: { residuals.add($0, times: 1, to: &$1) },
      dot: { item, center in residuals.dot(item) { center[$0] } })
  }

  /// The same of the vectors of a factorization, for a rule that is told no clusters.
  public static func fit(
    _ model: PMFModel, count: Int = ItemClusters.count, rounds: Int = 20
  ) -> [Int32] {
    let k = model.dimension
    func vector(_ item: Int) -> ArraySlice<Float> { model.itemFactors[item * k..<(item + 1) * k] }
    let lengths = (0..<model.itemCount).map { item in
      vector(item).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    return fit(
      itemCount: model.itemCount, width: k, count: count, rounds: rounds,
      add: { item, center in
        guard lengths[item] > 0 else { return }
        for (at, value) in vector(item).enumerated() { center[at] += Double(value) / lengths[item] }
      },
      dot: { item, center in zip(vector(item), center).reduce(0) { $0 + Double($1.0) * $1.1 } })
  }

  /// Spherical k-means of items that are added to centers of so many numbers.
  private static func fit(
    itemCount: Int, width: Int, count: Int, rounds: Int,
    add: (_ item: Int, _ center: inout [Double]) -> Void,
    dot: (_ item: Int, _ center: [Double]) -> Double
  ) -> [Int32] {
    var random = Philox(seed: 0, stream: Streams.itemKinds)
    var kinds = (0..<itemCount).map { _ in Int32(random.index(below: count)) }
    for _ in 0..<rounds {
      var centers = (0..<count).map { _ in [Double](repeating: 0, count: width) }
      for item in 0..<itemCount { add(item, &centers[Int(kinds[item])]) }
      for kind in 0..<count {
        let length = centers[kind].reduce(0) { $0 + $1 * $1 }.squareRoot()
        if length > 0 { for at in 0..<width { centers[kind][at] /= length } }
      }
      let next = (0..<itemCount).map { item in
        let likeness = centers.map { dot(item, $0) }
        return Int32(likeness.indices.max { likeness[$0] < likeness[$1] }!)
      }
      if next == kinds { break }
      kinds = next
    }
    return kinds
  }
}

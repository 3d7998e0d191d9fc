import DRRCore
import DRRData
import Factorization
import Tensor

/// Scores by the dot product of the item vectors with one vector for all users: what an actor that
/// does not look at its state could learn at best.
///
/// The vector is the ridge regression of the training users' rewards on the item vectors, both
/// less their means.
public struct FixedDirection: Scorer {
  public let name = "fixed direction"
  /// By item.
  let products: [Float]

  /// Fits the vector to the training users' visible rewards; `regularization` is λ.
  public init(
    _ model: PMFModel, _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    regularization: Double = 10
  ) {
    let k = model.dimension
    // Rows of one item share their vector: its count and its sum of rewards say all.
    var counts = [Double](repeating: 0, count: model.itemCount)
    var sums = counts
    for user in split.trainUsers {
      for row in split.visibleRows(of: Int(user), in: log) {
        counts[Int(log.items[row])] += 1
        sums[Int(log.items[row])] += Double(scale.reward(log.ratings[row]))
      }
    }
    let total = max(counts.reduce(0, +), 1)
    let meanReward = sums.reduce(0, +) / total
    var center = [Double](repeating: 0, count: k)
    for item in 0..<model.itemCount where counts[item] > 0 {
      for j in 0..<k { center[j] += counts[item] * Double(model.itemFactors[item * k + j]) }
    }
    for j in 0..<k { center[j] /= total }
    var normal = [Double](repeating: 0, count: triangle(k))
    var right = [Double](repeating: 0, count: k)
    for item in 0..<model.itemCount where counts[item] > 0 {
      let q = (0..<k).map { Double(model.itemFactors[item * k + $0]) - center[$0] }
      let residual = sums[item] - counts[item] * meanReward
      for i in 0..<k {
        right[i] += residual * q[i]
        for j in 0...i { normal[triangle(i) + j] += counts[item] * q[i] * q[j] }
      }
    }
    for i in 0..<k { normal[triangle(i) + i] += regularization }
    let direction = solvePositiveDefinite(normal, right, k).map { Float($0) }
    products = (0..<model.itemCount).map { item in
      (0..<k).reduce(0) { $0 + direction[$1] * model.itemFactors[item * k + $1] }
    }
  }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { products[Int($0)] }
  }
}

/// Scores by the dot product of the item vectors with a random vector for each user: what an
/// actor that has learnt nothing does.
public struct RandomAction: Scorer {
  /// How the vector is drawn.
  public enum Distribution: Sendable {
    /// 0.1 · U(0, 1)^k, from which DRR explores. Where item vectors started all-positive it ranks
    /// better than chance.
    case positive
    /// N(0, 1)^k.
    case normal
  }

  public let name: String
  let distribution: Distribution
  let model: PMFModel
  let seed: UInt64

  /// Draws of a seed, a stream a user.
  public init(_ distribution: Distribution, _ model: PMFModel, seed: UInt64) {
    name = distribution == .positive ? "random action U" : "random action N"
    self.distribution = distribution
    self.model = model
    self.seed = seed
  }

  public func scores(_ session: Session) -> [Float] {
    let k = model.dimension
    var random = Philox(
      seed: seed, stream: Streams.randomAction &+ UInt64(session.user) << 8)
    let action: [Float] = (0..<k).map { _ in
      switch distribution {
      case .positive: 0.1 * random.uniform()
      case .normal: random.normal()
      }
    }
    return session.candidates.map { item in
      (0..<k).reduce(0) { $0 + action[$1] * model.itemFactors[Int(item) * k + $1] }
    }
  }
}

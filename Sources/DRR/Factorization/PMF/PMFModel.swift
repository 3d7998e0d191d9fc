import DRRCore
import DRRData
import Tensor

/// A fitted factorisation on the host: reward(u, i) = mean + userBias_u + itemBias_i + ⟨p_u, q_i⟩,
/// the mean 0 unless the fit was centered.
public struct PMFModel: Sendable {
  /// k, the length of a vector.
  public let dimension: Int
  /// The mean reward that was taken off before the fit; 0 unless the fit was centered.
  public let mean: Float
  /// [users, dimension]
  public let userFactors: [Float]
  /// [items, dimension]
  public let itemFactors: [Float]
  /// [users]
  public let userBiases: [Float]
  /// [items]
  public let itemBiases: [Float]

  /// A model by its parts, of the sizes that the properties have.
  public init(
    dimension: Int, mean: Float, userFactors: [Float], itemFactors: [Float],
    userBiases: [Float], itemBiases: [Float]
  ) {
    require(
      userFactors.count == userBiases.count * dimension
        && itemFactors.count == itemBiases.count * dimension,
      "PMF: \(userFactors.count) and \(itemFactors.count) numbers for \(userBiases.count) users "
        + "and \(itemBiases.count) items of dimension \(dimension)")
    self.dimension = dimension
    self.mean = mean
    self.userFactors = userFactors
    self.itemFactors = itemFactors
    self.userBiases = userBiases
    self.itemBiases = itemBiases
  }

  /// The number of users.
  public var userCount: Int { userBiases.count }
  /// The number of items.
  public var itemCount: Int { itemBiases.count }

  /// The predicted reward.
  public func reward(user: Int, item: Int) -> Float {
    let dot = userFactors.withUnsafeBufferPointer { p in
      itemFactors.withUnsafeBufferPointer { q in
        dotProduct(p, user * dimension, q, item * dimension, dimension)
      }
    }
    return mean + userBiases[user] + itemBiases[item] + dot
  }

  /// The reward predicted for a user with this vector and no bias.
  public func reward(of vector: [Float], item: Int) -> Float {
    let dot = vector.withUnsafeBufferPointer { p in
      itemFactors.withUnsafeBufferPointer { q in
        dotProduct(p, 0, q, item * dimension, dimension)
      }
    }
    return mean + itemBiases[item] + dot
  }

  /// Root of the mean squared error of the predicted ratings, kept within the scale, in its unit.
  public func rootMeanSquaredError(
    _ log: RatingsLog, rows: some Sequence<Int>, scale: RewardScale
  ) -> Double {
    let best = scale.reward(log.ratingRange.upperBound)
    let worst = scale.reward(log.ratingRange.lowerBound)
    var sum = (count: 0, squares: 0.0)
    for row in rows {
      let predicted = reward(user: Int(log.users[row]), item: Int(log.items[row]))
      let error = min(max(predicted, worst), best) - scale.reward(log.ratings[row])
      sum = (sum.count + 1, sum.squares + Double(error * error))
    }
    return (sum.squares / Double(max(sum.count, 1))).squareRoot() * Double(scale.halfRange)
  }

  /// A vector for a new user from the items they rated: ridge regression of the rewards, less the
  /// biases, on the item vectors (one half-step of alternating least squares).
  public func foldIn(items: [Int], rewards: [Float], regularization: Double) -> [Float] {
    let k = dimension
    var normal = [Double](repeating: 0, count: triangle(k))
    var right = [Double](repeating: 0, count: k)
    for (item, reward) in zip(items, rewards) {
      let q = itemFactors[item * k..<(item + 1) * k].map { Double($0) }
      let residual = Double(reward - mean - itemBiases[item])
      for i in 0..<k {
        right[i] += q[i] * residual
        for j in 0...i { normal[triangle(i) + j] += q[i] * q[j] }
      }
    }
    for i in 0..<k { normal[triangle(i) + i] += regularization * Double(max(items.count, 1)) }
    return solvePositiveDefinite(normal, right, k).map { Float($0) }
  }

  /// The vector and the bias of a new user from the items they rated: ridge regression of the
  /// rewards, less mean and item biases, on [q ; 1] (one half-step of alternating least squares).
  /// Both are 0 for a user that has rated nothing.
  ///
  /// - Parameters:
  ///   - regularization: λ of the vector, once a rating.
  ///   - biasRegularization: the same of the bias.
  public func foldIn(
    items: some Collection<Int32>, rewards: some Collection<Float>, regularization: Float,
    biasRegularization: Float
  ) -> (vector: [Float], bias: Float) {
    let width = dimension + 1
    var normal = [Double](repeating: 0, count: triangle(width))
    var right = [Double](repeating: 0, count: width)
    var q = [Double](repeating: 1, count: width)
    normal.withUnsafeMutableBufferPointer { normal in
      for (item, reward) in zip(items, rewards) {
        let row = Int(item) * dimension
        for i in 0..<dimension { q[i] = Double(itemFactors[row + i]) }
        let residual = Double(reward - mean - itemBiases[Int(item)])
        q.withUnsafeBufferPointer { q in
          var at = 0
          for i in 0..<width {
            let qi = q[i]
            right[i] += qi * residual
            for j in 0...i { normal[at + j] += qi * q[j] }
            at += i + 1
          }
        }
      }
    }
    // Without any the equations would have no single solution.
    let ratings = Double(max(items.count, 1))
    for i in 0..<width {
      let weight = Double(i < dimension ? regularization : biasRegularization)
      normal[triangle(i) + i] += max(weight, 1e-6) * ratings
    }
    let solution = solvePositiveDefinite(normal, right, width).map { Float($0) }
    return (Array(solution.dropLast()), solution[dimension])
  }
}

private func dotProduct(
  _ a: UnsafeBufferPointer<Float>, _ i: Int, _ b: UnsafeBufferPointer<Float>, _ j: Int, _ n: Int
) -> Float {
  var lanes = SIMD8<Float>()
  var at = 0
  while at + 8 <= n {
    let x = UnsafeRawPointer(a.baseAddress! + i + at).loadUnaligned(as: SIMD8<Float>.self)
    let y = UnsafeRawPointer(b.baseAddress! + j + at).loadUnaligned(as: SIMD8<Float>.self)
    lanes += x * y
    at += 8
  }
  var sum = lanes.sum()
  while at < n {
    sum += a[i + at] * b[j + at]
    at += 1
  }
  return sum
}

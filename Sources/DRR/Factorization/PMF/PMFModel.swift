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
  let userTables = SharedTable()
  let itemTables = SharedTable()

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
    var sum = (count: 0, squares: 0.0)
    for row in rows {
      let square = squaredError(
        user: Int(log.users[row]), item: Int(log.items[row]), rating: log.ratings[row],
        log.ratingRange, scale)
      sum = (sum.count + 1, sum.squares + Double(square))
    }
    return Self.rootMeanSquare(sum.squares, sum.count, scale)
  }

  /// The squared error of the predicted reward, kept within those of a range of ratings.
  package func squaredError(
    user: Int, item: Int, rating: Float, _ range: ClosedRange<Float>, _ scale: RewardScale
  ) -> Float {
    let (worst, best) = (scale.reward(range.lowerBound), scale.reward(range.upperBound))
    let error = min(max(reward(user: user, item: item), worst), best) - scale.reward(rating)
    return error * error
  }

  /// Of squared errors of rewards their root mean square in the unit of ratings.
  package static func rootMeanSquare(
    _ squares: Double, _ count: Int, _ scale: RewardScale
  ) -> Double {
    (squares / Double(max(count, 1))).squareRoot() * Double(scale.halfRange)
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
    var products = ItemProducts()
    return foldIn(
      items: Array(items), rewards: Array(rewards), regularization: regularization,
      biasRegularization: biasRegularization, &products)
  }

  /// The same to the bit, where `products` are those of the first of the items: they are not summed
  /// again. To have the rest in them too.
  package func foldIn(
    items: [Int32], rewards: [Float], regularization: Float, biasRegularization: Float,
    _ products: inout ItemProducts
  ) -> (vector: [Float], bias: Float) {
    let width = dimension + 1
    products.extend(to: items, of: self)
    var normal = products.sums
    var right = [Double](repeating: 0, count: width)
    for (item, reward) in zip(items, rewards) {
      let row = Int(item) * dimension
      let residual = Double(reward - mean - itemBiases[Int(item)])
      for i in 0..<dimension { right[i] += Double(itemFactors[row + i]) * residual }
      right[dimension] += residual
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

/// Σ [q ; 1] [q ; 1]ᵀ over the items that a user has rated, which grows with them.
package struct ItemProducts: Sendable {
  private var items: [Int32] = []
  /// A packed lower triangle.
  fileprivate private(set) var sums: [Double] = []

  /// Of no items.
  package init() {}

  /// Sums anew where these items do not begin with those that are summed.
  fileprivate mutating func extend(to wanted: [Int32], of model: PMFModel) {
    let k = model.dimension
    if sums.count != triangle(k + 1) || !wanted.starts(with: items) {
      (items, sums) = ([], Array(repeating: 0, count: triangle(k + 1)))
    }
    let new = wanted[items.count...]
    items = wanted
    guard !new.isEmpty else { return }
    // Rows of four items, so that a sum is read and written once for them.
    var rows: [Double] = []
    rows.reserveCapacity(new.count * (k + 1))
    for item in new {
      let first = Int(item) * k
      for at in first..<first + k { rows.append(Double(model.itemFactors[at])) }
      rows.append(1)
    }
    sums.withUnsafeMutableBufferPointer { sums in
      rows.withUnsafeBufferPointer { rows in
        var first = rows.baseAddress!
        for _ in 0..<new.count / 4 {
          let (a, b, c, d) = (first, first + (k + 1), first + 2 * (k + 1), first + 3 * (k + 1))
          var sum = sums.baseAddress!
          for i in 0...k {
            let (x, y, z, w) = (a[i], b[i], c[i], d[i])
            for j in 0...i {
              var cell: Double = sum[j]
              cell += x * a[j]
              cell += y * b[j]
              cell += z * c[j]
              cell += w * d[j]
              sum[j] = cell
            }
            sum += i + 1
          }
          first += 4 * (k + 1)
        }
        for _ in 0..<new.count % 4 {
          var sum = sums.baseAddress!
          for i in 0...k {
            let x = first[i]
            for j in 0...i { sum[j] += x * first[j] }
            sum += i + 1
          }
          first += k + 1
        }
      }
    }
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

import DRRCore
import DRRData
import Factorization

/// Kernel ridge regression on items: a simulator of another family than a factorisation.
///
/// φ_i holds what other users' ratings say of item i beyond the biases, K_ij = ⟨φ_i, φ_j⟩, and
/// reward(u, i) = μ + b_i + b_u + Σ_j α_j K_ij over the items j of user u's own log, where (K + λ
/// I) α = the user's residuals there (Saunders et al. 1998). It is the dual of a ridge regression
/// of the user's residuals on the other users', whose weights Σ_j α_j φ_j are what is kept. The
/// user's own ratings are no coordinate of it.
public struct ItemRidge: RewardModel {
  /// λ, and s of the items' vectors.
  public static let regularization = 1.0
  /// s, by which items of few ratings are drawn to 0.
  public static let shrinkage = 1.0

  private let residuals: ItemResiduals
  /// Place of each simulated user; −1 for all others.
  private let places: [Int]
  private let biases: [Double]
  /// [simulated, raters]
  private let weights: [Float]

  /// - Parameters:
  ///   - logged: what is known of raters and simulated users alike.
  ///   - raters: whose ratings make items alike.
  ///   - simulated: the users that can be asked about.
  ///   - ranks: who share the simulated users' regressions; each has all.
  public init(
    _ logged: LoggedRewards, raters: [Int32], simulated: [Int32], itemCount: Int,
    regularization: Double = ItemRidge.regularization,
    among ranks: any Collective = SoleCollective()
  ) throws(CollectiveError) {
    let residuals = ItemResiduals(
      logged, users: raters, itemCount: itemCount, shrinkage: Self.shrinkage)
    var places = [Int](repeating: -1, count: logged.userCount)
    var own = [Int?](repeating: nil, count: logged.userCount)
    for (place, user) in raters.enumerated() { own[Int(user)] = place }
    var biases: [Double] = []
    var weights = [Float](repeating: 0, count: simulated.count * raters.count)
    let shares = ranks.shares(
      ofWork: simulated.map { 1 + logged.row(ofUser: Int($0)).items.count })
    for (place, user) in simulated.enumerated() {
      let row = logged.row(ofUser: Int(user))
      let bias = residuals.userBias(row)
      places[Int(user)] = place
      biases.append(bias)
      guard shares[ranks.rank].contains(place) else { continue }
      let items = row.items.map { Int($0) }
      let targets = zip(items, row.rewards).map { item, reward in
        Double(reward) - residuals.mean - residuals.itemBiases[item] - bias
      }
      let fitted = Self.fit(
        residuals, items, targets, without: own[Int(user)], regularization: regularization)
      for (rater, weight) in fitted.enumerated() {
        weights[place * raters.count + rater] = Float(weight)
      }
    }
    try ranks.gather(
      &weights,
      parts: shares.map { $0.lowerBound * raters.count..<$0.upperBound * raters.count })
    self.residuals = residuals
    self.places = places
    self.biases = biases
    self.weights = weights
  }

  public var itemCount: Int { residuals.itemCount }

  /// The predicted reward; the item's alone where the user is not a simulated one.
  public func reward(user: Int, item: Int) -> Float {
    let common = residuals.mean + residuals.itemBiases[item]
    guard places[user] >= 0 else { return Float(common) }
    let first = places[user] * residuals.users.count
    return Float(
      common + biases[places[user]] + residuals.dot(item) { Double(weights[first + $0]) })
  }

  /// Σ α_j φ_j of (Φ Φᵀ + λ I) α = y by conjugate gradients (Hestenes & Stiefel 1952), the
  /// coordinate `own` left out.
  private static func fit(
    _ residuals: ItemResiduals, _ items: [Int], _ targets: [Double], without own: Int?,
    regularization: Double
  ) -> [Double] {
    func combined(_ alpha: [Double]) -> [Double] {
      var w = [Double](repeating: 0, count: residuals.users.count)
      for (item, scale) in zip(items, alpha) { residuals.add(item, times: scale, to: &w) }
      if let own { w[own] = 0 }
      return w
    }
    func product(_ alpha: [Double]) -> [Double] {
      let w = combined(alpha)
      return zip(items, alpha).map { item, value in
        residuals.dot(item) { w[$0] } + regularization * value
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    var alpha = [Double](repeating: 0, count: items.count)
    var rest = targets
    var direction = rest
    var norm = dot(rest, rest)
    let enough = norm * 1e-20
    for _ in 0..<2 * items.count + 10 where norm > enough {
      let image = product(direction)
      let length = norm / dot(direction, image)
      for i in items.indices {
        alpha[i] += length * direction[i]
        rest[i] -= length * image[i]
      }
      let before = norm
      norm = dot(rest, rest)
      for i in items.indices { direction[i] = rest[i] + norm / before * direction[i] }
    }
    return combined(alpha)
  }
}

import DRRCore
import DRRData
import Platform
import Serving
import Tensor

/// What a model that is served cannot know, learned from feedback as it comes: how much more than its
/// score an item earns. A ridge regression of reward less score; the model itself stays as it is.
///
/// By item vectors it is LinUCB (Li et al. 2010, Algorithm 1, with one arm for all items): the features
/// of an item are 1, the model's score and the item's vector. By items it is a bandit with an arm an
/// item. A = λI + Σxxᵀ, b = Σx(r − s), θ = A⁻¹b; an item's value is s + xᵀθ + α√(xᵀA⁻¹x), which is the
/// model's score before any feedback where α is 0. A⁻¹ is kept by Sherman and Morrison's formula.
public struct OnlineLearner: Sendable {
  /// What is learned by.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// By item vectors, so that what is learned of an item tells of those like it.
    case linucb
    /// Every item by itself.
    case items
  }

  /// How it learns.
  public struct Settings: Codable, Hashable, Sendable {
    public var kind = Kind.linucb
    /// α, what a standard deviation of not knowing counts for, in reward; 0 or more.
    public var alpha = 0.0
    /// λ, the feedbacks that the model's own score counts for; above 0.
    public var ridge = 10.0
    /// The best items of the model that are put in order anew; 1 or more.
    public var pool = 200

    /// The usual settings.
    public init() {}

    /// - Throws: where a part is out of its range.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require("learn-alpha", alpha, .notNegative)
      try ConfigurationError.require("learn-ridge", ridge, "above 0") { $0 > 0 && $0.isFinite }
      try ConfigurationError.require("learn-pool", pool, in: 1...10_000)
    }
  }

  /// The checksum of the model that it is on top of.
  public let version: String
  /// How it learns.
  public let settings: Settings
  /// Feedbacks that were learned from.
  public private(set) var count = 0
  private let ids: RawIDs
  /// [items, k]; empty where items are learned by themselves.
  private let vectors: [Float]
  private let dimension: Int
  private let rewards: FeedbackRewards
  /// By item vectors [d, d], d = k + 2; by items the diagonal.
  private var inverse: [Double]
  /// b.
  private var sums: [Double]
  /// θ.
  private var weights: [Double]

  /// - Throws: `ConfigurationError`; `FeedbackError` where the model has no item vectors to learn by.
  public init(_ model: ExportedModel, _ settings: Settings) throws {
    try settings.validate()
    (version, self.settings, ids) = (model.header.checksum, settings, model.items.ids)
    rewards = FeedbackRewards(of: model)
    switch settings.kind {
    case .linucb:
      guard let factorization = model.factorization else {
        throw FeedbackError(
          "\(model.header.agent) has no item vectors to learn by; let every item learn by itself: "
            + "--learn items")
      }
      (vectors, dimension) = (factorization.itemFactors, factorization.dimension + 2)
      inverse = Array(repeating: 0, count: dimension * dimension)
      for place in 0..<dimension { inverse[place * dimension + place] = 1 / settings.ridge }
    case .items:
      (vectors, dimension) = ([], model.items.count)
      inverse = Array(repeating: 1 / settings.ridge, count: dimension)
    }
    sums = Array(repeating: 0, count: dimension)
    weights = sums
  }

  private func features(of item: Int, _ score: Float) -> [Double] {
    let k = dimension - 2
    return [1, Double(score)] + vectors[item * k..<(item + 1) * k].lazy.map(Double.init)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (a, b) in zip(a, b) { sum += a * b }
    return sum
  }

  /// A⁻¹x.
  private func spread(_ features: [Double]) -> [Double] {
    var spread = [Double](repeating: 0, count: dimension)
    inverse.withUnsafeBufferPointer { inverse in
      spread.withUnsafeMutableBufferPointer { spread in
        // By rows, all entries at once: the order of no sum depends on the width of a register.
        for (row, factor) in features.enumerated() where factor != 0 {
          let from = inverse.baseAddress! + row * dimension
          for column in 0..<dimension { spread[column] += factor * from[column] }
        }
      }
    }
    return spread
  }

  // MARK: - Learning

  /// Learns what an item earned.
  ///
  /// - Parameters:
  ///   - item: its id; one that the model does not have tells nothing, nor does a reward beyond
  ///     ``ItemFeedback/rewardLimit``.
  ///   - score: the model's own, when it was shown.
  package mutating func learn(
    item: String, score: Float, _ value: ItemFeedback.Value, by user: String?
  ) {
    guard let item = ids.lookup(item), score.isFinite,
      let reward = try? rewards.reward(of: value, by: user), abs(reward) <= ItemFeedback.rewardLimit
    else { return }
    count += 1
    let error = reward - Double(score)
    guard settings.kind == .linucb else {
      inverse[item] = 1 / (1 / inverse[item] + 1)
      sums[item] += error
      weights[item] = inverse[item] * sums[item]
      return
    }
    let features = features(of: item, score)
    let spread = spread(features)
    let scale = 1 / (1 + Self.dot(features, spread))
    for row in 0..<dimension {
      let factor = spread[row] * scale
      for column in 0..<dimension { inverse[row * dimension + column] -= factor * spread[column] }
      sums[row] += features[row] * error
    }
    weights = self.spread(sums)
  }

  // MARK: - Recommending

  /// The value of an item that the model gives a score.
  ///
  /// - Parameter item: its index in the model.
  public func value(of item: Int, score: Float) -> Float {
    switch settings.kind {
    case .items:
      return Float(
        Double(score) + weights[item] + settings.alpha * inverse[item].squareRoot())
    case .linucb:
      let features = features(of: item, score)
      var value = Double(score) + Self.dot(features, weights)
      if settings.alpha > 0 {
        let spread = spread(features)
        value += settings.alpha * max(Self.dot(features, spread), 0).squareRoot()
      }
      return Float(value)
    }
  }

  /// Puts what a model recommends in order anew, with values for scores.
  ///
  /// - Returns: the recommendations, and the model's own score of each.
  public func reordered(
    _ list: [Recommendation]
  ) -> (list: [Recommendation], scores: [Float]) {
    let values = list.map { value(of: $0.item, score: $0.score) }
    let order = list.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
    return (
      order.map { place in
        var item = list[place]
        item.score = values[place]
        return item
      }, order.map { list[$0].score }
    )
  }

  // MARK: - Snapshot

  /// What it has learned, without the model.
  package struct Snapshot: Codable {
    package var version: String
    package var settings: Settings
    package var count: Int
    package var inverse: [Double]
    package var sums: [Double]
    package var weights: [Double]
  }

  package var snapshot: Snapshot {
    Snapshot(
      version: version, settings: settings, count: count, inverse: inverse, sums: sums,
      weights: weights)
  }

  /// Takes over what was learned on top of the same model by the same settings.
  ///
  /// - Returns: false where the snapshot is of another.
  mutating func restore(_ snapshot: Snapshot) -> Bool {
    guard snapshot.version == version, snapshot.settings == settings, snapshot.count >= 0,
      snapshot.inverse.count == inverse.count, snapshot.sums.count == sums.count,
      snapshot.weights.count == weights.count,
      (snapshot.inverse + snapshot.sums + snapshot.weights).allSatisfy(\.isFinite)
    else { return false }
    (count, inverse) = (snapshot.count, snapshot.inverse)
    (sums, weights) = (snapshot.sums, snapshot.weights)
    return true
  }
}

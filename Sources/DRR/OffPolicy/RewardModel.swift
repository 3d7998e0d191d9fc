import DRRCore
import Tensor

/// What the expected reward of each action of each decision is taken to be.
public protocol RewardPrediction: Sendable {
  /// Fills `values` with one number for each action that the decision could choose from.
  func predict(_ row: Int, into values: inout [Double])
  /// The number of one action.
  func predict(_ row: Int, _ action: Int) -> Double
  /// A number of the decision's group, where the values of two decisions of one group differ by the
  /// same in every action; nil where it has none.
  func group(of row: Int) -> Int?
}

extension RewardPrediction {
  public func group(of row: Int) -> Int? { nil }
}

/// Expects a reward of 0 everywhere.
struct NoRewards: RewardPrediction {
  func predict(_ row: Int, into values: inout [Double]) {
    for action in values.indices { values[action] = 0 }
  }
  func predict(_ row: Int, _ action: Int) -> Double { 0 }
  func group(of row: Int) -> Int? { 0 }
}

/// How the reward model is fitted.
public struct RewardModelConfiguration: Codable, Hashable, Sendable {
  public enum Form: String, Codable, CaseIterable, Sendable {
    case ridge
    /// For rewards of 0 and 1 alone.
    case logistic
  }

  public var form = Form.ridge
  /// Whether each action has its own coefficients of the context.
  public var isCrossed = false
  /// The penalty λ of the squared coefficients, all but the constant's; nil: of 1, 10, 100 and 1000
  /// that which does best in cross-validation over the folds that the model may see; of two folds
  /// 100.
  public var regularization: Double?
  /// Parts of the log; the model of each is fitted on the others.
  public var folds = 5
  public var seed: UInt64 = 0

  public init() {}

  /// Columns that actions may share, and numbers that the normal equations may hold (128 MiB).
  static let widthLimit = 2_000
  static let sizeLimit = 1 << 24

  func validate(_ log: LoggedFeedback) throws(ConfigurationError) {
    try ConfigurationError.require("folds", folds, "2 or more") { $0 >= 2 && $0 <= 1_000 }
    try ConfigurationError.require("regularization", regularization ?? 1, "above 0") {
      $0 > 0 && $0.isFinite
    }
    if isCrossed && !log.candidates.isEmpty {
      throw ConfigurationError(
        "crossed is true; it must be false where decisions have candidates of their own, as those of "
          + "\(log.name) have")
    }
    if log.clusterCount < folds {
      throw ConfigurationError(
        "folds is \(folds); \(log.name) has \(log.clusterCount) clusters by \(log.clustering), and "
          + "each fold needs one")
    }
    if form == .logistic, let row = log.rewards.firstIndex(where: { $0 != 0 && $0 != 1 }) {
      throw ConfigurationError(
        "the reward model is logistic; it must be ridge where a reward is \(log.rewards[row])")
    }
    let features = RewardFeatures(log, crossed: isCrossed)
    if features.sharedWidth > Self.widthLimit {
      throw ConfigurationError(
        "the reward model has \(features.sharedWidth) columns beside those of single actions; it "
          + "must have at most \(Self.widthLimit)")
    }
    if NormalEquations.size(features) > Self.sizeLimit {
      throw ConfigurationError(
        "the normal equations of the reward model's \(features.width) columns are "
          + "\(NormalEquations.size(features)) numbers; they must be at most \(Self.sizeLimit)"
          + (isCrossed ? ", as without crossing" : ""))
    }
  }
}

/// A reward model of which no part saw the clusters that it is asked about.
public struct CrossFittedRewards: RewardPrediction {
  public let configuration: RewardModelConfiguration
  /// The fold of every row.
  public let folds: [Int]
  /// Columns of the regression.
  public let width: Int
  private let models: [LinearRewards]

  public init(
    _ log: LoggedFeedback, _ configuration: RewardModelConfiguration
  ) throws(ConfigurationError) {
    try configuration.validate(log)
    self.configuration = configuration
    let features = RewardFeatures(log, crossed: configuration.isCrossed)
    width = features.width
    let folds = Self.folds(of: log, configuration)
    self.folds = folds
    let given = configuration.regularization
    let count = configuration.folds
    switch configuration.form {
    case .ridge:
      let parts = concurrentMap(count) { fold in
        var part = NormalEquations(features)
        for row in 0..<log.count where folds[row] == fold {
          part.add(
            features, row, weight: log.multiplicity(row), response: log.rewards[row])
        }
        return part
      }
      @Sendable func all(but left: Set<Int>) -> NormalEquations {
        var all = NormalEquations(features)
        for (fold, part) in parts.enumerated() where !left.contains(fold) { all.add(part) }
        return all
      }
      models = concurrentMap(count) { fold in
        let penalty =
          given
          ?? Self.penalty(of: fold, count) { inner, penalty in
            parts[inner].error(of: all(but: [fold, inner]).solve(penalty: penalty))
          }
        return LinearRewards(
          features: features, coefficients: all(but: [fold]).solve(penalty: penalty),
          isLogistic: false)
      }
    case .logistic:
      models = concurrentMap(count) { fold in
        func fit(but left: Set<Int>, _ penalty: Double) -> LogisticFit {
          var fit = LogisticFit(
            features, rows: (0..<log.count).filter { !left.contains(folds[$0]) }, penalty: penalty)
          fit.run()
          return fit
        }
        let penalty =
          given
          ?? Self.penalty(of: fold, count) { inner, penalty in
            let found = fit(but: [fold, inner], penalty)
            return LogisticFit(
              features, rows: (0..<log.count).filter { folds[$0] == inner }, penalty: 0
            ).loss(found.coefficients)
          }
        return LinearRewards(
          features: features, coefficients: fit(but: [fold], penalty).coefficients,
          isLogistic: true)
      }
    }
  }

  /// The penalty whose models of the folds but this and one more have the least error in that one,
  /// summed over all; the fold itself plays no part.
  private static func penalty(
    of fold: Int, _ folds: Int, error: (_ inner: Int, _ penalty: Double) -> Double
  ) -> Double {
    guard folds > 2 else { return 100 }
    let errors = [1.0, 10, 100, 1_000].map { penalty in
      (penalty, (0..<folds).reduce(0) { $1 == fold ? $0 : $0 + error($1, penalty) })
    }
    return errors.min { $0.1 < $1.1 }!.0
  }

  public func predict(_ row: Int, into values: inout [Double]) {
    models[folds[row]].predict(row, into: &values)
  }

  public func predict(_ row: Int, _ action: Int) -> Double {
    models[folds[row]].predict(row, action)
  }

  public func group(of row: Int) -> Int? { models[folds[row]].isParallel ? folds[row] : nil }

  /// Clusters in a drawn order, each to the fold that has the fewest rows.
  static func folds(of log: LoggedFeedback, _ configuration: RewardModelConfiguration) -> [Int] {
    var sizes = [Int](repeating: 0, count: log.clusterCount)
    for cluster in log.clusters { sizes[Int(cluster)] += 1 }
    var order = Array(0..<log.clusterCount)
    var random = Philox(seed: configuration.seed, stream: Streams.offPolicyFolds)
    order.shuffle(using: &random)
    var filled = [Int](repeating: 0, count: configuration.folds)
    var foldOfCluster = [Int](repeating: 0, count: log.clusterCount)
    for cluster in order {
      let fold = filled.indices.min { (filled[$0], $0) < (filled[$1], $1) }!
      foldOfCluster[cluster] = fold
      filled[fold] += sizes[cluster]
    }
    return log.clusters.map { foldOfCluster[Int($0)] }
  }
}

import Tensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the expected reward of each action of each decision is taken to be.
public protocol RewardPrediction: Sendable {
  /// Fills `values` with one number an action.
  func predict(_ row: Int, into values: inout [Double])
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
  /// The penalty λ of the squared coefficients, all but the constant's.
  public var regularization = 1.0
  /// Parts of the log; the model of each is fitted on the others.
  public var folds = 5
  public var seed: UInt64 = 0

  public init() {}

  /// Columns that the normal equations may have.
  static let widthLimit = 2_000

  func validate(_ log: LoggedFeedback) throws(ConfigurationError) {
    try ConfigurationError.require("folds", folds, "2 or more") { $0 >= 2 && $0 <= 1_000 }
    try ConfigurationError.require("the reward model's regularization", regularization, "above 0") {
      $0 > 0 && $0.isFinite
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
    let width = RewardFeatures(log, crossed: isCrossed).width
    if width > Self.widthLimit {
      throw ConfigurationError(
        "the reward model has \(width) columns; it must have at most \(Self.widthLimit)"
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
    let penalty = configuration.regularization
    switch configuration.form {
    case .ridge:
      let parts = concurrentMap(configuration.folds) { fold in
        var part = NormalEquations(width: features.width)
        for row in 0..<log.count where folds[row] == fold {
          part.add(features, row, weight: 1, response: log.rewards[row])
        }
        return part
      }
      models = concurrentMap(configuration.folds) { fold in
        var all = NormalEquations(width: features.width)
        for (other, part) in parts.enumerated() where other != fold { all.add(part) }
        return LinearRewards(
          features: features, coefficients: all.solve(penalty: penalty), isLogistic: false)
      }
    case .logistic:
      models = concurrentMap(configuration.folds) { fold in
        let rows = (0..<log.count).filter { folds[$0] != fold }
        return LinearRewards(
          features: features,
          coefficients: Self.logisticCoefficients(features, rows, penalty: penalty),
          isLogistic: true)
      }
    }
  }

  public func predict(_ row: Int, into values: inout [Double]) {
    models[folds[row]].predict(row, into: &values)
  }

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

  /// Penalised maximum likelihood by Newton's method, with steps halved until they gain.
  private static func logisticCoefficients(
    _ features: RewardFeatures, _ rows: [Int], penalty: Double
  ) -> [Double] {
    let log = features.log
    var coefficients = [Double](repeating: 0, count: features.width)
    func scores(_ coefficients: [Double]) -> [Double] {
      rows.map { row in
        var score = 0.0
        features.forEach(row, Int(log.actions[row])) { score += coefficients[$0] * $1 }
        return score
      }
    }
    /// The negative log-likelihood, and half the penalty.
    func loss(_ coefficients: [Double], _ scores: [Double]) -> Double {
      var loss = coefficients.dropFirst().reduce(0) { $0 + penalty / 2 * $1 * $1 }
      for (row, score) in zip(rows, scores) {
        loss += max(score, 0) + log1p(exp(-abs(score))) - log.rewards[row] * score
      }
      return loss
    }
    var current = scores(coefficients)
    var reached = loss(coefficients, current)
    for _ in 0..<50 {
      // Least squares of the working response about the current scores.
      var equations = NormalEquations(width: features.width)
      for (row, score) in zip(rows, current) {
        let mean = logistic(score)
        let weight = max(mean * (1 - mean), 1e-10)
        equations.add(
          features, row, weight: weight, response: score + (log.rewards[row] - mean) / weight)
      }
      let target = equations.solve(penalty: penalty)
      var step = 1.0
      var improved = false
      while step > 1e-6 {
        let next = zip(coefficients, target).map { $0 + step * ($1 - $0) }
        let nextScores = scores(next)
        let nextLoss = loss(next, nextScores)
        if nextLoss < reached {
          improved = reached - nextLoss > 1e-12 * abs(reached)
          (coefficients, current, reached) = (next, nextScores, nextLoss)
          break
        }
        step /= 2
      }
      if !improved { break }
    }
    return coefficients
  }
}

/// XᵀWX and XᵀWy of sparse rows.
private struct NormalEquations: Sendable {
  let width: Int
  private var matrix: [Double]
  private var right: [Double]

  init(width: Int) {
    self.width = width
    matrix = Array(repeating: 0, count: triangle(width))
    right = Array(repeating: 0, count: width)
  }

  mutating func add(_ features: RewardFeatures, _ row: Int, weight: Double, response: Double) {
    // Columns come in ascending order.
    var columns: [(at: Int, value: Double)] = []
    columns.reserveCapacity(32)
    features.forEach(row, Int(features.log.actions[row])) { columns.append(($0, $1)) }
    for (count, one) in columns.enumerated() {
      let scaled = weight * one.value
      right[one.at] += scaled * response
      let first = triangle(one.at)
      for other in columns[...count] { matrix[first + other.at] += scaled * other.value }
    }
  }

  mutating func add(_ other: NormalEquations) {
    for at in matrix.indices { matrix[at] += other.matrix[at] }
    for at in right.indices { right[at] += other.right[at] }
  }

  func solve(penalty: Double) -> [Double] {
    var matrix = matrix
    // The constant is free; a trace of penalty keeps an empty column solvable.
    for at in 0..<width { matrix[triangle(at) + at] += at == 0 ? 1e-9 : penalty }
    return solvePositiveDefinite(matrix, right, width)
  }
}

func logistic(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

import Platform

/// Logistic regression: penalised maximum likelihood by Newton's method.
struct LogisticFit {
  private let features: RewardFeatures
  private let rows: [Int]
  private let penalty: Double
  private(set) var coefficients: [Double]

  init(_ features: RewardFeatures, rows: [Int], penalty: Double) {
    self.features = features
    self.rows = rows
    self.penalty = penalty
    coefficients = Array(repeating: 0, count: features.width)
  }

  private func scores(_ coefficients: [Double]) -> [Double] {
    rows.map { row in
      var score = 0.0
      features.forEach(row, Int(features.log.actions[row])) { score += coefficients[$0] * $1 }
      return score
    }
  }

  /// The negative log-likelihood, and half the penalty.
  func loss(_ coefficients: [Double]) -> Double { loss(coefficients, scores(coefficients)) }

  private func loss(_ coefficients: [Double], _ scores: [Double]) -> Double {
    var loss = coefficients.dropFirst().reduce(0) { $0 + penalty / 2 * $1 * $1 }
    for (row, score) in zip(rows, scores) {
      loss +=
        features.log.multiplicity(row)
        * (max(score, 0) + log1p(exp(-abs(score))) - features.log.rewards[row] * score)
    }
    return loss
  }

  /// Steps until none gains; one that goes too far is halved.
  mutating func run() {
    var current = scores(coefficients)
    var reached = loss(coefficients, current)
    for _ in 0..<50 {
      // Least squares of the working response about the current scores.
      var equations = NormalEquations(features)
      for (row, score) in zip(rows, current) {
        let mean = logistic(score)
        let weight = max(mean * (1 - mean), 1e-10)
        equations.add(
          features, row, weight: features.log.multiplicity(row) * weight,
          response: score + (features.log.rewards[row] - mean) / weight)
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
  }
}

func logistic(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

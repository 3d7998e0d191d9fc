import DRRCore
import Factorization
import Platform

/// XᵀWX and XᵀWy of sparse rows.
struct NormalEquations: Sendable {
  let width: Int
  private var matrix: [Double]
  private var right: [Double]
  /// Σ w y².
  private var squares = 0.0

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
    squares += weight * response * response
    for (count, one) in columns.enumerated() {
      let scaled = weight * one.value
      right[one.at] += scaled * response
      let first = triangle(one.at)
      for other in columns[...count] { matrix[first + other.at] += scaled * other.value }
    }
  }

  mutating func add(_ other: NormalEquations) {
    squares += other.squares
    for at in matrix.indices { matrix[at] += other.matrix[at] }
    for at in right.indices { right[at] += other.right[at] }
  }

  func solve(penalty: Double) -> [Double] {
    var matrix = matrix
    // The constant is free; a trace of penalty keeps an empty column solvable.
    for at in 0..<width { matrix[triangle(at) + at] += at == 0 ? 1e-9 : penalty }
    return solvePositiveDefinite(matrix, right, width)
  }

  /// Σ w (y − xᵀθ)².
  func error(of coefficients: [Double]) -> Double {
    var error = squares
    for i in 0..<width {
      let row = triangle(i)
      error -= 2 * coefficients[i] * right[i]
      error += coefficients[i] * coefficients[i] * matrix[row + i]
      for j in 0..<i { error += 2 * coefficients[i] * coefficients[j] * matrix[row + j] }
    }
    return error
  }
}

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
      loss += max(score, 0) + log1p(exp(-abs(score))) - features.log.rewards[row] * score
    }
    return loss
  }

  /// Steps until none gains; one that goes too far is halved.
  mutating func run() {
    var current = scores(coefficients)
    var reached = loss(coefficients, current)
    for _ in 0..<50 {
      // Least squares of the working response about the current scores.
      var equations = NormalEquations(width: features.width)
      for (row, score) in zip(rows, current) {
        let mean = logistic(score)
        let weight = max(mean * (1 - mean), 1e-10)
        equations.add(
          features, row, weight: weight,
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

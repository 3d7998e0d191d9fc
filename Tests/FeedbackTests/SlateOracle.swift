import Feedback
import Foundation
import Tensor

/// A world in which every value is a sum: a few users, four items, lists of two, and rewards that
/// are known.
struct SlateOracle {
  static let items = ["a", "b", "c", "d"]
  static let positions = 2
  let logged: [SlateChoices]
  let target: [SlateChoices]
  /// Whether what a position earns is told by its item alone.
  let isAdditive: Bool

  init(isAdditive: Bool) {
    self.isAdditive = isAdditive
    let exploring = Exploration(epsilon: 0.3, temperature: 0.8, candidates: 4)
    let surer = Exploration(epsilon: 0.15, temperature: 0.6, candidates: 4)
    logged = [[2, 1.5, 1, 0.2], [1, 0.9, 0.3, 0.1], [3, 1, 0.5, 0]].map {
      SlateChoices(items: Self.items, scores: $0, exploration: exploring)
    }
    target = [["c", "a", "b", "d"], ["b", "d", "a", "c"], ["a", "c", "d", "b"]].map {
      SlateChoices(items: $0, scores: [1.2, 1, 0.4, 0], exploration: surer)
    }
  }

  /// The mean reward of a position of a user's list.
  func reward(_ user: Int, _ list: [String], _ position: Int) -> Double {
    let item = Double(Self.items.firstIndex(of: list[position])!)
    let own = 0.5 + 0.4 * sin(2 * item + Double(user) + 3 * Double(position))
    guard !isAdditive, position > 0 else { return own }
    // What stands above an item takes from it, more so for some pairs.
    let above = Double(Self.items.firstIndex(of: list[0])!)
    return own * (above > item ? 0.2 : 0.9)
  }

  /// The probability of a list, by the formula and nothing of the library.
  static func probability(_ list: [String], _ choices: SlateChoices) -> Double {
    let scores = choices.scores.map { Double($0) }
    let exploration = choices.exploration!
    let mean = scores.reduce(0, +) / Double(scores.count)
    let deviation = sqrt(
      scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count))
    var left = choices.items
    return list.reduce(1) { product, item in
      let weights = left.map { item -> Double in
        exp(scores[choices.items.firstIndex(of: item)!] / (deviation * exploration.temperature))
      }
      let place = left.firstIndex(of: item)!
      let softmax = weights[place] / weights.reduce(0, +)
      let uniform = 1 / Double(left.count)
      left.remove(at: place)
      return product * ((1 - exploration.epsilon) * softmax + exploration.epsilon * uniform)
    }
  }

  /// Every list of two.
  static let lists = items.flatMap { first in
    items.filter { $0 != first }.map { [first, $0] }
  }

  /// The value of a user's list, and of each position, of lists drawn from some choices.
  func value(_ user: Int, _ choices: SlateChoices) -> [Double] {
    (0..<Self.positions).map { position in
      Self.lists.reduce(0) {
        $0 + Self.probability($1, choices) * reward(user, $1, position)
      }
    }
  }

  /// The mean over users, by position.
  var truth: [Double] {
    (0..<Self.positions).map { position in
      target.indices.reduce(0) { $0 + value($1, target[$1])[position] } / Double(target.count)
    }
  }

  /// Lists as they are logged, with rewards of 0 and 1, and the target.
  func log(_ count: Int, seed: UInt64, inverse: Bool) throws -> (LoggedSlates, SlateTarget) {
    var random = Philox(seed: seed, stream: 11)
    var log = LoggedSlates(name: "log")
    var target = SlateTarget(name: "target", probabilities: [], pseudoInverse: inverse ? [] : nil)
    for number in 0..<count {
      let user = number % logged.count
      let choices = logged[user]
      let draws = choices.exploration!.draw(choices.scores, count: Self.positions, &random)
      let list = draws.map { choices.items[$0.place] }
      let rewards = list.indices.map { position in
        Double(random.next() >> 11) * 0x1p-53 < reward(user, list, position) ? 1.0 : 0
      }
      try log.append(
        propensities: draws.map(\.propensity), rewards: rewards, cluster: "\(number)")
      target.probabilities += self.target[user].probabilities(of: list)
      if inverse {
        target.pseudoInverse!.append(
          PseudoInverse.weight(of: list, logged: choices, target: self.target[user])!)
      }
    }
    return (log, target)
  }
}

/// The Moore-Penrose inverse of a symmetric matrix by its eigenvectors, found by Jacobi's rotations,
/// in which eigenvalues below a threshold count as 0.
func pseudoInverse(_ matrix: [[Double]]) -> [[Double]] {
  let n = matrix.count
  var a = matrix
  var v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
  for _ in 0..<100 {
    for p in 0..<n {
      for q in p + 1..<n where abs(a[p][q]) > 1e-300 {
        let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
        let t = (theta >= 0 ? 1.0 : -1) / (abs(theta) + sqrt(theta * theta + 1))
        let (c, s) = (1 / sqrt(t * t + 1), t / sqrt(t * t + 1))
        func turn(_ x: inout Double, _ y: inout Double) {
          let (first, second) = (x, y)
          x = c * first - s * second
          y = s * first + c * second
        }
        for k in 0..<n {
          var (x, y) = (a[k][p], a[k][q])
          turn(&x, &y)
          (a[k][p], a[k][q]) = (x, y)
        }
        for k in 0..<n {
          var (x, y) = (a[p][k], a[q][k])
          turn(&x, &y)
          (a[p][k], a[q][k]) = (x, y)
          (x, y) = (v[k][p], v[k][q])
          turn(&x, &y)
          (v[k][p], v[k][q]) = (x, y)
        }
      }
    }
  }
  let most = (0..<n).map { abs(a[$0][$0]) }.max() ?? 0
  var inverse = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
  for k in 0..<n where abs(a[k][k]) > 1e-12 * most {
    for i in 0..<n {
      for j in 0..<n { inverse[i][j] += v[i][k] * v[j][k] / a[k][k] }
    }
  }
  return inverse
}

import DRRCore
import Platform

/// Candidates of one request, the best first, and how lists are drawn from them.
public struct SlateChoices: Sendable {
  /// The items' ids.
  public var items: [String]
  /// Of the items, falling.
  public var scores: [Float]
  /// nil: the best in order.
  public var exploration: Exploration?

  /// Choices by their parts.
  public init(items: [String], scores: [Float], exploration: Exploration?) {
    (self.items, self.scores, self.exploration) = (items, scores, exploration)
  }

  /// The probability of each item of a list given those above it.
  public func probabilities(of list: some Sequence<String>) -> [Double] {
    probabilities(at: list.map { items.firstIndex(of: $0) })
  }

  /// The same of the items' places among the candidates; nil: not one of them.
  func probabilities(at places: [Int?]) -> [Double] {
    guard let exploration else {
      var taken: Set<Int> = []
      return places.map { place in
        guard let place else { return 0 }
        let best = scores.indices.first { !taken.contains($0) }
        taken.insert(place)
        return place == best ? 1 : 0
      }
    }
    return exploration.probabilities(of: places, scores)
  }

  /// Gives every list of so many positions that can be drawn, with its probability.
  func forEachList(_ count: Int, _ body: ([Int], Double) -> Void) {
    guard let exploration else { return body(Array(0..<min(count, items.count)), 1) }
    exploration.forEachList(count, scores, body)
  }
}

/// The weight of a list in the pseudo-inverse estimator (Swaminathan et al. 2017, "Off-policy
/// evaluation for slate recommendation"): q'Γ⁺1, with Γ = E[1 1'] of lists as they were drawn, 1 the
/// indicator of a list's items at their positions, and q = E[1] of lists as another policy draws
/// them. Its mean with the lists' rewards is unbiased where a list's reward is a sum over its
/// positions, however items depend on those above them.
///
/// Both means are taken over all lists that can be drawn.
public enum PseudoInverse {
  /// Lists that may be drawn of a request at most.
  public static let mostLists = 10_000
  /// Positions times candidates at most: the width of Γ.
  public static let mostWidth = 100

  /// Why Γ is too large; nil where it is not.
  public static func problem(positions: Int, candidates: Int) -> String? {
    // Γ of one position is diagonal.
    guard positions > 1 else { return nil }
    var lists = 1.0
    for position in 0..<min(positions, candidates) { lists *= Double(candidates - position) }
    guard
      lists > Double(mostLists) || Double(positions) * Double(candidates) > Double(mostWidth)
    else { return nil }
    return
      "\(positions) positions of \(candidates) candidates are too many for the pseudo-inverse, which "
      + "takes positions times candidates up to \(mostWidth), and \(mostLists) lists"
  }

  /// - Parameters:
  ///   - list: ids that were shown.
  ///   - logged: how it was drawn.
  ///   - target: how another policy draws.
  /// - Returns: nil where Γ is so near to singular that there is no telling.
  public static func weight(
    of list: [String], logged: SlateChoices, target: SlateChoices
  ) -> Double? {
    if list.count == 1 {
      let propensity = logged.probabilities(of: list)[0]
      return propensity > 0 ? target.probabilities(of: list)[0] / propensity : nil
    }
    let (positions, candidates) = (list.count, logged.items.count)
    let width = positions * candidates
    var second = [Double](repeating: 0, count: width * width)
    logged.forEachList(positions) { places, probability in
      let cells = places.enumerated().map { $0 * candidates + $1 }
      for a in cells { for b in cells { second[a * width + b] += probability } }
    }
    var places: [String: Int] = [:]
    for (place, item) in logged.items.enumerated() { places[item] = place }
    var first = [Double](repeating: 0, count: width)
    target.forEachList(positions) { chosen, probability in
      for (position, place) in chosen.enumerated() {
        // Where the log never shows the item Γ is 0, and so is Γ⁺.
        guard let place = places[target.items[place]] else { continue }
        first[position * candidates + place] += probability
      }
    }
    var shown = [Double](repeating: 0, count: width)
    for (position, item) in list.enumerated() {
      guard let place = places[item] else { return nil }
      shown[position * candidates + place] = 1
    }
    guard let solution = solve(second, shown) else { return nil }
    return zip(first, solution).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The solution of least norm of a singular system that has one, by conjugate gradients from 0,
  /// which never leave the range of the matrix.
  private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double]? {
    let n = right.count
    func product(_ vector: [Double]) -> [Double] {
      matrix.withUnsafeBufferPointer { matrix in
        vector.withUnsafeBufferPointer { vector in
          (0..<n).map { row in
            var sum = 0.0
            for column in 0..<n { sum += matrix[row * n + column] * vector[column] }
            return sum
          }
        }
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    var solution = [Double](repeating: 0, count: n)
    var residual = right
    var direction = right
    var square = dot(right, right)
    let enough = square * 1e-22
    // A few times as many steps as dimensions, for what rounding undoes.
    for _ in 0..<20 * n + 20 {
      if square <= enough { return solution }
      let image = product(direction)
      let curvature = dot(direction, image)
      guard curvature > 0 else { return nil }
      let step = square / curvature
      for at in 0..<n {
        solution[at] += step * direction[at]
        residual[at] -= step * image[at]
      }
      let next = dot(residual, residual)
      let factor = next / square
      for at in 0..<n { direction[at] = residual[at] + factor * direction[at] }
      square = next
    }
    return nil
  }
}

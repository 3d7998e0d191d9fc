import DRRCore
import Platform
import Tensor

/// How a list is drawn, position by position without replacement, so that every probability is
/// known: from the best `candidates` items, with chance 1 − ε by the softmax of their scores, else
/// each of those that are left alike.
public struct Exploration: Codable, Hashable, Sendable {
  /// ε, the chance of a uniform draw: 0 ... 1.
  public var epsilon: Double
  /// Of the softmax, in standard deviations of the candidates' scores, so that it means the same
  /// for every model; above 0.
  public var temperature: Double
  /// M, the items that are drawn from: 1 or more.
  public var candidates: Int

  /// Exploration by its parts.
  public init(epsilon: Double = 0.1, temperature: Double = 0.25, candidates: Int = 50) {
    (self.epsilon, self.temperature, self.candidates) = (epsilon, temperature, candidates)
  }

  /// - Throws: where a part is out of its range.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("epsilon", epsilon, "0 ... 1") { (0...1).contains($0) }
    try ConfigurationError.require("temperature", temperature, "above 0") {
      $0 > 0 && $0.isFinite
    }
    try ConfigurationError.require("candidates", candidates, in: 1...10_000)
  }

  /// A place among the candidates, and its probability given the places before.
  public struct Draw: Hashable, Sendable {
    public var place: Int
    public var propensity: Double

    /// A place that is drawn so.
    public init(place: Int, propensity: Double) {
      (self.place, self.propensity) = (place, propensity)
    }
  }

  /// Draws a list.
  ///
  /// - Parameters:
  ///   - scores: of the candidates.
  ///   - count: positions; fewer where there are not so many candidates.
  ///   - random: gives a word pair a position.
  public func draw(_ scores: [Float], count: Int, _ random: inout Philox) -> [Draw] {
    var left = Remaining(scores, self)
    return (0..<min(count, scores.count)).map { _ in
      // 53 bits, in [0, 1).
      let drawn = Double(random.next() >> 11) * 0x1p-53
      let place = left.place(at: drawn)
      defer { left.remove(place) }
      return Draw(place: place, propensity: left.probability(of: place))
    }
  }

  /// The probability of each place of a list given those before it.
  ///
  /// - Parameters:
  ///   - scores: of the candidates.
  ///   - places: of the list's items among the candidates; nil: not one of them.
  public func probabilities(of places: [Int?], _ scores: [Float]) -> [Double] {
    var left = Remaining(scores, self)
    return places.map { place in
      guard let place else { return 0 }
      defer { left.remove(place) }
      return left.probability(of: place)
    }
  }

  /// Gives every list that can be drawn, with its probability.
  ///
  /// - Parameters:
  ///   - count: positions; fewer where there are not so many candidates.
  ///   - scores: of the candidates.
  package func forEachList(
    _ count: Int, _ scores: [Float], _ body: (_ places: [Int], _ probability: Double) -> Void
  ) {
    var places: [Int] = []
    func extend(_ left: Remaining, _ probability: Double) {
      guard places.count < min(count, scores.count) else { return body(places, probability) }
      for place in scores.indices {
        let next = left.probability(of: place)
        guard next > 0 else { continue }
        var rest = left
        rest.remove(place)
        places.append(place)
        extend(rest, probability * next)
        places.removeLast()
      }
    }
    extend(Remaining(scores, self), 1)
  }
}

/// Candidates that no position has yet, with their weights in the softmax.
private struct Remaining {
  private var weights: [Double]
  private var total: Double
  private var count: Int
  private let epsilon: Double

  init(_ scores: [Float], _ exploration: Exploration) {
    epsilon = exploration.epsilon
    count = scores.count
    let n = Double(max(count, 1))
    let mean = scores.reduce(0) { $0 + Double($1) } / n
    let variance = scores.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / n
    let highest = Double(scores.max() ?? 0)
    let scale = variance > 0 ? 1 / (variance.squareRoot() * exploration.temperature) : 0
    weights = scores.map { exp((Double($0) - highest) * scale) }
    total = weights.reduce(0, +)
  }

  func probability(of place: Int) -> Double {
    guard weights[place] >= 0 else { return 0 }
    let softmax = total > 0 ? weights[place] / total : 1 / Double(count)
    return (1 - epsilon) * softmax + epsilon / Double(count)
  }

  /// The place that the cumulated probabilities have at `drawn`, in [0, 1).
  func place(at drawn: Double) -> Int {
    var sum = 0.0
    var last = 0
    for place in weights.indices where weights[place] >= 0 {
      sum += probability(of: place)
      last = place
      if drawn < sum { break }
    }
    return last
  }

  /// Takes a place out; its weight is marked by −1.
  mutating func remove(_ place: Int) {
    guard weights[place] >= 0 else { return }
    weights[place] = -1
    count -= 1
    // Summed anew: what is left after a large weight would carry the rounding of it.
    total = weights.reduce(0) { $0 + max($1, 0) }
  }
}

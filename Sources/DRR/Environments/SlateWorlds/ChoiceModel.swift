import DRRCore
import Platform

/// How a user chooses one document of a slate, or none (RecSim 0.2.4, `choice_model.py`; Ie et al.
/// 2019, section 4.2).
public enum ChoiceModel: Codable, Hashable, Sendable {
  /// P(i) ∝ exp(score_i); none ∝ exp(noClick).
  case multinomialLogit(noClick: Double)
  /// P(i) ∝ score_i − minimum; none ∝ noClick − minimum.
  case proportional(noClick: Double, minimum: Double)
  /// Looks at one after another, each with probability `attention` given that none was chosen
  /// before, and chooses what is looked at with probability scaling · exp(score_i).
  case exponentialCascade(attention: Double, scaling: Double)
  /// The same with probability scaling · (score_i − minimum).
  case proportionalCascade(attention: Double, scaling: Double, minimum: Double)

  /// K + 1 probabilities: of each document by its score, and last of choosing none.
  public func probabilities(_ scores: [Double]) -> [Double] {
    var weights = scores + [0]
    weigh(&weights)
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The chosen place by a draw in [0, 1); nil: none. `scores` has K + 1 places, the last of which is
  /// free; all are overwritten.
  func choose(_ scores: inout [Double], draw: Double) -> Int? {
    weigh(&scores)
    var (sum, total) = (0.0, 0.0)
    for weight in scores { sum += weight }
    for place in scores.indices {
      total += scores[place] / sum
      scores[place] = total
    }
    for place in 0..<scores.count - 1 where draw < scores[place] / total { return place }
    return nil
  }

  /// What one document alone weighs: what RecSim calls its expected utility.
  func utility(_ score: Double) -> Double {
    var weights = [score, 0]
    weigh(&weights)
    return weights[0]
  }

  /// What a document weighs, and what choosing none does: P(i) = weight_i / (Σ weight + none). Nil of
  /// a cascade, where places matter.
  func shares(_ score: Double) -> (weight: Double, none: Double)? {
    switch self {
    case .multinomialLogit(let noClick): (exp(score), exp(noClick))
    case .proportional(let noClick, let minimum): (score - minimum, noClick - minimum)
    case .exponentialCascade, .proportionalCascade: nil
    }
  }

  /// Scores of K documents to weights, and of choosing none in the last place, none below 0.
  private func weigh(_ scores: inout [Double]) {
    let none = scores.count - 1
    switch self {
    case .multinomialLogit(let noClick):
      scores[none] = noClick
      var (most, sum) = (scores[0], 0.0)
      for score in scores { most = max(most, score) }
      for place in 0...none {
        scores[place] = exp(scores[place] - most)
        sum += scores[place]
      }
      for place in 0...none { scores[place] /= sum }
    case .proportional(let noClick, let minimum):
      scores[none] = noClick
      for place in 0...none { scores[place] -= minimum }
    case .exponentialCascade(let attention, let scaling):
      cascade(&scores, attention) { scaling * exp($0) }
    case .proportionalCascade(let attention, let scaling, let minimum):
      cascade(&scores, attention) { scaling * ($0 - minimum) }
    }
  }

  private func cascade(
    _ scores: inout [Double], _ attention: Double, _ probability: (Double) -> Double
  ) {
    let none = scores.count - 1
    var left = 1.0
    for place in 0..<none {
      let chosen = probability(scores[place])
      scores[place] = left * attention * chosen
      left *= 1 - attention * chosen
    }
    scores[none] = left
  }

  /// - Throws: where scores of `range` would have weights that are no probabilities.
  func validate(scores range: ClosedRange<Double>) throws(ConfigurationError) {
    func require(
      _ name: String, _ value: Double, in range: ClosedRange<Double>
    ) throws(ConfigurationError) { try ConfigurationError.require(name, value, in: range) }
    switch self {
    case .multinomialLogit(let noClick):
      try require("logit of no click", noClick, in: -500...500)
    case .proportional(let noClick, let minimum):
      try require("minimum score", minimum, in: -1e6...range.lowerBound)
      try require("score of no click", noClick, in: minimum...1e6)
      try ConfigurationError.require(
        "score of no click", noClick, "above the minimum score, \(minimum)"
      ) { $0 > minimum }
    case .exponentialCascade(let attention, let scaling):
      try require("attention", attention, in: 0...1)
      try require("scale of scores", scaling, in: 0...exp(-range.upperBound))
    case .proportionalCascade(let attention, let scaling, let minimum):
      try require("attention", attention, in: 0...1)
      try require("minimum score", minimum, in: -1e6...range.lowerBound)
      try require("scale of scores", scaling, in: 0...1 / (range.upperBound - minimum))
    }
  }
}

import DRRCore
import DRRData
import Factorization

/// The upper confidence bound of what a user will think of each item, by the regression of `LinUCB`
/// on all that they have rated so far: it predicts liking, not watching.
public struct LinUCBScores: NextItemScorer, Sendable {
  public let name = LinUCB.title
  let alpha: Double
  let regularization: Double
  /// [items, width]: [q_i, b_i, 1] of the factorisation.
  private let features: [Double]
  private let width: Int
  private let itemCount: Int

  /// `alpha`: width of the confidence bound in standard errors; 0 never explores.
  public init(_ model: PMFModel, alpha: Double = 0.25, regularization: Double = 1) {
    self.alpha = alpha
    self.regularization = regularization
    let k = model.dimension
    width = k + 2
    itemCount = model.itemCount
    var features: [Double] = []
    for item in 0..<model.itemCount {
      for factor in model.itemFactors[item * k..<(item + 1) * k] { features.append(Double(factor)) }
      features += [Double(model.itemBiases[item]), 1]
    }
    self.features = features
  }

  /// Queries of one user that follow one another share what was learned from the earlier ones.
  public func scores(_ queries: [NextItemQuery]) -> [[Float]] {
    var starts = queries.indices.filter { at in
      at == 0 || queries[at].user != queries[at - 1].user
        || !queries[at].items.starts(with: queries[at - 1].items)
    }
    starts.append(queries.count)
    let ends = starts
    return concurrentMap(max(ends.count - 1, 0)) { part in
      scores(following: queries[ends[part]..<ends[part + 1]])
    }.flatMap { $0 }
  }

  private func scores(following queries: ArraySlice<NextItemQuery>) -> [[Float]] {
    var regression = RidgeRegression(width: width, regularization: regularization)
    // Of every item the expected reward θᵀx and the variance xᵀA⁻¹x, kept up to date.
    var expected = [Double](repeating: 0, count: itemCount)
    var variances = (0..<itemCount).map { (item: Int) -> Double in
      let x = features[item * width..<(item + 1) * width]
      return x.reduce(0) { $0 + $1 * $1 } / regularization
    }
    var seen = 0
    return queries.map { query in
      for (item, reward) in zip(query.items, query.rewards).dropFirst(seen) {
        let x = Array(features[Int(item) * width..<(Int(item) + 1) * width])
        // Sherman and Morrison: A⁻¹ less (A⁻¹x)(A⁻¹x)ᵀ / (1 + xᵀA⁻¹x).
        let overlaps = products(regression.solve(x))
        let gain = 1 + variances[Int(item)]
        let surprise = (Double(reward) - expected[Int(item)]) / gain
        for other in 0..<itemCount {
          expected[other] += surprise * overlaps[other]
          variances[other] -= overlaps[other] * overlaps[other] / gain
        }
        regression.observe(x, Double(reward))
      }
      seen = query.items.count
      return (0..<itemCount).map {
        Float(expected[$0] + alpha * max(variances[$0], 0).squareRoot())
      }
    }
  }

  /// ⟨x_i, direction⟩ of every item.
  private func products(_ direction: [Double]) -> [Double] {
    features.withUnsafeBufferPointer { x in
      direction.withUnsafeBufferPointer { y in
        (0..<itemCount).map { (item: Int) -> Double in
          let row = item * width
          var sums = SIMD8<Double>()
          let whole = width / 8 * 8
          for at in stride(from: 0, to: whole, by: 8) {
            for lane in 0..<8 { sums[lane] += x[row + at + lane] * y[at + lane] }
          }
          return (whole..<width).reduce(sums.sum()) { $0 + x[row + $1] * y[$1] }
        }
      }
    }
  }
}

import DRRCore
import DRRData
import Factorization
import Tensor

/// The contextual bandit LinUCB (Li et al. 2010, algorithm 1), one ridge regression a user.
///
/// The paper regresses each arm on features of the user; here all arms of a user share one
/// regression on features of the item, x = [q_i, b_i, 1] with vector and bias of the PMF. It starts
/// from the user's profile and learns from the reward of every item before the next.
public struct LinUCB: SessionRanker {
  static let title = "LinUCB"
  public let name = title
  let alpha: Double
  let regularization: Double
  let model: PMFModel
  let log: RatingsLog
  let split: UserSplit
  let scale: RewardScale

  /// `alpha`: width of the confidence bound in standard errors; 0 never explores.
  public init(
    _ model: PMFModel, _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    alpha: Double = 0.25, regularization: Double = 1
  ) {
    self.alpha = alpha
    self.regularization = regularization
    self.model = model
    self.log = log
    self.split = split
    self.scale = scale
  }

  public func picks(_ session: Session, length: Int) -> [Int32] {
    let d = model.dimension + 2
    var regression = RidgeRegression(width: d, regularization: regularization)
    regression.observe(
      split.visibleRows(of: Int(session.user), in: log).map {
        (features(log.items[$0]), Double(scale.reward(log.ratings[$0])))
      })
    // Of every candidate A⁻¹x, the variance xᵀA⁻¹x and the expected reward θᵀx, kept up to date.
    let x = session.candidates.map { features($0) }
    var solved = x.map { regression.solve($0) }
    var variances = zip(x, solved).map { dot($0, $1) }
    var expected = x.map { dot($0, regression.coefficients) }
    var left = Array(x.indices)
    var picks: [Int32] = []
    while picks.count < length, !left.isEmpty {
      let bounds = left.map { expected[$0] + alpha * max(variances[$0], 0).squareRoot() }
      let at = bounds.indices.max { (bounds[$0], -$0) < (bounds[$1], -$1) }!
      let chosen = left.remove(at: at)
      picks.append(session.candidates[chosen])
      // Sherman and Morrison: A⁻¹ less (A⁻¹x)(A⁻¹x)ᵀ / (1 + xᵀA⁻¹x).
      let (gain, direction) = (1 + variances[chosen], solved[chosen])
      let surprise = Double(session.rewards[chosen]) - expected[chosen]
      for other in left {
        let overlap = dot(direction, x[other])
        expected[other] += surprise * overlap / gain
        variances[other] -= overlap * overlap / gain
        for j in 0..<d { solved[other][j] -= direction[j] * overlap / gain }
      }
    }
    return picks
  }

  private func features(_ item: Int32) -> [Double] {
    let (item, k) = (Int(item), model.dimension)
    return model.itemFactors[item * k..<(item + 1) * k].map { Double($0) }
      + [Double(model.itemBiases[item]), 1]
  }
}

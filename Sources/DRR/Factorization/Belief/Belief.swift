import DRRCore
import Tensor

/// What a user has said of items so far, as the posterior of the user's vector in every
/// factorisation of a ``BeliefModel``: the sufficient statistic of a session, liked and disliked
/// items alike.
public struct Belief: Sendable {
  private var accumulators: [GaussianAccumulator]
  private let model: BeliefModel
  private var count = 0
  private var sum: Float = 0

  init(_ model: BeliefModel) {
    self.model = model
    accumulators = model.factorizations.map {
      GaussianAccumulator(priorVariances: $0.userVariances)
    }
  }

  /// Takes in the user's reward of an item, as the fold that they belong to sees it.
  ///
  /// - Parameter weight: how many ratings it counts as.
  public mutating func observe(_ item: Int32, _ reward: Float, fold: Int, weight: Float = 1) {
    for (index, factorization) in model.factorizations.enumerated() {
      accumulators[index].observe(
        reward, model.posteriors(fold, index), Int(item), mean: factorization.mean,
        noisePrecision: weight * factorization.noisePrecision)
    }
    count += 1
    sum += reward
  }

  /// What the actor's action is without any learning: of each factorisation the user's vector, a 1
  /// that meets the item's bias, and the user's bias; then 0 for the items' statistics and
  /// clusters. Length ``BeliefModel/itemWidth``.
  public func action() -> [Float] {
    var action: [Float] = []
    action.reserveCapacity(model.itemWidth)
    for accumulator in accumulators {
      let mean = accumulator.mean()
      action += mean.dropLast()
      action.append(1)
      action.append(mean.last!)
    }
    return action + [Float](repeating: 0, count: BeliefModel.statisticsWidth + ItemClusters.count)
  }

  /// How many items the user rated, as log(1 + n) / 5, and their mean reward.
  public var summary: [Float] { [log1p(Float(count)) / 5, count == 0 ? 0 : sum / Float(count)] }
}

import DRRCore
import DRRData
import Factorization
import Tensor

/// A baseline that knows what an agent knows: the user's ratings and the reward of every item that it
/// has shown. Its predictions are anew before each pick, those of ``ItemKNN``, those of a
/// factorization whose user vector is fitted to the same ratings (fold-in), or a mean of the two.
public struct AdaptiveBlend: Ranker, Sendable {
  /// What tables call the rating kNN that takes in answers.
  public static let adaptiveKNN = "item-kNN adaptive"
  /// What tables call the mean of it and the fold-in.
  public static let blend = "item-kNN + PMF adaptive"

  public let name: String
  let knn: ItemKNN
  let model: PMFModel
  let log: RatingsLog
  let split: UserSplit
  let scale: RewardScale
  /// Of the factorization, 0 ... 1; the kNN has the rest.
  public let weight: Float
  let regularization: Double

  /// - Parameters:
  ///   - weight: of the factorization, 0 ... 1; the kNN has the rest.
  ///   - regularization: λ of the user's vector, in the ridge regression that fits it.
  public init(
    _ name: String, _ knn: ItemKNN, _ model: PMFModel, _ log: RatingsLog, _ split: UserSplit,
    scale: RewardScale, weight: Float, regularization: Double = 2
  ) {
    self.name = name
    self.knn = knn
    self.model = model
    self.log = log
    self.split = split
    self.scale = scale
    self.weight = weight
    self.regularization = regularization
  }

  /// The same with the weight of the best NDCG@10 in other sessions; of equal ones the smallest.
  public func chosen(on sessions: [Session], among weights: [Float] = [0.25, 0.5, 0.75]) -> Self {
    let evaluation = OfflineEvaluation(
      sessions: sessions.filter { $0.candidates.count >= 10 }, cutoffs: [10])
    let ranked = weights.map { weight in
      let ranker = AdaptiveBlend(
        name, knn, model, log, split, scale: scale, weight: weight,
        regularization: regularization)
      return (ranker, evaluation.ndcg(ranker))
    }
    return ranked.max { ($0.1, -$0.0.weight) < ($1.1, -$1.0.weight) }?.0 ?? self
  }

  /// Sessions go in blocks, so that memory does not grow with their number.
  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) -> RankedLists {
    var picks: [[Int32]] = []
    for start in stride(from: 0, to: sessions.count, by: 2_048) {
      let block = Array(sessions[start..<min(start + 2_048, sessions.count)])
      let known = knn.neighbourhoods(block)
      picks += concurrentMap(block.count) { self.picks(block[$0], known[$0], length) }
      progress(picks.count)
    }
    return RankedLists(picks: picks)
  }

  private func picks(
    _ session: Session, _ known: ItemKNN.Neighbourhood, _ length: Int
  ) -> [Int32] {
    let items = session.candidates.map { Int($0) }
    let features = weight > 0 ? items.map { self.features($0) } : []
    var regression = RidgeRegression(
      width: model.dimension + 1, regularization: regularization)
    if weight > 0 {
      for row in split.visibleRows(of: Int(session.user), in: log) {
        learn(Int(log.items[row]), scale.reward(log.ratings[row]), &regression)
      }
    }
    var residuals = known.residuals
    // Where the residual of each stands among the weights: the profile's, then the answers'.
    var places = Array(residuals.indices)
    var left = Array(items.indices)
    var picks: [Int32] = []
    while picks.count < length, !left.isEmpty {
      let bias = ItemKNN.bias(residuals.reduce(0, +), of: residuals.count)
      let scores = left.map { candidate in
        let neighbours = zip(places, residuals).compactMap { place, residual in
          let weight = known.weights[candidate][place]
          return weight > 0 ? (weight: weight, residual: residual - bias) : nil
        }
        let near = weight < 1 ? knn.prediction(of: items[candidate], neighbours) : 0
        let folded =
          weight > 0
          ? model.mean + model.itemBiases[items[candidate]]
            + Float(dot(features[candidate], regression.coefficients)) : 0
        return (1 - weight) * near + weight * folded
      }
      let at = scores.indices.max { (scores[$0], -left[$0]) < (scores[$1], -left[$1]) }!
      let chosen = left.remove(at: at)
      picks.append(session.candidates[chosen])
      residuals.append(session.rewards[chosen] - knn.statistics.means[items[chosen]])
      places.append(known.residuals.count + chosen)
      if weight > 0 { learn(items[chosen], session.rewards[chosen], &regression) }
    }
    return picks
  }

  /// [q ; 1]: what the user's vector and bias are fitted to.
  private func features(_ item: Int) -> [Double] {
    let k = model.dimension
    return model.itemFactors[item * k..<(item + 1) * k].map { Double($0) } + [1]
  }

  private func learn(_ item: Int, _ reward: Float, _ regression: inout RidgeRegression) {
    regression.observe(
      features(item), Double(reward - model.mean - model.itemBiases[item]))
  }
}

extension OfflineEvaluation {
  /// Mean NDCG at the only cutoff; 0 where no session has one.
  fileprivate func ndcg(_ ranker: AdaptiveBlend) -> Double {
    guard !sessions.isEmpty else { return 0 }
    let lists = ranker.rank(sessions, length: length) { _ in }
    return RankerScores(ranker.name, lists, self).mean(.ndcg, at: cutoffs[0]) ?? 0
  }
}

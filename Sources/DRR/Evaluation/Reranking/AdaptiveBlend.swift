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
  ///
  /// - Parameter ranks: who share the sessions.
  public func chosen(
    on sessions: [Session], among weights: [Float] = [0.25, 0.5, 0.75],
    ranks: any Collective = SoleCollective()
  ) throws -> Self {
    let evaluation = OfflineEvaluation(
      sessions: sessions.filter { $0.candidates.count >= 10 }, cutoffs: [10])
    let blends = weights.map {
      AdaptiveBlend(
        name, knn, model, log, split, scale: scale, weight: $0, regularization: regularization)
    }
    let own = Array(evaluation.sessions[ranks.share(of: evaluation.sessions)])
    let lists = try Self.rank(blends, own, length: evaluation.length) { _ in }
      .map { RankedLists(picks: try ranks.gather($0.picks)) }
    let found = try zip(blends, lists).map { ($0, try evaluation.ndcg($0.name, $1, among: ranks)) }
    return found.max { ($0.1, -$0.0.weight) < ($1.1, -$1.0.weight) }?.0 ?? self
  }

  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) -> RankedLists {
    Self.rank([self], sessions, length: length, progress: progress)[0]
  }

  /// Blends of one kNN. Sessions go in blocks, so that memory does not grow with their number.
  private static func rank(
    _ blends: [AdaptiveBlend], _ sessions: [Session], length: Int,
    progress: (_ sessionsDone: Int) -> Void
  ) -> [RankedLists] {
    var lists = blends.map { _ in RankedLists(picks: []) }
    var done = 0
    for block in blends.first?.knn.blocks(of: sessions) ?? [] {
      let known = blends[0].knn.similarities(block, amongCandidates: true)
      for (at, blend) in blends.enumerated() {
        lists[at].picks += concurrentMap(block.count) { session in
          blend.picks(block[session], length) { known.weight(session, $0, $1) }
        }
      }
      done += block.count
      progress(done)
    }
    return lists
  }

  /// - Parameter similarity: of a candidate with an item of the profile, or, behind these, a
  ///   candidate.
  private func picks(
    _ session: Session, _ length: Int, similarity: (_ candidate: Int, _ other: Int) -> Float
  ) -> [Int32] {
    let items = session.candidates.map { Int($0) }
    let features = weight > 0 ? items.map { self.features($0) } : []
    var regression = RidgeRegression(
      width: model.dimension + 1, regularization: regularization)
    if weight > 0 {
      regression.observe(
        split.visibleRows(of: Int(session.user), in: log).map {
          observation(Int(log.items[$0]), scale.reward(log.ratings[$0]))
        })
    }
    var residuals = knn.profileResiduals(ofUser: Int(session.user))
    let rated = residuals.count
    var near = items.indices.map { candidate in
      var near = ItemKNN.Neighbours(limit: knn.neighbours)
      if weight < 1 {
        for (place, residual) in residuals.enumerated() {
          near.insert(similarity(candidate, place), residual)
        }
      }
      return near
    }
    var left = Array(items.indices)
    var picks: [Int32] = []
    while picks.count < length, !left.isEmpty {
      let bias = ItemKNN.bias(residuals.reduce(0, +), of: residuals.count)
      let scores = left.map { candidate in
        let neighbourly =
          weight < 1 ? knn.prediction(of: items[candidate], near[candidate], bias: bias) : 0
        let folded =
          weight > 0
          ? model.mean + model.itemBiases[items[candidate]]
            + Float(dot(features[candidate], regression.coefficients)) : 0
        return (1 - weight) * neighbourly + weight * folded
      }
      let at = scores.indices.max { (scores[$0], -left[$0]) < (scores[$1], -left[$1]) }!
      let chosen = left.remove(at: at)
      picks.append(session.candidates[chosen])
      residuals.append(session.rewards[chosen] - knn.statistics.means[items[chosen]])
      if weight < 1 {
        for other in left {
          near[other].insert(similarity(other, rated + chosen), residuals.last!)
        }
      }
      if weight > 0 {
        let (x, reward) = observation(items[chosen], session.rewards[chosen])
        regression.observe(x, reward)
      }
    }
    return picks
  }

  /// [q ; 1]: what the user's vector and bias are fitted to.
  private func features(_ item: Int) -> [Double] {
    let k = model.dimension
    return model.itemFactors[item * k..<(item + 1) * k].map { Double($0) } + [1]
  }

  private func observation(_ item: Int, _ reward: Float) -> (x: [Double], reward: Double) {
    (features(item), Double(reward - model.mean - model.itemBiases[item]))
  }
}

extension OfflineEvaluation {
  /// Mean NDCG of lists at the only cutoff; 0 where no session has one.
  fileprivate func ndcg(
    _ name: String, _ lists: RankedLists, among ranks: any Collective
  ) throws -> Double {
    guard !sessions.isEmpty else { return 0 }
    return try RankerScores(name, lists, self, among: ranks).mean(.ndcg, at: cutoffs[0]) ?? 0
  }
}

import DRRData
import Factorization
import Tensor

/// What a user would think of each item, whatever was shown before: the mean of the user posteriors
/// (``BeliefModel``), which take in every answer, and of the run's PMF.
package struct Affinity: Sendable {
  package let beliefs: BeliefModel
  package let factorization: PMFModel
  private let anchor: Float
  private let answerWeight: Float
  private let profiles: LoggedRewards

  /// - Parameters:
  ///   - anchor: how much the factorisation counts beside each belief's 1.
  ///   - answerWeight: ratings that an answer counts as.
  ///   - profiles: what is on record of each user.
  package init(
    _ beliefs: BeliefModel, _ factorization: PMFModel, anchor: Float, answerWeight: Float,
    profiles: LoggedRewards
  ) {
    self.beliefs = beliefs
    self.factorization = factorization
    self.anchor = anchor
    self.answerWeight = answerWeight
    self.profiles = profiles
  }

  private var share: Float { 1 / (Float(beliefs.blocks.count) + anchor) }
  private var beliefWidth: Int { beliefs.blocks.reduce(0, +) }
  /// A, the length of an item's vector.
  package var itemWidth: Int { beliefWidth + factorization.dimension + 3 }

  /// [N, A]: of each item [q ; b ; 1] of every belief and of the factorisation, then 1. Nothing of
  /// clusters.
  package func itemVectors() -> [Float] {
    let k = factorization.dimension
    var vectors: [Float] = []
    vectors.reserveCapacity(beliefs.itemCount * itemWidth)
    for item in 0..<beliefs.itemCount {
      vectors += beliefs.itemVector(item, fold: beliefs.everything).prefix(beliefWidth)
      vectors += factorization.itemFactors[item * k..<(item + 1) * k]
      vectors += [factorization.itemBiases[item], 1, 1]
    }
    return vectors
  }

  /// What is known of a user before a session.
  package func belief(of user: Int32) -> Belief {
    var belief = beliefs.belief()
    if 0..<profiles.userCount ~= Int(user) {
      let profile = profiles.row(ofUser: Int(user))
      for (item, reward) in zip(profile.items, profile.rewards) {
        belief.observe(item, reward, fold: beliefs.everything)
      }
    }
    return belief
  }

  /// Takes in an answer of a session.
  package func observe(_ item: Int32, _ answer: Float, by belief: inout Belief) {
    belief.observe(item, answer, fold: beliefs.everything, weight: answerWeight)
  }

  /// [A]: its product with an item's vector is the affinity, in units of the reward.
  package func vector(_ belief: Belief, user: Int32) -> [Float] {
    var vector = belief.action().prefix(beliefWidth).map { share * $0 }
    var mean = beliefs.factorizations.reduce(0) { $0 + $1.mean } * share
    if 0..<factorization.userCount ~= Int(user) {
      let k = factorization.dimension
      let weight = anchor * share
      vector += factorization.userFactors[Int(user) * k..<(Int(user) + 1) * k].map { weight * $0 }
      vector += [weight, weight * factorization.userBiases[Int(user)]]
      mean += weight * factorization.mean
    } else {
      // A user of whom the factorisation knows nothing has the items' biases there.
      vector += [Float](repeating: 0, count: factorization.dimension)
      vector += [anchor * share, 0]
      mean += anchor * share * factorization.mean
    }
    vector.append(mean)
    return vector
  }
}

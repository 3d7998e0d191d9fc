import Environments
import Factorization

/// What the residual agent's networks see of a user and of the items, made on the host out of
/// values alone: training and serving share it.
package struct ResidualState: Sendable {
  package let model: BeliefModel
  /// The run's factorisation.
  package let factorization: PMFModel

  package init(_ model: BeliefModel, _ factorization: PMFModel) {
    self.model = model
    self.factorization = factorization
  }

  /// Width of the part that the factorisation has in an item's vector: [q ; b ; 1].
  package var anchorWidth: Int { factorization.dimension + 2 }
  /// A, the length of an item's vector.
  package var itemWidth: Int { model.itemWidth + anchorWidth }
  /// S: the belief's action, the vector of the item shown last, and the context.
  package var width: Int { 2 * itemWidth + ResidualAgent.contextWidth }

  /// [N, A] as those see them whose ratings no item's vector has learned from: of each item what
  /// the beliefs have (``BeliefModel``), then [q ; b ; 1] of the factorisation.
  package func itemVectors() -> [Float] {
    let k = factorization.dimension
    var vectors: [Float] = []
    vectors.reserveCapacity(model.itemCount * itemWidth)
    for item in 0..<model.itemCount {
      vectors += model.itemVector(item, fold: model.everything)
      vectors += factorization.itemFactors[item * k..<(item + 1) * k]
      vectors += [factorization.itemBiases[item], 1]
    }
    return vectors
  }

  /// [p ; 1 ; b] of a vector of the factorisation's length, or of a shorter one, which zeros fill
  /// up.
  package func anchor(_ vector: some Collection<Float>, bias: Float) -> [Float] {
    vector + [Float](repeating: 0, count: factorization.dimension - vector.count) + [1, bias]
  }

  /// [p ; 1 ; b] of a user in the factorisation.
  func anchor(ofUser user: Int32) -> [Float] {
    guard 0..<factorization.userCount ~= Int(user) else { return anchor([], bias: 0) }
    let k = factorization.dimension
    return anchor(
      factorization.userFactors[Int(user) * k..<(Int(user) + 1) * k],
      bias: factorization.userBiases[Int(user)])
  }

  /// The state's vector, [S]: the belief state after `feedback`, which `belief` has taken in.
  ///
  /// - Parameter anchor: the user in the factorisation; nil for a training user, of whom it knows
  ///   how the session goes on.
  package func vector(
    _ belief: Belief, _ feedback: [SessionState.Feedback], fold: Int, anchor: [Float]?
  ) -> [Float] {
    vector(
      action: belief.action(), summary: belief.summary, feedback, fold: fold, anchor: anchor)
  }

  /// The same of a belief's action and summary.
  package func vector(
    action: [Float], summary: [Float], _ feedback: [SessionState.Feedback], fold: Int,
    anchor: [Float]?
  ) -> [Float] {
    let none = [Float](repeating: 0, count: anchorWidth)
    var vector = action + (anchor ?? none)
    if let last = feedback.last {
      vector += model.itemVector(Int(last.item), fold: fold) + none
    } else {
      vector += [Float](repeating: 0, count: itemWidth)
    }
    let liked = feedback.reversed().prefix { $0.reward > 0 }.count
    let disliked = feedback.reversed().prefix { $0.reward <= 0 }.count
    vector += summary
    // Of those liked in a row, the latest that each were of another kind than the one before.
    var varied = 0
    var kind: Int32?
    for seen in feedback.reversed().prefix(liked) {
      if kind == model.kinds[Int(seen.item)] { break }
      kind = model.kinds[Int(seen.item)]
      varied += 1
    }
    vector.append(Float(min(varied, 5)) / 5)
    vector.append(Float(min(liked, 5)) / 5)
    vector.append(Float(min(disliked, 5)) / 5)
    vector.append(feedback.last?.earned ?? 0)
    vector.append(min(Float(feedback.count) / 20, 1))
    return vector
  }
}

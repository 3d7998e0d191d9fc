import DRRCore
import DRRData
import Tensor

/// What a GRU learns beside the cross-entropy, from the same states; the items are ranked by the
/// scores of the cross-entropy alone.
///
/// SQN and SAC (Xin et al. 2020) take the log for transitions: the state h_t before an item, the item
/// a_t as the action, and its reward r_t, 1 where the user liked it and 0.2 elsewhere. Q(h, a) = ⟨u_a,
/// h⟩ + c_a has two copies, of which a coin lets one learn from the other (van Hasselt 2010):
///
///     y_t = r_t + γ Q′(h_{t+1}, argmax_a Q(h_{t+1}, a)),   y_t = r_t at the end of a log
///     L = mean(−log p(a_t | h_t) + w (y_t − Q(h_t, a_t))²)                          SQN
///     L = mean(−Q(h_t, a_t) log p(a_t | h_t) + w (y_t − Q(h_t, a_t))²)              SAC
///
/// No gradient flows through y, nor through the factor Q of SAC, which in its first epochs is SQN.
/// Their two copies are of the whole network, these of the last layer alone.
///
/// Two controls tell whether a gain is one of looking ahead: rewards in another order, and a head
/// that knows no rewards and predicts how many items the user has had (Labarca Silva et al. 2024).
public struct GRUHead: Codable, Hashable, Sendable {
  /// What is learned.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// SQN.
    case values = "q"
    /// SAC.
    case actorCritic = "sac"
    /// The number of items so far, as a share of the window.
    case count
  }

  /// What is learned.
  public var kind: Kind
  /// γ.
  public var discount: Float = 0.5
  /// w.
  public var weight: Float = 1
  /// Whether rewards are dealt out anew among all ratings.
  public var shufflesRewards = false
  /// Epochs of SAC without the factor.
  public var delay = 2

  /// The default settings of a kind.
  public init(_ kind: Kind) { self.kind = kind }

  var isOfValues: Bool { kind != .count }

  func validate() throws(ConfigurationError) {
    try ConfigurationError.require("discount", discount, "0 or more and below 1") { 0..<1 ~= $0 }
    try ConfigurationError.require("head weight", weight, .positive)
    try ConfigurationError.require("actor delay", delay, in: 0...1_000_000)
  }

  /// What tables call a network with it.
  var title: String {
    switch kind {
    case .values: "SQN"
    case .actorCritic: "SAC"
    case .count: "GRU with a count head"
    }
  }

  /// Of each row of a log; only what may be learned from is dealt out.
  package func rewards(
    _ log: RatingsLog, _ split: UserSplit, scale: RewardScale, seed: UInt64
  ) -> [Float] {
    var rewards = log.ratings.map { scale.reward($0) > 0 ? 1 : 0.2 as Float }
    guard shufflesRewards else { return rewards }
    let rows = split.visibleRows(in: log)
    var random = Philox(seed: seed, stream: Streams.sequenceRewards)
    let dealt = rows.map { rewards[Int($0)] }.shuffled(using: &random)
    for (row, reward) in zip(rows, dealt) { rewards[Int(row)] = reward }
    return rewards
  }
}

/// Transitions of a batch.
package struct Transitions {
  /// [Q], the states after the items, as rows of all states.
  package var next: IndexTensor
  /// [Q, 2]: the reward, and 1 where the log goes on, else 0.
  package var outcomes: Tensor
  /// [Q], the share of the window that is filled.
  package var counts: Tensor
  /// Whether the first copy of Q learns.
  package var coin: Bool

  package init(next: IndexTensor, outcomes: Tensor, counts: Tensor, coin: Bool) {
    (self.next, self.outcomes, self.counts, self.coin) = (next, outcomes, counts, coin)
  }
}

extension GRURanker {
  /// The head's loss, and Q(h_t, a_t) [Q] as a constant, nil of a head without values.
  ///
  /// - Parameters:
  ///   - h: [Q, units], the states before the items.
  ///   - states: all states.
  ///   - actions: [Q]
  package func headLoss(
    _ head: GRUHead, _ h: Tensor, _ states: Tensor, _ actions: IndexTensor,
    _ transitions: Transitions, _ tape: Tape?
  ) -> (loss: Tensor, values: Tensor?) {
    if head.kind == .count {
      let found = heads[0](h, tape)
      return (found.reshaped([h.shape[0]]).squaredError(transitions.counts), nil)
    }
    let (own, other) = transitions.coin ? (heads[0], heads[1]) : (heads[1], heads[0])
    let values = own(h, tape).picked(actions)
    let next = states.detachedRows(at: transitions.next)
    let best = own(next).topKRows(1).column(0)
    let target = temporalDifferenceTarget(
      transitions.outcomes, nextValue: other(next).picked(best), discount: head.discount)
    return (values.squaredError(target), values.detached)
  }
}

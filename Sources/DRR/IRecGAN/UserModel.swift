import DRRCore
import Platform
import Tensor

/// U, the user as a model: what they click of a list, whether they leave, and what a click earns
/// (Bai, Guan & Wang 2019).
///
/// An item's click logit is the product of its vector with W_c s + b_c, its reward's that with
/// W_r s + b_r; leaving is one more item.
public final class UserModel {
  let configuration: IRecGANConfiguration
  public let weights: ParameterSet
  package let encoder: SequenceEncoder
  let click: Dense
  let reward: Dense

  package init(
    _ configuration: IRecGANConfiguration, itemCount: Int, seed: UInt64, on backend: any Backend
  ) {
    self.configuration = configuration
    weights = ParameterSet(on: backend, seed: seed, stream: Streams.userModel)
    let (size, units) = (configuration.user.embedding, configuration.user.units)
    encoder = SequenceEncoder(configuration.user, "user", itemCount: itemCount, in: weights)
    click = Dense("user.click", units, size, in: weights)
    reward = Dense("user.reward", units, size, in: weights)
  }

  /// What a state [P, H] looks for: its product with an item's vector is that item's click logit.
  func preference(_ states: Tensor, _ tape: Tape? = nil) -> Tensor {
    let preference = click(states, tape)
    let temperature = configuration.clickTemperature
    return temperature == 1 ? preference : preference.affine(scale: 1 / temperature)
  }

  /// Click logits of the slates [P, L] at the states [P, H]; −∞ of a negative item.
  package func clickLogits(
    _ states: Tensor, _ slates: IndexTensor, _ tape: Tape? = nil
  ) -> Tensor {
    encoder.embedding.scores(of: preference(states, tape), slates, absent: -.infinity, tape)
  }

  /// Logits that clicks [P] at the states [P, H] are rewarded.
  package func rewardLogits(_ states: Tensor, _ clicks: IndexTensor, _ tape: Tape? = nil) -> Tensor
  {
    encoder.embedding(clicks, tape).rowDot(reward(states, tape))
  }

  /// P(leave): the mean probability that users leave beside what the batches' users were shown.
  /// Waits for the device.
  ///
  /// - Parameter ranks: who share the batches, of which these are this rank's; each has the mean over
  ///   all.
  /// - Returns: nil where there is no batch.
  package func leaving(
    _ batches: [SessionBatch], among ranks: any Collective = SoleCollective()
  ) throws -> Double? {
    let sums = try batches.map { batch in
      let states = encoder(batch.clicks, lengths: batch.lengths).states
      let (shown, width) = (batch.slates.shape[0], batch.slates.shape[1])
      let leaving = IndexTensor(
        repeating: Int32(width - 1), shape: [shown], on: weights.backend)
      let sum = try clickLogits(states.rows(at: batch.positions), batch.slates)
        .logProbabilities(of: leaving).host().reduce(0) { $0 + exp(Double($1)) }
      return SIMD2(sum, Double(shown))
    }
    let all = try ranks.allGather(sums).joined().reduce(SIMD2.zero, +)
    return all.y > 0 ? all.x / all.y : nil
  }

  /// The mean negative log-likelihood of what was clicked, or of leaving, plus λ_p times that of
  /// the clicks' rewards, each weighed as the batch says.
  ///
  /// - Parameter rows: of some sessions only; what they add to the loss of the batch.
  package func loss(
    _ whole: SessionBatch, rows: Range<Int>? = nil, dropping key: RandomKey? = nil,
    _ tape: Tape? = nil
  ) -> Tensor {
    let (batch, part) = whole.part(rows)
    let states = encoder(
      batch.clicks, lengths: batch.lengths, dropping: key, of: part, tape
    ).states
    let clickLoss = clickLogits(states.rows(at: batch.positions), batch.slates, tape)
      .softmaxCrossEntropy(batch.choices, weights: batch.userWeights)
    func share(_ count: Int, of all: Int) -> Float { Float(count) / Float(max(all, 1)) }
    let clickShare = share(batch.positionCount, of: whole.work.positions.reduce(0, +))
    let ofClicks = clickShare < 1 ? clickLoss.affine(scale: clickShare) : clickLoss
    guard configuration.userRewardWeight > 0, batch.clickCount > 0 else { return ofClicks }
    let rewardLoss = rewardLogits(states.rows(at: batch.clickPositions), batch.items, tape)
      .binaryCrossEntropy(batch.rewards, weights: batch.rewardWeights)
    let rewardShare = share(batch.clickCount, of: whole.work.clicks.reduce(0, +))
    return ofClicks + rewardLoss.affine(scale: configuration.userRewardWeight * rewardShare)
  }
}

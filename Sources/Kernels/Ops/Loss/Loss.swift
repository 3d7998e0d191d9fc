/// A loss between one prediction p and one target y.
public enum PointLoss: Hashable, Sendable {
  /// (p − y)².
  case squared
  /// ½(p − y)² within ±delta, delta·(|p − y| − ½·delta) outside. Huber 1964.
  case huber(delta: Float)
  /// Binary cross-entropy of the logit p and the label y in [0, 1], in nats:
  /// max(p, 0) − p·y + log(1 + exp(−|p|)).
  case binaryCrossEntropy
}

/// Losses with their gradients.
public protocol LossKernels: AnyObject {
  /// loss[1] = (1/n) Σ weights_i · ℓ(prediction_i, target_i); weights are 1 when nil. `slope`,
  /// where wanted, gets ∂loss/∂prediction[n].
  func pointLoss(
    _ kind: PointLoss, _ prediction: Floats, _ target: Floats, weights: Floats?, n: Int,
    into loss: Floats, slope: Floats?)
  /// dPrediction_i = dLoss[0] · weights_i · ℓ′ / n, overwritten.
  func pointLossBackward(
    _ kind: PointLoss, _ dLoss: Floats, _ prediction: Floats, _ target: Floats, weights: Floats?,
    n: Int, into dPrediction: Floats)

  /// loss[1] = −(1/b) Σ weights_b · log softmax(logits_b)[target_b], in nats; weights are 1 when
  /// nil. −∞ marks an item that cannot be chosen, each row has a finite logit. A row of weight 0 is
  /// left out, whatever its logits and target. Keeps logNormalizer[b] = log Σ exp, 0 of a row left
  /// out, for the way back.
  func softmaxCrossEntropy(
    _ logits: Floats, _ target: Indices, weights: Floats?, b: Int, n: Int, into loss: Floats,
    logNormalizer: Floats)
  /// dLogits_bj = dLoss[0] · weights_b · (softmax(logits_b)_j − 1[j = target_b]) / b, overwritten.
  func softmaxCrossEntropyBackward(
    _ dLoss: Floats, _ logits: Floats, _ target: Indices, weights: Floats?, logNormalizer: Floats,
    b: Int, n: Int, into dLogits: Floats)

  /// y[b] = reward + discount · continuation · nextValue, outcome[b, 2] = [reward, continuation].
  /// With a second critic's value (`twin`), the smaller of the two values counts; NaN where one is
  /// NaN.
  func temporalDifferenceTarget(
    _ outcome: Floats, _ nextValue: Floats, twin: Floats?, discount: Float, b: Int,
    into target: Floats)
}

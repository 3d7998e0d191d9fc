extension PointLoss {
  /// The number of the kind in loss.cl, and its parameter.
  fileprivate var code: (kind: Int32, delta: Float) {
    switch self {
    case .squared: (0, 0)
    case .huber(let delta): (1, delta)
    case .binaryCrossEntropy: (2, 0)
    }
  }
}

extension OpenCLBackend {
  public func pointLoss(
    _ kind: PointLoss, _ prediction: Floats, _ target: Floats, weights: Floats?, n: Int,
    into loss: Floats, slope: Floats?
  ) {
    if let slope { expect("pointLoss", "slope", slope, n) }
    expect("pointLoss", "prediction", prediction, n)
    expect("pointLoss", "target", target, n)
    if let weights { expect("pointLoss", "weights", weights, n) }
    expect("pointLoss", "loss", loss, 1)
    launch(
      .pointLoss, groups: 1, argument(loss), argument(slope, or: loss), argument(prediction),
      argument(target), argument(weights, or: target), .count(n), .int(kind.code.kind),
      .float(kind.code.delta))
  }

  public func pointLossBackward(
    _ kind: PointLoss, _ dLoss: Floats, _ prediction: Floats, _ target: Floats, weights: Floats?,
    n: Int, into dPrediction: Floats
  ) {
    expect("pointLossBackward", "dLoss", dLoss, 1)
    expect("pointLossBackward", "prediction", prediction, n)
    expect("pointLossBackward", "target", target, n)
    if let weights { expect("pointLossBackward", "weights", weights, n) }
    expect("pointLossBackward", "dPrediction", dPrediction, n)
    launch(
      .pointLossBackward, elements: n, argument(dPrediction), argument(dLoss),
      argument(prediction), argument(target), argument(weights, or: target), .count(n),
      .int(kind.code.kind), .float(kind.code.delta))
  }

  public func softmaxCrossEntropy(
    _ logits: Floats, _ target: Indices, weights: Floats?, b: Int, n: Int, into loss: Floats,
    logNormalizer: Floats
  ) {
    if let weights { expect("softmaxCrossEntropy", "weights", weights, b) }
    expect("softmaxCrossEntropy", "logits", logits, b, n)
    expect("softmaxCrossEntropy", "target", target, b)
    expect("softmaxCrossEntropy", "logNormalizer", logNormalizer, b)
    expect("softmaxCrossEntropy", "loss", loss, 1)
    launch(
      .softmaxNormalizer, groups: b, argument(logNormalizer), argument(logits),
      argument(weights, or: target), .count(b), .count(n))
    launch(
      .softmaxLoss, groups: 1, argument(loss), argument(logNormalizer), argument(logits),
      argument(target), argument(weights, or: target), .count(b), .count(n))
  }

  public func softmaxCrossEntropyBackward(
    _ dLoss: Floats, _ logits: Floats, _ target: Indices, weights: Floats?, logNormalizer: Floats,
    b: Int, n: Int, into dLogits: Floats
  ) {
    if let weights { expect("softmaxCrossEntropyBackward", "weights", weights, b) }
    expect("softmaxCrossEntropyBackward", "dLoss", dLoss, 1)
    expect("softmaxCrossEntropyBackward", "logits", logits, b, n)
    expect("softmaxCrossEntropyBackward", "target", target, b)
    expect("softmaxCrossEntropyBackward", "logNormalizer", logNormalizer, b)
    expect("softmaxCrossEntropyBackward", "dLogits", dLogits, b, n)
    launch(
      .softmaxBackward, elements: n, rows: b, argument(dLogits), argument(dLoss),
      argument(logNormalizer), argument(logits), argument(target), argument(weights, or: target),
      .count(b), .count(n))
  }

  public func temporalDifferenceTarget(
    _ outcome: Floats, _ nextValue: Floats, twin: Floats?, discount: Float, b: Int,
    into target: Floats
  ) {
    expect("temporalDifferenceTarget", "outcome", outcome, b, 2)
    expect("temporalDifferenceTarget", "nextValue", nextValue, b)
    if let twin { expect("temporalDifferenceTarget", "twin", twin, b) }
    expect("temporalDifferenceTarget", "target", target, b)
    launch(
      .temporalDifferenceTarget, elements: b, argument(target), argument(outcome),
      argument(nextValue), argument(twin, or: nextValue), .count(b), .float(discount))
  }
}

extension Tensor {
  private func pointLoss(_ kind: PointLoss, _ target: Tensor, _ weights: Tensor?) -> Tensor {
    let n = shape.count
    require(
      target.shape.count == n && (weights?.shape.count ?? n) == n,
      "\(kind): \(n) predictions, \(target.shape.count) targets, \(weights?.shape.count ?? n) weights"
    )
    let prediction = self
    let loss = Tensor(uninitialized: [1], on: backend)
    let tape = Tensor.tape(prediction)
    let slope = tape.map { _ in Floats(backend.allocate(n), count: n) }
    backend.pointLoss(
      kind, view, target.view, weights: weights?.view, n: n, into: loss.view, slope: slope)
    return tape?.record(loss) { [unowned tape] dLoss in
      if let slope, let tape, tape.isSeed(dLoss) { return Tape.add(slope, to: prediction) }
      Tape.contribute(to: prediction) {
        prediction.backend.pointLossBackward(
          kind, dLoss, prediction.view, target.view, weights: weights?.view, n: n, into: $0)
      }
    } ?? loss
  }

  /// Mean of weight · (self − target)². `target` and `weights` are constants.
  public func squaredError(_ target: Tensor, weights: Tensor? = nil) -> Tensor {
    pointLoss(.squared, target, weights)
  }

  /// Mean Huber loss: quadratic within ±delta, linear outside. Huber 1964.
  public func huber(_ target: Tensor, delta: Float = 1, weights: Tensor? = nil) -> Tensor {
    pointLoss(.huber(delta: delta), target, weights)
  }

  /// Mean binary cross-entropy of logits, in nats; labels in [0, 1].
  public func binaryCrossEntropy(_ labels: Tensor, weights: Tensor? = nil) -> Tensor {
    pointLoss(.binaryCrossEntropy, labels, weights)
  }

  /// Mean of −weight · log softmax(self)[target] over the rows of [B, N] logits, in nats. −∞ marks
  /// an item that cannot be chosen; every row has a finite logit. `target` and `weights`, [B] and
  /// of any sign, are constants; a row of weight 0 is left out, whatever stands in it.
  public func softmaxCrossEntropy(_ target: IndexTensor, weights: Tensor? = nil) -> Tensor {
    require(
      shape.rank == 2 && target.shape.count == shape[0]
        && (weights?.shape.count ?? shape[0]) == shape[0],
      "softmaxCrossEntropy: logits are \(shape), targets \(target.shape)"
        + (weights.map { ", weights \($0.shape)" } ?? ""))
    let logits = self
    let (b, n) = (shape[0], shape[1])
    let loss = Tensor(uninitialized: [1], on: backend)
    let normalizer = Tensor(uninitialized: [b], on: backend)
    backend.softmaxCrossEntropy(
      view, target.view, weights: weights?.view, b: b, n: n, into: loss.view,
      logNormalizer: normalizer.view)
    return Tensor.tape(logits)?.record(loss) { dLoss in
      Tape.contribute(to: logits) {
        logits.backend.softmaxCrossEntropyBackward(
          dLoss, logits.view, target.view, weights: weights?.view, logNormalizer: normalizer.view,
          b: b, n: n, into: $0)
      }
    } ?? loss
  }

  /// log softmax(self)[target] of each row of [B, N] logits, [B], in nats; no gradient flows. −∞
  /// marks what cannot be chosen; every row has a finite logit.
  public func logProbabilities(of target: IndexTensor) -> Tensor {
    require(
      shape.rank == 2 && target.shape.count == shape[0],
      "logProbabilities: logits are \(shape), targets \(target.shape)")
    let (b, n) = (shape[0], shape[1])
    let loss = Tensor(uninitialized: [1], on: backend)
    let normalizer = Tensor(uninitialized: [b], on: backend)
    backend.softmaxCrossEntropy(
      view, target.view, weights: nil, b: b, n: n, into: loss.view,
      logNormalizer: normalizer.view)
    return detached.picked(target) - normalizer
  }
}

/// y = reward + discount · continuation · nextValue, a constant. outcomes: [B, 2]. Of the two
/// critics' values the smaller one counts.
public func temporalDifferenceTarget(
  _ outcomes: Tensor, nextValue: Tensor, twin: Tensor? = nil, discount: Float
) -> Tensor {
  let b = outcomes.shape[0]
  require(
    outcomes.shape == [b, 2] && nextValue.shape.count == b && twin?.shape.count ?? b == b,
    "temporalDifferenceTarget: outcomes \(outcomes.shape), values \(nextValue.shape)")
  let y = Tensor(uninitialized: [b], on: outcomes.backend)
  outcomes.backend.temporalDifferenceTarget(
    outcomes.view, nextValue.view, twin: twin?.view, discount: discount, b: b, into: y.view)
  return y
}

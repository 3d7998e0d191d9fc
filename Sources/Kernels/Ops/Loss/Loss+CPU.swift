internal import CLoops

extension CPUBackend {
  public func pointLoss(
    _ kind: PointLoss, _ prediction: Floats, _ target: Floats, weights: Floats?, n: Int,
    into loss: Floats, slope: Floats?
  ) {
    guard begin() else { return }
    require(n > 0, "pointLoss: no element")
    let p = pointer(prediction, n, "pointLoss", "prediction")
    let y = pointer(target, n, "pointLoss", "target")
    let w = weights.map { pointer($0, n, "pointLoss", "weights") }
    let loss = pointer(loss, 1, "pointLoss", "loss")
    var total = 0.0
    func add(_ i: Int, _ value: Float) { total += Double(w.map { $0[i] * value } ?? value) }
    switch kind {
    case .squared:
      for i in 0..<n { add(i, (p[i] - y[i]) * (p[i] - y[i])) }
    case .huber(let delta):
      for i in 0..<n {
        let error = abs(p[i] - y[i])
        add(i, error <= delta ? 0.5 * error * error : delta * (error - 0.5 * delta))
      }
    case .binaryCrossEntropy:
      withScratch(n) { tail in
        host_softplus_tail(p, tail, Int64(n))
        for i in 0..<n { add(i, (max(p[i], 0) - p[i] * y[i]) + tail[i]) }
      }
    }
    loss[0] = Float(total / Double(n))
    guard let slope else { return }
    setSlopes(kind, 1 / Float(n), p, y, w, n, pointer(slope, n, "pointLoss", "slope"))
  }

  public func pointLossBackward(
    _ kind: PointLoss, _ dLoss: Floats, _ prediction: Floats, _ target: Floats, weights: Floats?,
    n: Int, into dPrediction: Floats
  ) {
    guard begin() else { return }
    require(n > 0, "pointLossBackward: no element")
    let scale = pointer(dLoss, 1, "pointLossBackward", "dLoss")[0] / Float(n)
    let p = pointer(prediction, n, "pointLossBackward", "prediction")
    let y = pointer(target, n, "pointLossBackward", "target")
    let w = weights.map { pointer($0, n, "pointLossBackward", "weights") }
    let dp = pointer(dPrediction, n, "pointLossBackward", "dPrediction")
    setSlopes(kind, scale, p, y, w, n, dp)
  }

  /// dp_i = scale · weights_i · ℓ′(p_i, y_i).
  private func setSlopes(
    _ kind: PointLoss, _ scale: Float, _ p: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
    _ w: UnsafeMutablePointer<Float>?, _ n: Int, _ dp: UnsafeMutablePointer<Float>
  ) {
    func set(_ i: Int, _ slope: Float) { dp[i] = (w.map { scale * $0[i] } ?? scale) * slope }
    switch kind {
    case .squared: for i in 0..<n { set(i, 2 * (p[i] - y[i])) }
    case .huber(let delta):
      for i in 0..<n {
        let error = p[i] - y[i]
        set(i, error > delta ? delta : (error < -delta ? -delta : error))
      }
    case .binaryCrossEntropy:
      withScratch(n) { probability in
        host_sigmoid(p, probability, Int64(n))
        for i in 0..<n { set(i, probability[i] - y[i]) }
      }
    }
  }

  public func softmaxCrossEntropy(
    _ logits: Floats, _ target: Indices, weights: Floats?, b: Int, n: Int, into loss: Floats,
    logNormalizer: Floats
  ) {
    guard begin() else { return }
    var entropy = crossEntropy("softmaxCrossEntropy", logits, target, weights, b, n)
    let loss = pointer(loss, 1, "softmaxCrossEntropy", "loss")
    let normalizer = pointer(logNormalizer, b, "softmaxCrossEntropy", "logNormalizer")
    loss[0] = host_cross_entropy(blas, &entropy, normalizer)
  }

  public func softmaxCrossEntropyBackward(
    _ dLoss: Floats, _ logits: Floats, _ target: Indices, weights: Floats?, logNormalizer: Floats,
    b: Int, n: Int, into dLogits: Floats
  ) {
    guard begin() else { return }
    var entropy = crossEntropy("softmaxCrossEntropyBackward", logits, target, weights, b, n)
    let scale = pointer(dLoss, 1, "softmaxCrossEntropyBackward", "dLoss")[0] / Float(b)
    let normalizer = pointer(logNormalizer, b, "softmaxCrossEntropyBackward", "logNormalizer")
    let dLogits = pointer(dLogits, b * n, "softmaxCrossEntropyBackward", "dLogits")
    host_cross_entropy_backward(blas, &entropy, normalizer, scale, dLogits)
  }

  /// The rows, each that counts with a target among its logits.
  private func crossEntropy(
    _ op: StaticString, _ logits: Floats, _ target: Indices, _ weights: Floats?, _ b: Int, _ n: Int
  ) -> cross_entropy {
    require(b > 0 && n > 0, "\(op): \(b) rows of \(n) logits")
    let logits = pointer(logits, b * n, op, "logits")
    let target = pointer(target, b, op, "target")
    let weights = weights.map { pointer($0, b, op, "weights") }
    for i in 0..<b where weights?[i] != 0 {
      require(0..<n ~= Int(target[i]), "\(op): target \(target[i]) of \(n) logits")
    }
    return cross_entropy(logits: logits, weights: weights, target: target, b: Int64(b), n: Int64(n))
  }

  public func temporalDifferenceTarget(
    _ outcome: Floats, _ nextValue: Floats, twin: Floats?, discount: Float, b: Int,
    into target: Floats
  ) {
    guard begin() else { return }
    let outcome = pointer(outcome, 2 * b, "temporalDifferenceTarget", "outcome")
    let next = pointer(nextValue, b, "temporalDifferenceTarget", "nextValue")
    let twin = twin.map { pointer($0, b, "temporalDifferenceTarget", "twin") } ?? next
    let target = pointer(target, b, "temporalDifferenceTarget", "target")
    for i in 0..<b {
      let value = twin[i] < next[i] || twin[i].isNaN ? twin[i] : next[i]
      target[i] = outcome[2 * i] + discount * outcome[2 * i + 1] * value
    }
  }
}

internal import COpenBLAS

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
    _ logits: Floats, _ target: Indices, b: Int, n: Int, into loss: Floats, logNormalizer: Floats
  ) {
    guard begin() else { return }
    require(b > 0 && n > 0, "softmaxCrossEntropy: \(b) rows of \(n) logits")
    let x = pointer(logits, b * n, "softmaxCrossEntropy", "logits")
    let target = pointer(target, b, "softmaxCrossEntropy", "target")
    let loss = pointer(loss, 1, "softmaxCrossEntropy", "loss")
    let normalizer = pointer(logNormalizer, b, "softmaxCrossEntropy", "logNormalizer")
    var total = 0.0
    for i in 0..<b {
      let chosen = Int(target[i])
      require(0..<n ~= chosen, "softmaxCrossEntropy: target \(chosen) of \(n) logits")
      normalizer[i] = host_log_sum_exp(x + i * n, Int64(n))
      total += Double(normalizer[i]) - Double(x[i * n + chosen])
    }
    loss[0] = Float(total / Double(b))
  }

  public func softmaxCrossEntropyBackward(
    _ dLoss: Floats, _ logits: Floats, _ target: Indices, logNormalizer: Floats, b: Int, n: Int,
    into dLogits: Floats
  ) {
    guard begin() else { return }
    require(b > 0 && n > 0, "softmaxCrossEntropyBackward: \(b) rows of \(n) logits")
    let scale = pointer(dLoss, 1, "softmaxCrossEntropyBackward", "dLoss")[0] / Float(b)
    let x = pointer(logits, b * n, "softmaxCrossEntropyBackward", "logits")
    let target = pointer(target, b, "softmaxCrossEntropyBackward", "target")
    let normalizer = pointer(logNormalizer, b, "softmaxCrossEntropyBackward", "logNormalizer")
    let dx = pointer(dLogits, b * n, "softmaxCrossEntropyBackward", "dLogits")
    for i in 0..<b {
      let chosen = Int(target[i])
      require(0..<n ~= chosen, "softmaxCrossEntropyBackward: target \(chosen) of \(n) logits")
      host_exp_shifted(x + i * n, normalizer[i], scale, dx + i * n, Int64(n))
      dx[i * n + chosen] -= scale
    }
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

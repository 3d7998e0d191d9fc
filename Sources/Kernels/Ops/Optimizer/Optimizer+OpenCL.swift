extension OpenCLBackend {
  public func adam(
    _ p: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ step: AdamStep, squaredNorm: Floats?,
    target: Floats?
  ) {
    require(step.step >= 1, "adam: step \(step.step), counted from 1")
    expect("adam", "g", g, p.count)
    expect("adam", "m", m, p.count)
    expect("adam", "v", v, p.count)
    if let squaredNorm { expect("adam", "squaredNorm", squaredNorm, 1) }
    if let target { expect("adam", "target", target, p.count) }
    launch(
      .adam, elements: p.count, argument(p), argument(g), argument(m), argument(v),
      argument(target, or: p), argument(squaredNorm, or: p), .count(p.count),
      .float(step.learningRate), .float(step.beta1), .float(step.beta2), .float(step.epsilon),
      .float(step.weightDecay), .float(correction(step.beta1, step.step)),
      .float(correction(step.beta2, step.step)), .float(step.maximumNorm),
      .float(step.targetRate))
  }

  /// 1 / (1 − βᵗ).
  private func correction(_ beta: Float, _ step: Int) -> Float {
    var power = 1.0
    var factor = Double(beta)
    var rest = step
    while rest > 0 {
      if rest & 1 == 1 { power *= factor }
      factor *= factor
      rest >>= 1
    }
    return Float(1 / (1 - power))
  }

  public func softUpdate(_ target: Floats, _ source: Floats, tau: Float) {
    expect("softUpdate", "source", source, target.count)
    launch(
      .softUpdate, elements: target.count, argument(target), argument(source),
      .count(target.count), .float(tau))
  }
}

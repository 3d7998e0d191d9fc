import Foundation
import Kernels

extension ReferenceBackend {
  public func pointLoss(
    _ kind: PointLoss, _ prediction: Floats, _ target: Floats, weights: Floats?, n: Int,
    into loss: Floats, slope: Floats?
  ) {
    let cells = launch("pointLoss")
    let (prediction, target, loss) = (cells(prediction, n), cells(target, n), cells(loss, 1))
    let weights = weights.map { cells($0, n) }
    var total = 0.0
    for i in 0..<n { total += (weights?[i] ?? 1) * Self.value(kind, prediction[i], target[i]) }
    loss[0] = total / Double(n)
    guard let slope = slope.map({ cells($0, n) }) else { return }
    for i in 0..<n {
      slope[i] = (weights?[i] ?? 1) * Self.slope(kind, prediction[i], target[i]) / Double(n)
    }
  }

  public func pointLossBackward(
    _ kind: PointLoss, _ dLoss: Floats, _ prediction: Floats, _ target: Floats, weights: Floats?,
    n: Int, into dPrediction: Floats
  ) {
    let cells = launch("pointLossBackward")
    let (prediction, target) = (cells(prediction, n), cells(target, n))
    let (dLoss, dPrediction) = (cells(dLoss, 1), cells(dPrediction, n))
    let weights = weights.map { cells($0, n) }
    for i in 0..<n {
      let slope = Self.slope(kind, prediction[i], target[i])
      dPrediction[i] = dLoss[0] * (weights?[i] ?? 1) * slope / Double(n)
    }
  }

  public func softmaxCrossEntropy(
    _ logits: Floats, _ target: Indices, weights: Floats?, b: Int, n: Int, into loss: Floats,
    logNormalizer: Floats
  ) {
    let cells = launch("softmaxCrossEntropy")
    let (logits, target) = (cells(logits, b * n), cells(target, b))
    let (loss, logNormalizer) = (cells(loss, 1), cells(logNormalizer, b))
    let weights = weights.map { cells($0, b) }
    var total = 0.0
    for i in 0..<b {
      let weight = weights?[i] ?? 1
      logNormalizer[i] = 0
      if weight == 0 { continue }
      let row = (0..<n).map { logits[i * n + $0] }
      let peak = row.max()!
      logNormalizer[i] = peak + log(row.reduce(0) { $0 + exp($1 - peak) })
      total += weight * (logNormalizer[i] - row[targetColumn(target[i], n, cells)])
    }
    loss[0] = total / Double(b)
  }

  public func softmaxCrossEntropyBackward(
    _ dLoss: Floats, _ logits: Floats, _ target: Indices, weights: Floats?, logNormalizer: Floats,
    b: Int, n: Int, into dLogits: Floats
  ) {
    let cells = launch("softmaxCrossEntropyBackward")
    let (dLoss, logits, target) = (cells(dLoss, 1), cells(logits, b * n), cells(target, b))
    let (logNormalizer, dLogits) = (cells(logNormalizer, b), cells(dLogits, b * n))
    let weights = weights.map { cells($0, b) }
    for i in 0..<b {
      let weight = weights?[i] ?? 1
      guard weight != 0 else {
        for j in 0..<n { dLogits[i * n + j] = 0 }
        continue
      }
      let column = targetColumn(target[i], n, cells)
      for j in 0..<n {
        let probability = exp(logits[i * n + j] - logNormalizer[i])
        dLogits[i * n + j] = dLoss[0] * weight * (probability - (j == column ? 1 : 0)) / Double(b)
      }
    }
  }

  public func temporalDifferenceTarget(
    _ outcome: Floats, _ nextValue: Floats, twin: Floats?, discount: Float, b: Int,
    into target: Floats
  ) {
    let cells = launch("temporalDifferenceTarget")
    let (outcome, nextValue) = (cells(outcome, b * 2), cells(nextValue, b))
    let (twin, target) = (twin.map { cells($0, b) }, cells(target, b))
    for i in 0..<b {
      var value = nextValue[i]
      if let other = twin?[i] { value = other.isNaN ? other : Double.minimum(value, other) }
      if nextValue[i].isNaN { value = .nan }
      target[i] = outcome[2 * i] + Double(discount) * outcome[2 * i + 1] * value
    }
  }

  private func targetColumn(_ index: Double, _ n: Int, _ cells: Operands) -> Int {
    guard let column = cells.row(index, of: n) else {
      fatalError("\(cells.op): target \(index) is negative")
    }
    return column
  }

  static func value(_ kind: PointLoss, _ p: Double, _ y: Double) -> Double {
    switch kind {
    case .squared: return (p - y) * (p - y)
    case .huber(let delta):
      let (distance, delta) = (abs(p - y), Double(delta))
      return distance <= delta ? distance * distance / 2 : delta * (distance - delta / 2)
    case .binaryCrossEntropy: return max(p, 0) - p * y + log1p(exp(-abs(p)))
    }
  }

  static func slope(_ kind: PointLoss, _ p: Double, _ y: Double) -> Double {
    switch kind {
    case .squared: 2 * (p - y)
    case .huber(let delta): min(max(p - y, -Double(delta)), Double(delta))
    case .binaryCrossEntropy: logistic(p) - y
    }
  }
}

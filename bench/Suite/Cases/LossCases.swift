import Tensor

extension KernelCase {
  static let loss: [KernelCase] =
    [
      pointLoss(64, .drr, weighted: true), pointLoss(1_024, .pmf, weighted: false),
      KernelCase("pointLossBackward", "squared 64", .drr, flops: 4 * 64, words: 4 * 64 + 1) { i in
        let (dLoss, p, y) = (i.floats(1), i.floats(64), i.floats(64))
        let (weights, dp) = (i.floats(64, 0, 1), i.empty(64))
        return {
          i.backend.pointLossBackward(.squared, dLoss, p, y, weights: weights, n: 64, into: dp)
        }
      },
      KernelCase("temporalDifferenceTarget", "64", .drr, flops: 3 * 64, words: 4 * 64) { i in
        let (outcome, value, y) = (i.floats(128), i.floats(64), i.empty(64))
        return {
          i.backend.temporalDifferenceTarget(
            outcome, value, twin: nil, discount: 0.9, b: 64, into: y)
        }
      },
    ] + crossEntropy(Size.lists, Size.shown, .irecgan, .cache)
    + crossEntropy(Size.lists, Size.worldItems - 1, .irecgan, .cache)
    + crossEntropy(90, Size.largeWorldItems, .irecgan, .memory)
    + crossEntropy(Size.sequences, Size.items, .irecgan, .cache)
    + crossEntropy(16, Size.million, .catalogue, .memory)

  private static func pointLoss(_ n: Int, _ use: Use, weighted: Bool) -> KernelCase {
    KernelCase(
      "pointLoss", "squared \(n)\(weighted ? ", weighted, with slope" : "")", use,
      flops: (weighted ? 6 : 4) * n,
      words: (weighted ? 4 : 2) * n + 1
    ) { i in
      let (p, y, loss) = (i.floats(n), i.floats(n), i.empty(1))
      let weights = weighted ? i.floats(n, 0, 1) : nil
      let slope = weighted ? i.empty(n) : nil
      return {
        i.backend.pointLoss(
          .squared, p, y, weights: weights, n: n, into: loss, slope: slope)
      }
    }
  }

  private static func crossEntropy(
    _ b: Int, _ n: Int, _ use: Use, _ residence: Residence
  ) -> [KernelCase] {
    let shape = "\(b)×\(n)"
    return [
      KernelCase(
        "softmaxCrossEntropy", shape, use, flops: 3 * b * n, words: b * n + 2 * b + 1, residence,
        torch: "softmax-cross-entropy \(b)x\(n)"
      ) { i in
        let (logits, target) = (i.floats(b * n, -4, 4), i.indices(b, below: n))
        let (loss, normalizer) = (i.empty(1), i.empty(b))
        return {
          i.backend.softmaxCrossEntropy(
            logits, target, weights: nil, b: b, n: n, into: loss, logNormalizer: normalizer)
        }
      },
      KernelCase(
        "softmaxCrossEntropyBackward", shape, use, flops: 3 * b * n, words: 2 * b * n + 2 * b + 1,
        residence
      ) { i in
        let (logits, target) = (i.floats(b * n, -4, 4), i.indices(b, below: n))
        let (dLoss, normalizer) = (i.floats(1), i.floats(b, 9, 10))
        let dLogits = i.empty(b * n)
        return {
          i.backend.softmaxCrossEntropyBackward(
            dLoss, logits, target, weights: nil, logNormalizer: normalizer, b: b, n: n,
            into: dLogits)
        }
      },
    ]
  }
}

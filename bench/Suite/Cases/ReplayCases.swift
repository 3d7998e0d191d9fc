import Tensor

/// A replay memory of a million transitions, 256 at a time.
extension KernelCase {
  static let replay: [KernelCase] = [
    KernelCase("replayAppend", "64 of 200 000", .drr, words: 2 * 64 * row, table: 200_000 * row) {
      i in
      let rings = i.replayRings(200_000, s: s, a: a)
      let (actions, outcomes) = (i.floats(64 * a), i.floats(128))
      let transition = i.indices(64 * (1 + 2 * s), below: 3_000)
      return {
        i.backend.replayAppend(
          rings, transition: transition, actions: actions, outcomes: outcomes, b: 64)
      }
    },
    KernelCase(
      "replayGather", "\(b) of 1M", .drr, words: 2 * b * row, table: Size.million * row, .memory
    ) { i in
      let rings = i.replayRings(Size.million, s: s, a: a)
      let index = i.indices(b, below: Size.million)
      let (states, next) = (i.emptyIndices(b * s), i.emptyIndices(b * s))
      let (actions, outcomes) = (i.empty(b * a), i.empty(2 * b))
      return {
        i.backend.replayGather(
          rings, index: index, b: b, states: states, nextStates: next, actions: actions,
          outcomes: outcomes)
      }
    },
    KernelCase("sumTreeSet", "\(b) of 1M", .drr, words: 3 * b * levels, table: 2 * Size.million) {
      i in
      let (tree, values) = (i.sumTree(Size.million), i.floats(b, 0.1, 1))
      let leaves = i.indices(b, below: Size.million)
      return {
        i.backend.sumTreeSet(
          tree, capacity: Size.million, leaves: leaves, stride: 1, values: values, b: b)
      }
    },
    KernelCase("sumTreeSample", "\(b) of 1M", .drr, words: b * levels, table: 2 * Size.million) {
      i in
      let (tree, index, weights) = (i.sumTree(Size.million), i.emptyIndices(b), i.empty(b))
      return {
        i.backend.sumTreeSample(
          tree, capacity: Size.million, filled: Size.million, b: b, exponent: 0.4, i.key,
          into: index, weights: weights)
      }
    },
    KernelCase("prioritize", "\(b)", .drr, flops: 3 * b, words: 3 * b + 1) { i in
      let (p, y, out, most) = (i.floats(b), i.floats(b), i.empty(b), i.floats(1))
      return {
        i.backend.prioritize(
          p, y, b: b, exponent: 0.3, offset: 1e-5, into: out, maximum: most)
      }
    },
  ]

  private static let (b, s, a) = (256, 1 + Size.window, Size.k)
  private static let levels = 20
  private static let row = 1 + 2 * s + a + 2
}

import Tensor

extension KernelCase {
  static let pooling: [KernelCase] = [
    KernelCase(
      "averagePooling", shape, .drr, flops: 2 * b * n * e + b * e,
      words: b * (1 + n) * (1 + e) + n + 3 * b * e
    ) { i in
      let (index, users, items) = tables(i)
      let (weights, state) = (i.floats(n), i.empty(3 * b * e))
      return {
        i.backend.averagePooling(
          index, users: users, items: items, weights: weights, b: b, n: n, e: e, into: state)
      }
    },
    KernelCase(
      "averagePoolingBackward", shape, .drr, flops: 2 * b * n * e + 2 * b * e,
      words: b * (1 + n) * (1 + e) + 2 * b * e + 2 * n
    ) { i in
      let (index, users, items) = tables(i)
      let (dState, dWeights) = (i.floats(3 * b * e), i.floats(n))
      return {
        i.backend.averagePoolingBackward(
          dState, index, users: users, items: items, b: b, n: n, e: e, into: dWeights)
      }
    },
    KernelCase(
      "pairwiseProducts", shape + " users", .drr, flops: (3 * pairs + 2 * n) * b * e,
      words: b * (1 + n) * (1 + e) + n + b * (2 * n + pairs) * e
    ) { i in
      let (index, users, items) = tables(i)
      let (weights, state) = (i.floats(n), i.empty(b * (2 * n + pairs) * e))
      return {
        i.backend.pairwiseProducts(
          index, users: users, items: items, weights: weights, b: b, n: n, e: e, into: state)
      }
    },
    KernelCase(
      "pairwiseProductsBackward", shape + " users", .drr, flops: (6 * pairs + 3 * n) * b * e,
      words: b * (1 + n) * (1 + e) + 3 * n + b * (n + pairs) * e
    ) { i in
      let (index, users, items) = tables(i)
      let (dState, weights, dWeights) = (
        i.floats(b * (2 * n + pairs) * e), i.floats(n), i.floats(n)
      )
      return {
        i.backend.pairwiseProductsBackward(
          dState, index, users: users, items: items, weights: weights, b: b, n: n, e: e,
          into: dWeights)
      }
    },
    KernelCase(
      "historyRows", shape, .drr, words: b * (1 + n) * (1 + e) + 2 * b * n * e
    ) { i in
      let (index, users, items) = tables(i)
      let y = i.empty(2 * b * n * e)
      return {
        i.backend.historyRows(index, users: users, items: items, b: b, n: n, e: e, into: y)
      }
    },
    KernelCase(
      "attentionPooling", shape, .drr, flops: 2 * b * n * e + 4 * b * n + b * e,
      words: b * (1 + n) * (1 + e) + 2 * b * n + 3 * b * e
    ) { i in
      let (index, users, items) = tables(i)
      let (logits, state, attention) = (i.floats(b * n), i.empty(3 * b * e), i.empty(b * n))
      return {
        i.backend.attentionPooling(
          logits, index, users: users, items: items, b: b, n: n, e: e, into: state,
          attention: attention)
      }
    },
    KernelCase(
      "attentionPoolingBackward", shape, .drr, flops: 3 * b * n * e + 2 * b * e,
      words: b * (1 + n) + b * n * e + 4 * b * e + 2 * b * n
    ) { i in
      let (index, _, items) = tables(i)
      let (dState, state) = (i.floats(3 * b * e), i.floats(3 * b * e))
      let (attention, dLogits) = (i.floats(b * n, 0, 1), i.empty(b * n))
      return {
        i.backend.attentionPoolingBackward(
          dState, state, index, items: items, attention: attention, b: b, n: n, e: e,
          into: dLogits)
      }
    },
  ]

  private static let (b, n, e) = (Size.batch, Size.window, Size.k)
  private static let pairs = n * (n - 1) / 2
  private static let shape = "b \(b) n \(n) e \(e)"

  private static func tables(_ i: Inputs) -> (Indices, Floats, Floats) {
    (
      i.stateRows(b, n, users: Size.users, items: Size.items), i.floats(Size.users * e),
      i.floats(Size.items * e)
    )
  }
}

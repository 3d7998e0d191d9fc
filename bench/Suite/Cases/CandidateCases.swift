import Tensor

/// The agent that scores each user's own candidates: 64 users, 50 candidates each.
extension KernelCase {
  static let candidate: [KernelCase] = [
    KernelCase(
      "candidateScores", shape, .drr, flops: 2 * b * n * e, words: b * n * (1 + e) + b * e + b * n
    ) { i in
      let (rows, items) = (i.indices(b * n, below: Size.items), i.floats(Size.items * e))
      let (action, scores) = (i.floats(b * e), i.empty(b * n))
      return {
        i.backend.candidateScores(action, rows, items, b: b, w: n, first: 0, e: e, into: scores)
      }
    },
    KernelCase(
      "candidateScoresBackward", shape, .drr, flops: 2 * b * n * e,
      words: b * n * (2 + e) + b * e
    ) { i in
      let (rows, items) = (i.indices(b * n, below: Size.items), i.floats(Size.items * e))
      let (dScores, dAction) = (i.floats(b * n), i.empty(b * e))
      return {
        i.backend.candidateScoresBackward(
          dScores, rows, items, b: b, w: n, first: 0, e: e, into: dAction)
      }
    },
    KernelCase("softmaxExpectation", choice, .drr, flops: 6 * b * n, words: 2 * b * n + b) { i in
      let (scores, values, y) = (i.floats(b * n), i.floats(b * n), i.empty(b))
      return {
        i.backend.softmaxExpectation(scores, values, temperature: 1, b: b, n: n, into: y)
      }
    },
    KernelCase(
      "softmaxExpectationBackward", choice, .drr, flops: 9 * b * n, words: 3 * b * n + 2 * b
    ) { i in
      let (dy, scores, values, y) = (
        i.floats(b), i.floats(b * n), i.floats(b * n), i.floats(b)
      )
      let dScores = i.empty(b * n)
      return {
        i.backend.softmaxExpectationBackward(
          dy, scores, values, y, temperature: 1, b: b, n: n, into: dScores)
      }
    },
    KernelCase("column", choice, .drr, words: 2 * b) { i in
      let (rows, y) = (i.indices(b * n, below: Size.items), i.emptyIndices(b))
      return { i.backend.column(rows, b: b, w: n, column: 3, into: y) }
    },
    KernelCase("pick", "480×21", .irecgan, words: 3 * 480) { i in
      let (rows, y) = (i.indices(480 * 21, below: Size.items), i.emptyIndices(480))
      let columns = i.indices(480, below: 21)
      return { i.backend.pick(rows, columns, b: 480, w: 21, into: y) }
    },
  ]

  private static let (b, n, e) = (64, 50, Size.k)
  private static let shape = "\(b) users, \(n) candidates, e \(e)"
  private static let choice = "\(b)×\(n)"
}

import Tensor

/// Lists that are scored: 50 candidates of each of 64 users, and those that a click model sees.
extension KernelCase {
  static let candidate: [KernelCase] =
    scored("64 users, 50 candidates, e 100", 64, 50, of: Size.items, Size.k, .drr)
    + shown(of: Size.worldItems) + shown(of: Size.largeWorldItems) + choices

  private static func shown(of items: Int) -> [KernelCase] {
    let (b, n, e) = (Size.lists, Size.shown, Size.embedding)
    return scored("\(b)×\(n) of \(items) items, e \(e)", b, n, of: items, e, .irecgan)
  }

  private static func scored(
    _ shape: String, _ b: Int, _ n: Int, of items: Int, _ e: Int, _ use: Use
  ) -> [KernelCase] {
    let work = 2 * b * n * e
    return [
      KernelCase(
        "candidateScores", shape, use, flops: work, words: b * n * (1 + e) + b * e + b * n
      ) { i in
        let (rows, table) = (i.indices(b * n, below: items), i.floats(items * e))
        let (action, scores) = (i.floats(b * e), i.empty(b * n))
        return {
          i.backend.candidateScores(
            action, rows, table, b: b, w: n, first: 0, e: e, absent: 0, into: scores)
        }
      },
      KernelCase(
        "candidateScoresBackward", shape, use, flops: work, words: b * n * (2 + e) + b * e
      ) { i in
        let (rows, table) = (i.indices(b * n, below: items), i.floats(items * e))
        let (dScores, dAction) = (i.floats(b * n), i.empty(b * e))
        return {
          i.backend.candidateScoresBackward(
            dScores, rows, table, b: b, w: n, first: 0, e: e, into: dAction)
        }
      },
      KernelCase(
        "candidateScoresItemGradient", shape, use, flops: work,
        words: b * n * (2 + 2 * e) + b * e
      ) { i in
        let (rows, dTable) = (i.indices(b * n, below: items), i.floats(items * e))
        let (dScores, action) = (i.floats(b * n, -1e-3, 1e-3), i.floats(b * e))
        return {
          i.backend.candidateScoresItemGradient(
            dScores, action, rows, b: b, w: n, first: 0, e: e, into: dTable)
        }
      },
    ]
  }

  private static let choices: [KernelCase] = [
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
          dy, scores, values, y, temperature: 1, b: b, n: n, into: dScores, dValues: nil)
      }
    },
    KernelCase("slice", "\(choice) row numbers", .drr, words: 2 * b) { i in
      let (rows, y) = (i.indices(b * n, below: Size.items), i.emptyIndices(b))
      return { i.backend.slice(rows, m: b, n: n, columns: 3..<4, into: y) }
    },
    KernelCase("pick", choice, .drr, words: 3 * b) { i in
      let (x, columns, y) = (i.floats(b * n), i.indices(b, below: n), i.empty(b))
      return { i.backend.pick(x, columns, b: b, n: n, into: y) }
    },
    KernelCase("pickBackward", choice, .drr, words: 2 * b + b * n) { i in
      let (dy, columns, dx) = (i.floats(b), i.indices(b, below: n), i.empty(b * n))
      return { i.backend.pickBackward(dy, columns, b: b, n: n, into: dx) }
    },
    KernelCase("pick", "480×21 row numbers", .irecgan, words: 3 * 480) { i in
      let (rows, y) = (i.indices(480 * 21, below: Size.items), i.emptyIndices(480))
      let columns = i.indices(480, below: 21)
      return { i.backend.pick(rows, columns, b: 480, n: 21, into: y) }
    },
  ]

  private static let (b, n) = (64, 50)
  private static let choice = "\(b)×\(n)"
}

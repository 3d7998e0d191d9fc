import Foundation
import Kernels

extension ReferenceBackend {
  public func candidateScores(
    _ action: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    absent: Float, into scores: Floats
  ) {
    let cells = launch("candidateScores")
    let (count, n) = (items.count / e, w - first)
    let (action, rows, items) = (cells(action, b * e), cells(rows, b * w), cells(items, count * e))
    let scores = cells(scores, b * n)
    for i in 0..<b {
      for c in 0..<n {
        let item = cells.row(rows[i * w + first + c], of: count)
        if item != nil { itemScores += 1 }
        scores[i * n + c] =
          item.map { item in
            (0..<e).reduce(0) { $0 + action[i * e + $1] * items[item * e + $1] }
          } ?? Double(absent)
      }
    }
  }

  public func candidateScoresBackward(
    _ dScores: Floats, _ rows: Indices, _ items: Floats, b: Int, w: Int, first: Int, e: Int,
    into dAction: Floats
  ) {
    let cells = launch("candidateScoresBackward")
    let (count, n) = (items.count / e, w - first)
    let (rows, items) = (cells(rows, b * w), cells(items, count * e))
    let (dScores, dAction) = (cells(dScores, b * n), cells(dAction, b * e))
    for i in 0..<b {
      for d in 0..<e {
        var total = 0.0
        for c in 0..<n {
          guard let item = cells.row(rows[i * w + first + c], of: count) else { continue }
          total += dScores[i * n + c] * items[item * e + d]
        }
        dAction[i * e + d] = total
      }
    }
  }

  public func candidateScoresItemGradient(
    _ dScores: Floats, _ action: Floats, _ rows: Indices, b: Int, w: Int, first: Int, e: Int,
    into dItems: Floats
  ) {
    let cells = launch("candidateScoresItemGradient")
    let (count, n) = (dItems.count / e, w - first)
    let (dScores, action) = (cells(dScores, b * n), cells(action, b * e))
    let (rows, dItems) = (cells(rows, b * w), cells(dItems, count * e))
    for i in 0..<b {
      for c in 0..<n {
        guard let item = cells.row(rows[i * w + first + c], of: count) else { continue }
        for d in 0..<e { dItems[item * e + d] += dScores[i * n + c] * action[i * e + d] }
      }
    }
  }

  public func softmaxExpectation(
    _ scores: Floats, _ values: Floats, temperature: Float, b: Int, n: Int, into y: Floats
  ) {
    let cells = launch("softmaxExpectation")
    let (scores, values, y) = (cells(scores, b * n), cells(values, b * n), cells(y, b))
    for i in 0..<b {
      let weights = Self.softmax((0..<n).map { scores[i * n + $0] / Double(temperature) })
      y[i] = (0..<n).reduce(0) { $0 + weights[$1] * values[i * n + $1] }
    }
  }

  public func softmaxExpectationBackward(
    _ dy: Floats, _ scores: Floats, _ values: Floats, _ y: Floats, temperature: Float, b: Int,
    n: Int, into dScores: Floats?, dValues: Floats?
  ) {
    let cells = launch("softmaxExpectationBackward")
    let (scores, values) = (cells(scores, b * n), cells(values, b * n))
    let (dy, y) = (cells(dy, b), cells(y, b))
    let (dScores, dValues) = (dScores.map { cells($0, b * n) }, dValues.map { cells($0, b * n) })
    for i in 0..<b {
      let weights = Self.softmax((0..<n).map { scores[i * n + $0] / Double(temperature) })
      for c in 0..<n {
        dScores?[i * n + c] =
          dy[i] * weights[c] * (values[i * n + c] - y[i]) / Double(temperature)
        dValues?[i * n + c] = dy[i] * weights[c]
      }
    }
  }

  public func pick<Scalar>(
    _ x: View<Scalar>, _ column: Indices, b: Int, n: Int, into y: View<Scalar>
  ) {
    let cells = launch("pick")
    let (x, column, y) = (cells(x, b * n), cells(column, b), cells(y, b))
    for i in 0..<b {
      y[i] =
        column[i] >= 0 && column[i] < Double(n)
        ? x[i * n + Int(column[i])] : Scalar.absent.element
    }
  }

  public func pickBackward(_ dy: Floats, _ column: Indices, b: Int, n: Int, into dx: Floats) {
    let cells = launch("pickBackward")
    let (dy, column, dx) = (cells(dy, b), cells(column, b), cells(dx, b * n))
    for i in 0..<b { for c in 0..<n { dx[i * n + c] = column[i] == Double(c) ? dy[i] : 0 } }
  }

  private static func softmax(_ row: [Double]) -> [Double] {
    let peak = row.max()!
    let weights = row.map { exp($0 - peak) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }
}

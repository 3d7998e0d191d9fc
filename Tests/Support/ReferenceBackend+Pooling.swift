import Foundation
import Kernels

extension ReferenceBackend {
  public func averagePooling(
    _ index: Indices, users: Floats, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats
  ) {
    let cells = launch("averagePooling")
    let (userRows, itemRows) = (users.count / e, items.count / e)
    let (users, items) = (cells(users, userRows * e), cells(items, itemRows * e))
    let (index, weights) = (cells(index, b * (1 + n)), cells(weights, n))
    let state = cells(state, b * 3 * e)
    for i in 0..<b {
      let user = cells.row(index[i * (1 + n)], of: userRows)
      for d in 0..<e {
        let u = user.map { users[$0 * e + d] } ?? 0
        var m = 0.0
        for j in 0..<n {
          guard let item = cells.row(index[i * (1 + n) + 1 + j], of: itemRows) else { continue }
          m += weights[j] * items[item * e + d]
        }
        state[i * 3 * e + d] = u
        state[i * 3 * e + e + d] = u * m
        state[i * 3 * e + 2 * e + d] = m
      }
    }
  }

  public func averagePoolingBackward(
    _ dState: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into dWeights: Floats
  ) {
    let cells = launch("averagePoolingBackward")
    let (userRows, itemRows) = (users.count / e, items.count / e)
    let (users, items) = (cells(users, userRows * e), cells(items, itemRows * e))
    let (dState, index) = (cells(dState, b * 3 * e), cells(index, b * (1 + n)))
    let dWeights = cells(dWeights, n)
    for i in 0..<b {
      let user = cells.row(index[i * (1 + n)], of: userRows)
      for j in 0..<n {
        guard let item = cells.row(index[i * (1 + n) + 1 + j], of: itemRows) else { continue }
        for d in 0..<e {
          let u = user.map { users[$0 * e + d] } ?? 0
          let dProduct = dState[i * 3 * e + e + d]
          let dMean = dState[i * 3 * e + 2 * e + d]
          dWeights[j] += (dProduct * u + dMean) * items[item * e + d]
        }
      }
    }
  }
}

extension ReferenceBackend {
  /// Products of w_a h_a and w_c h_c for a < c, in the order of the state.
  private static func pairs(_ n: Int) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    for a in 0..<n { for c in 0..<n where a < c { pairs.append((a, c)) } }
    return pairs
  }

  /// Element d of the row that an index names: 0 for a negative one.
  private func element(
    _ table: UnsafeMutablePointer<Double>, _ index: Double, of rows: Int, _ e: Int, _ d: Int,
    _ op: String
  ) -> Double {
    row(index, of: rows, op).map { table[$0 * e + d] } ?? 0
  }

  public func pairwiseProducts(
    _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats
  ) {
    let op = "pairwiseProducts"
    let cells = launch(op)
    let (userRows, itemRows) = ((users?.count ?? 0) / e, items.count / e)
    let (users, items) = (users.map { cells($0, userRows * e) }, cells(items, itemRows * e))
    let (index, weights) = (cells(index, b * (1 + n)), cells(weights, n))
    let pairs = Self.pairs(n)
    let blocks = n + pairs.count + (users == nil ? 0 : n)
    let state = cells(state, b * blocks * e)
    for i in 0..<b {
      let rows = index + i * (1 + n)
      for d in 0..<e {
        let h = (0..<n).map { element(items, rows[1 + $0], of: itemRows, e, d, op) }
        var column = h
        column += pairs.map { a, c in weights[a] * h[a] * weights[c] * h[c] }
        if let users {
          let user = element(users, rows[0], of: userRows, e, d, op)
          column += (0..<n).map { user * weights[$0] * h[$0] }
        }
        for (block, value) in column.enumerated() { state[(i * blocks + block) * e + d] = value }
      }
    }
  }

  public func pairwiseProductsBackward(
    _ dState: Floats, _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int,
    n: Int, e: Int, into dWeights: Floats
  ) {
    let op = "pairwiseProductsBackward"
    let cells = launch(op)
    let (userRows, itemRows) = ((users?.count ?? 0) / e, items.count / e)
    let (users, items) = (users.map { cells($0, userRows * e) }, cells(items, itemRows * e))
    let (index, weights) = (cells(index, b * (1 + n)), cells(weights, n))
    let pairs = Self.pairs(n)
    let blocks = n + pairs.count + (users == nil ? 0 : n)
    let (dState, dWeights) = (cells(dState, b * blocks * e), cells(dWeights, n))
    for i in 0..<b {
      let rows = index + i * (1 + n)
      for d in 0..<e {
        let h = (0..<n).map { element(items, rows[1 + $0], of: itemRows, e, d, op) }
        let dColumn = (0..<blocks).map { dState[(i * blocks + $0) * e + d] }
        for (pair, (a, c)) in pairs.enumerated() {
          dWeights[a] += dColumn[n + pair] * h[a] * weights[c] * h[c]
          dWeights[c] += dColumn[n + pair] * h[c] * weights[a] * h[a]
        }
        guard let users else { continue }
        let user = element(users, rows[0], of: userRows, e, d, op)
        for j in 0..<n { dWeights[j] += dColumn[n + pairs.count + j] * user * h[j] }
      }
    }
  }

  public func historyRows(
    _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int, into y: Floats
  ) {
    let op = "historyRows"
    let cells = launch(op)
    let (userRows, itemRows) = (users.count / e, items.count / e)
    let (users, items) = (cells(users, userRows * e), cells(items, itemRows * e))
    let (index, y) = (cells(index, b * (1 + n)), cells(y, b * n * 2 * e))
    for i in 0..<b {
      let rows = index + i * (1 + n)
      for j in 0..<n {
        for d in 0..<e {
          let target = y + (i * n + j) * 2 * e
          target[d] = element(users, rows[0], of: userRows, e, d, op)
          target[e + d] = element(items, rows[1 + j], of: itemRows, e, d, op)
        }
      }
    }
  }

  public func attentionPooling(
    _ logits: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into state: Floats, attention: Floats
  ) {
    let op = "attentionPooling"
    let cells = launch(op)
    let (userRows, itemRows) = (users.count / e, items.count / e)
    let (users, items) = (cells(users, userRows * e), cells(items, itemRows * e))
    let (index, logits) = (cells(index, b * (1 + n)), cells(logits, b * n))
    let (state, attention) = (cells(state, b * 3 * e), cells(attention, b * n))
    for i in 0..<b {
      let rows = index + i * (1 + n)
      let present = (0..<n).filter { rows[1 + $0] >= 0 }
      let total = present.reduce(0.0) { $0 + exp(logits[i * n + $1]) }
      for j in 0..<n { attention[i * n + j] = 0 }
      for j in present { attention[i * n + j] = exp(logits[i * n + j]) / total }
      for d in 0..<e {
        let user = element(users, rows[0], of: userRows, e, d, op)
        let mean = present.reduce(0.0) {
          $0 + attention[i * n + $1] * element(items, rows[1 + $1], of: itemRows, e, d, op)
        }
        let target = state + i * 3 * e + d
        (target[0], target[e], target[2 * e]) = (user, user * mean, mean)
      }
    }
  }

  public func attentionPoolingBackward(
    _ dState: Floats, _ state: Floats, _ index: Indices, items: Floats, attention: Floats, b: Int,
    n: Int, e: Int, into dLogits: Floats
  ) {
    let op = "attentionPoolingBackward"
    let cells = launch(op)
    let itemRows = items.count / e
    let items = cells(items, itemRows * e)
    let (index, attention) = (cells(index, b * (1 + n)), cells(attention, b * n))
    let (dState, state) = (cells(dState, b * 3 * e), cells(state, b * 3 * e))
    let dLogits = cells(dLogits, b * n)
    for i in 0..<b {
      for j in 0..<n {
        var slope = 0.0
        for d in 0..<e {
          let (from, at) = (dState + i * 3 * e + d, state + i * 3 * e + d)
          let item = element(items, index[i * (1 + n) + 1 + j], of: itemRows, e, d, op)
          slope += (from[e] * at[0] + from[2 * e]) * (item - at[2 * e])
        }
        dLogits[i * n + j] = attention[i * n + j] * slope
      }
    }
  }
}

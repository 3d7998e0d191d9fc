import Kernels

extension ReferenceBackend {
  public func gather(_ table: Floats, _ index: Indices, b: Int, e: Int, into y: Floats) {
    let cells = launch("gather")
    let rows = table.count / e
    let (table, index, y) = (cells(table, rows * e), cells(index, b), cells(y, b * e))
    for i in 0..<b {
      let row = cells.row(index[i], of: rows)
      for j in 0..<e { y[i * e + j] = row.map { table[$0 * e + j] } ?? 0 }
    }
  }

  public func scatterAdd(_ dy: Floats, _ index: Indices, b: Int, e: Int, into dTable: Floats) {
    let cells = launch("scatterAdd")
    let rows = dTable.count / e
    let (dy, index, dTable) = (cells(dy, b * e), cells(index, b), cells(dTable, rows * e))
    for i in 0..<b {
      guard let row = cells.row(index[i], of: rows) else { continue }
      for j in 0..<e { dTable[row * e + j] += dy[i * e + j] }
    }
  }

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

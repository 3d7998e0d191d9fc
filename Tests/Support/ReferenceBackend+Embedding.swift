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

  public func gatherRows(_ rows: Indices, _ index: Indices, b: Int, w: Int, into y: Indices) {
    let cells = launch("gatherRows")
    let count = rows.count / w
    let (rows, index, y) = (cells(rows, count * w), cells(index, b), cells(y, b * w))
    for i in 0..<b {
      let row = cells.row(index[i], of: count)
      for j in 0..<w { y[i * w + j] = row.map { rows[$0 * w + j] } ?? -1 }
    }
  }
}

import Kernels

extension ReferenceBackend {
  public func gather<Scalar>(
    _ table: View<Scalar>, _ index: Indices, b: Int, e: Int, into y: View<Scalar>
  ) {
    let cells = launch("gather")
    let rows = table.count / e
    let (table, index, y) = (cells(table, rows * e), cells(index, b), cells(y, b * e))
    for i in 0..<b {
      let row = cells.row(index[i], of: rows)
      for j in 0..<e { y[i * e + j] = row.map { table[$0 * e + j] } ?? Scalar.absent.element }
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
}

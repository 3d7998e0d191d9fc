internal import COpenBLAS

extension CPUBackend {
  public func gather(_ table: Floats, _ index: Indices, b: Int, e: Int, into y: Floats) {
    guard begin() else { return }
    let (table, rows) = self.table(table, width: e, "gather", "table")
    let index = pointer(index, b, "gather", "index")
    let y = pointer(y, b * e, "gather", "y")
    for i in 0..<b {
      let row = Int(index[i])
      require(row < rows, "gather: row \(row) of a table of \(rows)")
      if row < 0 {
        (y + i * e).update(repeating: 0, count: e)
      } else {
        (y + i * e).update(from: table + row * e, count: e)
      }
    }
  }

  public func gatherRows(_ rows: Indices, _ index: Indices, b: Int, w: Int, into y: Indices) {
    guard begin() else { return }
    let (rows, count) = table(rows, width: w, "gatherRows", "rows")
    let index = pointer(index, b, "gatherRows", "index")
    let y = pointer(y, b * w, "gatherRows", "y")
    for i in 0..<b {
      let row = Int(index[i])
      require(row < count, "gatherRows: row \(row) of a table of \(count)")
      if row < 0 {
        (y + i * w).update(repeating: -1, count: w)
      } else {
        (y + i * w).update(from: rows + row * w, count: w)
      }
    }
  }

  public func scatterAdd(_ dy: Floats, _ index: Indices, b: Int, e: Int, into dTable: Floats) {
    guard begin() else { return }
    let (table, rows) = self.table(dTable, width: e, "scatterAdd", "dTable")
    let index = pointer(index, b, "scatterAdd", "index")
    let dy = pointer(dy, b * e, "scatterAdd", "dy")
    for i in 0..<b {
      let row = Int(index[i])
      require(row < rows, "scatterAdd: row \(row) of a table of \(rows)")
      if row >= 0 { host_axpy(1, dy + i * e, table + row * e, Int64(e)) }
    }
  }
}

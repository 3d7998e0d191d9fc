internal import CLoops

extension CPUBackend {
  public func gather<Scalar>(
    _ table: View<Scalar>, _ index: Indices, b: Int, e: Int, into y: View<Scalar>
  ) {
    guard begin() else { return }
    let (table, rows) = self.table(table.words, width: e, "gather", "table")
    let index = pointer(index, b, "gather", "index")
    let y = pointer(y.words, b * e, "gather", "y")
    for i in 0..<b {
      let row = Int(index[i])
      require(row < rows, "gather: row \(row) of a table of \(rows)")
      if row < 0 {
        (y + i * e).update(repeating: Scalar.absent.word, count: e)
      } else {
        (y + i * e).update(from: table + row * e, count: e)
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

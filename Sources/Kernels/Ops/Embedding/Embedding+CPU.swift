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

  public func meanScores(
    _ q: Floats, _ table: Floats, b: Int, n: Int, e: Int, into y: Floats, sums: Floats
  ) {
    guard begin() else { return }
    let q = pointer(q, b * e, "meanScores", "q")
    let table = pointer(table, n * e, "meanScores", "table")
    let y = pointer(y, b, "meanScores", "y")
    let sums = pointer(sums, e, "meanScores", "sums")
    host_column_sums(table, Int64(e), nil, 0, false, sums, Int64(n), Int64(e))
    for i in 0..<b { y[i] = host_dot(q + i * e, sums, Int64(e)) * (1 / Float(n)) }
  }

  public func meanScoresBackward(
    _ dy: Floats, _ q: Floats, sums: Floats, b: Int, n: Int, e: Int, into dq: Floats?,
    dTable: Floats?
  ) {
    guard begin() else { return }
    let dy = pointer(dy, b, "meanScoresBackward", "dy")
    let q = pointer(q, b * e, "meanScoresBackward", "q")
    let sums = pointer(sums, e, "meanScoresBackward", "sums")
    if let dq {
      let dq = pointer(dq, b * e, "meanScoresBackward", "dq")
      for i in 0..<b { host_affine(sums, dy[i] * (1 / Float(n)), 0, dq + i * e, Int64(e)) }
    }
    guard let dTable else { return }
    let table = pointer(dTable, n * e, "meanScoresBackward", "dTable")
    withScratch(e) { share in
      share.update(repeating: 0, count: e)
      for i in 0..<b { host_axpy(dy[i] * (1 / Float(n)), q + i * e, share, Int64(e)) }
      for row in 0..<n { host_axpy(1, share, table + row * e, Int64(e)) }
    }
  }
}

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

  public func meanScores(
    _ q: Floats, _ table: Floats, b: Int, n: Int, e: Int, into y: Floats, sums: Floats
  ) {
    let cells = launch("meanScores")
    let (q, table) = (cells(q, b * e), cells(table, n * e))
    let (y, sums) = (cells(y, b), cells(sums, e))
    for j in 0..<e { sums[j] = (0..<n).reduce(0) { $0 + table[$1 * e + j] } }
    let scale = Double(1 / Float(n))
    for i in 0..<b { y[i] = (0..<e).reduce(0) { $0 + q[i * e + $1] * sums[$1] } * scale }
  }

  public func meanScoresBackward(
    _ dy: Floats, _ q: Floats, sums: Floats, b: Int, n: Int, e: Int, into dq: Floats?,
    dTable: Floats?
  ) {
    let cells = launch("meanScoresBackward")
    let (dy, q, sums) = (cells(dy, b), cells(q, b * e), cells(sums, e))
    let (dq, dTable) = (dq.map { cells($0, b * e) }, dTable.map { cells($0, n * e) })
    let scale = Double(1 / Float(n))
    for j in 0..<e {
      var share = 0.0
      for i in 0..<b {
        dq?[i * e + j] = dy[i] * sums[j] * scale
        share += dy[i] * q[i * e + j] * scale
      }
      for row in 0..<n { dTable?[row * e + j] += share }
    }
  }
}

extension OpenCLBackend {
  public func gather<Scalar>(
    _ table: View<Scalar>, _ index: Indices, b: Int, e: Int, into y: View<Scalar>
  ) {
    require(
      e > 0 && table.count % e == 0,
      "gather: table has \(table.count) elements, expected rows of \(e)")
    expect("gather", "index", index, b)
    expect("gather", "y", y, b, e)
    launch(
      .gatherRows, elements: e, rows: b, argument(y), argument(table), argument(index),
      .count(b), .count(e), .count(table.count / e), .absent(Scalar.self))
  }

  public func scatterAdd(_ dy: Floats, _ index: Indices, b: Int, e: Int, into dTable: Floats) {
    expect("scatterAdd", "index", index, b)
    expect("scatterAdd", "dy", dy, b, e)
    scatter(
      dy, scales: nil, index, b: b, w: 1, first: 0, e: e, e == 0 ? 0 : dTable.count / e,
      into: dTable)
  }

  /// table[rows[i, c]] += scales[i, c − first] · x[i] for columns c from `first` on, in order, with
  /// scales of 1 where nil.
  func scatter(
    _ x: Floats, scales: Floats?, _ rows: Indices, b: Int, w: Int, first: Int, e: Int,
    _ tableRows: Int, into table: Floats
  ) {
    // Each bucket reads all of `rows`: enough of them to fill the device, and no more.
    let wanted = min(form.isCPU ? device.computeUnits : 256, tableRows)
    var buckets = 1
    while buckets < wanted { buckets *= 2 }
    launch(
      .scatterAddRows, groups: b == 0 || e == 0 ? 0 : buckets, argument(table), argument(x),
      argument(scales, or: rows), argument(rows), .count(b), .count(w), .count(first), .count(e),
      .count(tableRows), .count(buckets))
  }

  public func meanScores(
    _ q: Floats, _ table: Floats, b: Int, n: Int, e: Int, into y: Floats, sums: Floats
  ) {
    expect("meanScores", "q", q, b, e)
    expect("meanScores", "table", table, n, e)
    expect("meanScores", "y", y, b)
    expect("meanScores", "sums", sums, e)
    launch(.sumColumns, elements: e, argument(sums), argument(table), .count(n), .count(e))
    launch(
      .meanScores, groups: b, argument(y), argument(q), argument(sums), .count(b), .count(e),
      .float(1 / Float(n)))
  }

  public func meanScoresBackward(
    _ dy: Floats, _ q: Floats, sums: Floats, b: Int, n: Int, e: Int, into dq: Floats?,
    dTable: Floats?
  ) {
    expect("meanScoresBackward", "dy", dy, b)
    expect("meanScoresBackward", "q", q, b, e)
    expect("meanScoresBackward", "sums", sums, e)
    if let dq { expect("meanScoresBackward", "dq", dq, b, e) }
    if let dTable { expect("meanScoresBackward", "dTable", dTable, n, e) }
    // Each block of rows sums the batch up anew: as many rows to add to as rows to sum.
    let blocks = max(1, n / max(b, 1))
    launch(
      .meanScoresBackward, elements: e, rows: blocks, argument(dq, or: dy),
      argument(dTable, or: dy), argument(dy), argument(q), argument(sums), .count(b), .count(n),
      .count(e), .float(1 / Float(n)), .count(blocks))
  }
}

extension OpenCLBackend {
  public func gather(_ table: Floats, _ index: Indices, b: Int, e: Int, into y: Floats) {
    expect("gather", "index", index, b)
    expect("gather", "y", y, b, e)
    launch(
      .gatherRows, elements: e, rows: b, argument(y), argument(table), argument(index),
      .count(b), .count(e), .count(e == 0 ? 0 : table.count / e))
  }

  public func gatherRows(_ rows: Indices, _ index: Indices, b: Int, w: Int, into y: Indices) {
    require(
      w > 0 && rows.count % w == 0,
      "gatherRows: rows has \(rows.count) elements, expected rows of \(w)")
    expect("gatherRows", "index", index, b)
    expect("gatherRows", "y", y, b, w)
    launch(
      .gatherIndexRows, elements: w, rows: b, argument(y), argument(rows), argument(index),
      .count(b), .count(w), .count(rows.count / w))
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
}

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
    // Each bucket reads all of `index`: enough of them to fill the device, and no more.
    let buckets = form.isCPU ? 8 : 64
    launch(
      .scatterAddRows, elements: e, rows: b == 0 ? 0 : buckets, argument(dTable), argument(dy),
      argument(index), .count(b), .count(e), .count(e == 0 ? 0 : dTable.count / e), .count(buckets))
  }
}

extension OpenCLBackend {
  public func gather(_ table: Floats, _ index: Indices, b: Int, e: Int, into y: Floats) {
    expect("gather", "index", index, b)
    expect("gather", "y", y, b, e)
    launch(
      .gatherRows, elements: e, rows: b, argument(y), argument(table), argument(index),
      .count(b), .count(e), .count(e == 0 ? 0 : table.count / e))
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

internal import COpenBLAS

extension CPUBackend {
  public func averagePooling(
    _ index: Indices, users: Floats, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats
  ) {
    guard begin() else { return }
    let index = pointer(index, b * (1 + n), "averagePooling", "index")
    let users = table(users, width: e, "averagePooling", "users")
    let items = table(items, width: e, "averagePooling", "items")
    let weights = pointer(weights, n, "averagePooling", "weights")
    let state = pointer(state, b * 3 * e, "averagePooling", "state")
    for i in 0..<b {
      let row = index + i * (1 + n)
      let user = state + i * 3 * e
      let mean = user + 2 * e
      if let source = Self.row(row[0], of: users, width: e, "averagePooling") {
        user.update(from: source, count: e)
      } else {
        user.update(repeating: 0, count: e)
      }
      mean.update(repeating: 0, count: e)
      for j in 0..<n {
        guard let item = Self.row(row[1 + j], of: items, width: e, "averagePooling") else {
          continue
        }
        host_axpy(weights[j], item, mean, Int64(e))
      }
      host_multiply(user, mean, user + e, Int64(e))
    }
  }

  public func averagePoolingBackward(
    _ dState: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into dWeights: Floats
  ) {
    guard begin() else { return }
    let index = pointer(index, b * (1 + n), "averagePoolingBackward", "index")
    let users = table(users, width: e, "averagePoolingBackward", "users")
    let items = table(items, width: e, "averagePoolingBackward", "items")
    let dState = pointer(dState, b * 3 * e, "averagePoolingBackward", "dState")
    let dWeights = pointer(dWeights, n, "averagePoolingBackward", "dWeights")
    var totals = [Double](repeating: 0, count: n)
    withScratch(e) { dMean in
      for i in 0..<b {
        let row = index + i * (1 + n)
        let d = dState + i * 3 * e
        if let user = Self.row(row[0], of: users, width: e, "averagePoolingBackward") {
          host_multiply(d + e, user, dMean, Int64(e))
          host_axpy(1, d + 2 * e, dMean, Int64(e))
        } else {
          dMean.update(from: d + 2 * e, count: e)
        }
        for j in 0..<n {
          guard let item = Self.row(row[1 + j], of: items, width: e, "averagePoolingBackward")
          else { continue }
          totals[j] += Double(host_dot(dMean, item, Int64(e)))
        }
      }
      for j in 0..<n { dWeights[j] += Float(totals[j]) }
    }
  }

  /// Row `index` of a table, nil for a negative one.
  private static func row(
    _ index: Int32, of table: (start: UnsafeMutablePointer<Float>, rows: Int), width: Int,
    _ op: StaticString
  ) -> UnsafeMutablePointer<Float>? {
    require(Int(index) < table.rows, "\(op): row \(index) of a table of \(table.rows)")
    return index < 0 ? nil : table.start + Int(index) * width
  }
}

internal import CLoops

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
      Self.pool(
        index + i * (1 + n), users, items, weights, n: n, e: e, into: state + i * 3 * e,
        "averagePooling")
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

  /// One row of a state, from a user and n items: the user, their product, the weighted sum.
  private static func pool(
    _ row: UnsafeMutablePointer<Int32>, _ users: (start: UnsafeMutablePointer<Float>, rows: Int),
    _ items: (start: UnsafeMutablePointer<Float>, rows: Int),
    _ weights: UnsafeMutablePointer<Float>, n: Int, e: Int,
    into user: UnsafeMutablePointer<Float>, _ op: StaticString
  ) {
    let mean = user + 2 * e
    if let source = Self.row(row[0], of: users, width: e, op) {
      user.update(from: source, count: e)
    } else {
      user.update(repeating: 0, count: e)
    }
    mean.update(repeating: 0, count: e)
    for j in 0..<n {
      guard let item = Self.row(row[1 + j], of: items, width: e, op) else { continue }
      host_axpy(weights[j], item, mean, Int64(e))
    }
    host_multiply(user, mean, user + e, Int64(e))
  }
}

extension CPUBackend {
  public func pairwiseProducts(
    _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats
  ) {
    guard begin() else { return }
    let pairs = n * (n - 1) / 2
    let blocks = n + pairs + (users == nil ? 0 : n)
    let index = pointer(index, b * (1 + n), "pairwiseProducts", "index")
    let users = users.map { table($0, width: e, "pairwiseProducts", "users") }
    let items = table(items, width: e, "pairwiseProducts", "items")
    let weights = pointer(weights, n, "pairwiseProducts", "weights")
    let state = pointer(state, b * blocks * e, "pairwiseProducts", "state")
    withScratch(n * e) { weighted in
      for i in 0..<b {
        let row = index + i * (1 + n)
        let history = state + i * blocks * e
        for j in 0..<n {
          let target = history + j * e
          if let item = Self.row(row[1 + j], of: items, width: e, "pairwiseProducts") {
            target.update(from: item, count: e)
          } else {
            target.update(repeating: 0, count: e)
          }
          host_affine(target, weights[j], 0, weighted + j * e, Int64(e))
        }
        var target = history + n * e
        for a in 0..<n {
          for c in a + 1..<max(n, a + 1) {
            host_multiply(weighted + a * e, weighted + c * e, target, Int64(e))
            target += e
          }
        }
        guard let users else { continue }
        let user = Self.row(row[0], of: users, width: e, "pairwiseProducts")
        for j in 0..<n {
          if let user {
            host_multiply(user, weighted + j * e, target, Int64(e))
          } else {
            target.update(repeating: 0, count: e)
          }
          target += e
        }
      }
    }
  }

  public func pairwiseProductsBackward(
    _ dState: Floats, _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int,
    n: Int, e: Int, into dWeights: Floats
  ) {
    guard begin() else { return }
    let pairs = n * (n - 1) / 2
    let blocks = n + pairs + (users == nil ? 0 : n)
    let index = pointer(index, b * (1 + n), "pairwiseProductsBackward", "index")
    let users = users.map { table($0, width: e, "pairwiseProductsBackward", "users") }
    let items = table(items, width: e, "pairwiseProductsBackward", "items")
    let weights = pointer(weights, n, "pairwiseProductsBackward", "weights")
    let dState = pointer(dState, b * blocks * e, "pairwiseProductsBackward", "dState")
    let dWeights = pointer(dWeights, n, "pairwiseProductsBackward", "dWeights")
    // ⟨dPair_ac, h_a ∘ h_c⟩ over the batch, then ⟨dProduct_a, u ∘ h_a⟩.
    var slopes = [Double](repeating: 0, count: pairs + n)
    withScratch(e) { product in
      for i in 0..<b {
        let row = index + i * (1 + n)
        var d = dState + (i * blocks + n) * e
        for (slot, (a, c)) in Self.pairs(n).enumerated() {
          if let first = Self.row(row[1 + a], of: items, width: e, "pairwiseProductsBackward"),
            let second = Self.row(row[1 + c], of: items, width: e, "pairwiseProductsBackward")
          {
            host_multiply(first, second, product, Int64(e))
            slopes[slot] += Double(host_dot(product, d, Int64(e)))
          }
          d += e
        }
        guard let users,
          let user = Self.row(row[0], of: users, width: e, "pairwiseProductsBackward")
        else { continue }
        for j in 0..<n {
          if let item = Self.row(row[1 + j], of: items, width: e, "pairwiseProductsBackward") {
            host_multiply(user, item, product, Int64(e))
            slopes[pairs + j] += Double(host_dot(product, d + j * e, Int64(e)))
          }
        }
      }
      var totals = Array(slopes[pairs...])
      for (slot, (a, c)) in Self.pairs(n).enumerated() {
        totals[a] += Double(weights[c]) * slopes[slot]
        totals[c] += Double(weights[a]) * slopes[slot]
      }
      for j in 0..<n { dWeights[j] += Float(totals[j]) }
    }
  }

  /// (0, 1), (0, 2) … (n − 2, n − 1).
  private static func pairs(_ n: Int) -> some Sequence<(Int, Int)> {
    (0..<n).lazy.flatMap { a in (a + 1..<max(n, a + 1)).lazy.map { (a, $0) } }
  }
}

extension CPUBackend {
  public func historyRows(
    _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int, into y: Floats
  ) {
    guard begin() else { return }
    let index = pointer(index, b * (1 + n), "historyRows", "index")
    let users = table(users, width: e, "historyRows", "users")
    let items = table(items, width: e, "historyRows", "items")
    let y = pointer(y, b * n * 2 * e, "historyRows", "y")
    for i in 0..<b {
      let row = index + i * (1 + n)
      for j in 0..<n {
        let target = y + (i * n + j) * 2 * e
        for (source, part) in [
          (Self.row(row[0], of: users, width: e, "historyRows"), target),
          (Self.row(row[1 + j], of: items, width: e, "historyRows"), target + e),
        ] {
          if let source {
            part.update(from: source, count: e)
          } else {
            part.update(repeating: 0, count: e)
          }
        }
      }
    }
  }

  public func attentionPooling(
    _ logits: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into state: Floats, attention: Floats
  ) {
    guard begin() else { return }
    let logits = pointer(logits, b * n, "attentionPooling", "logits")
    let index = pointer(index, b * (1 + n), "attentionPooling", "index")
    let users = table(users, width: e, "attentionPooling", "users")
    let items = table(items, width: e, "attentionPooling", "items")
    let state = pointer(state, b * 3 * e, "attentionPooling", "state")
    let attention = pointer(attention, b * n, "attentionPooling", "attention")
    for i in 0..<b {
      let (row, alpha) = (index + i * (1 + n), attention + i * n)
      for j in 0..<n { alpha[j] = row[1 + j] < 0 ? -.infinity : logits[i * n + j] }
      let top = host_maximum(alpha, Int64(n))
      if top == -.infinity {
        alpha.update(repeating: 0, count: n)
      } else {
        host_exp_shifted(alpha, top, 1, alpha, Int64(n))
        var total: Float = 0
        for j in 0..<n { total += alpha[j] }
        host_divide_by(alpha, total, alpha, Int64(n))
      }
      Self.pool(row, users, items, alpha, n: n, e: e, into: state + i * 3 * e, "attentionPooling")
    }
  }

  public func attentionPoolingBackward(
    _ dState: Floats, _ state: Floats, _ index: Indices, items: Floats, attention: Floats, b: Int,
    n: Int, e: Int, into dLogits: Floats
  ) {
    guard begin() else { return }
    let dState = pointer(dState, b * 3 * e, "attentionPoolingBackward", "dState")
    let state = pointer(state, b * 3 * e, "attentionPoolingBackward", "state")
    let index = pointer(index, b * (1 + n), "attentionPoolingBackward", "index")
    let items = table(items, width: e, "attentionPoolingBackward", "items")
    let attention = pointer(attention, b * n, "attentionPoolingBackward", "attention")
    let dLogits = pointer(dLogits, b * n, "attentionPoolingBackward", "dLogits")
    withScratch(e) { dMean in
      for i in 0..<b {
        let (row, d, user) = (index + i * (1 + n), dState + i * 3 * e, state + i * 3 * e)
        host_multiply(d + e, user, dMean, Int64(e))
        host_axpy(1, d + 2 * e, dMean, Int64(e))
        let mean = host_dot(dMean, user + 2 * e, Int64(e))
        for j in 0..<n {
          let item = Self.row(row[1 + j], of: items, width: e, "attentionPoolingBackward")
          let slope = item.map { host_dot(dMean, $0, Int64(e)) } ?? 0
          dLogits[i * n + j] = attention[i * n + j] * (slope - mean)
        }
      }
    }
  }
}

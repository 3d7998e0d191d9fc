internal import COpenBLAS

extension CPUBackend {
  public func linear(
    _ x: Floats, _ w: Floats, _ b: Floats?, _ activation: Activation, m: Int, k: Int, n: Int,
    into y: Floats
  ) {
    guard begin() else { return }
    let x = pointer(x, m * k, "linear", "x")
    let w = pointer(w, k * n, "linear", "w")
    let b = b.map { pointer($0, n, "linear", "b") }
    let y = pointer(y, m * n, "linear", "y")
    if n == 1 {
      let bias = b?[0] ?? 0
      for i in 0..<m { y[i] = host_dot(x + i * k, w, Int64(k)) + bias }
    } else {
      if let b { for i in 0..<m { (y + i * n).update(from: b, count: n) } }
      if m == 1 {
        host_weighted_rows(w, x, b != nil, y, Int64(k), Int64(n))
      } else {
        product(x, w, m: m, n: n, k: k, beta: b == nil ? 0 : 1, into: y)
      }
    }
    switch activation {
    case .identity: break
    case .relu: host_relu(y, y, Int64(m * n))
    case .tanh: host_tanh(y, y, Int64(m * n))
    case .sigmoid: host_sigmoid(y, y, Int64(m * n))
    }
  }

  public func linearBackward(
    _ dy: Floats, _ x: Floats, _ w: Floats, _ y: Floats, _ activation: Activation,
    m: Int, k: Int, n: Int, dx: Floats?, dw: Floats?, db: Floats?
  ) {
    guard begin() else { return }
    let dy = pointer(dy, m * n, "linearBackward", "dy")
    let x = pointer(x, m * k, "linearBackward", "x")
    let w = pointer(w, k * n, "linearBackward", "w")
    let y = pointer(y, m * n, "linearBackward", "y")
    let dx = dx.map { pointer($0, m * k, "linearBackward", "dx") }
    let dw = dw.map { pointer($0, k * n, "linearBackward", "dw") }
    let db = db.map { pointer($0, n, "linearBackward", "db") }
    let count = Int64(m * n)
    func backward(_ dz: UnsafePointer<Float>) {
      if let db { host_weighted_rows(dz, nil, true, db, Int64(m), Int64(n)) }
      if let dw {
        if n == 1 {
          host_weighted_rows(x, dz, true, dw, Int64(m), Int64(k))
        } else if m == 1 {
          for i in 0..<k { host_axpy(x[i], dz, dw + i * n, Int64(n)) }
        } else {
          product(x, dz, transposeA: true, m: k, n: n, k: m, beta: 1, into: dw)
        }
      }
      if let dx {
        if n == 1 {
          for i in 0..<m { host_affine(w, dz[i], 0, dx + i * k, Int64(k)) }
        } else if m == 1 {
          for i in 0..<k { dx[i] = host_dot(dz, w + i * n, Int64(n)) }
        } else {
          product(dz, w, transposeB: true, m: m, n: k, k: n, beta: 0, into: dx)
        }
      }
    }
    switch activation {
    case .identity: backward(dy)
    case .relu:
      withScratch(m * n) {
        host_relu_backward(dy, y, $0, count)
        backward($0)
      }
    case .tanh:
      withScratch(m * n) {
        host_tanh_backward(dy, y, $0, count)
        backward($0)
      }
    case .sigmoid:
      withScratch(m * n) {
        host_sigmoid_backward(dy, y, $0, count)
        backward($0)
      }
    }
  }
}

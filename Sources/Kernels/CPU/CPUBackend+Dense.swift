internal import CLoops

/// A row-major matrix, or a block of one: `stride` elements from one row to the next.
struct Rows {
  var start: UnsafeMutablePointer<Float>
  var stride: Int

  init(_ start: UnsafeMutablePointer<Float>, _ stride: Int) {
    self.start = start
    self.stride = stride
  }

  subscript(row: Int) -> UnsafeMutablePointer<Float> { start + row * stride }
}

/// Dense layers on raw memory: x[m, k], w[k, n], y[m, n]. Any of them may be a block of a larger
/// matrix, so that a layer may read or give only some of the columns.
extension CPUBackend {
  /// y = act(x · w + bias).
  func denseForward(
    _ x: Rows, _ w: Rows, _ bias: UnsafePointer<Float>?, _ activation: Activation,
    m: Int, k: Int, n: Int, into y: Rows
  ) {
    if n == 1, w.stride == 1 {
      let bias = bias?[0] ?? 0
      for i in 0..<m { y[i][0] = host_dot(x[i], w.start, Int64(k)) + bias }
      if activation == .relu { Self.forward(activation, y, m: m, n: n) }
    } else {
      product(
        x, w, m: m, n: n, k: k, bias: bias, isRectified: activation == .relu, into: y)
    }
    if activation != .relu { Self.forward(activation, y, m: m, n: n) }
  }

  /// dw += xᵀ · dz, db += Σ_m dz; what is nil is not wanted.
  func denseWeightGradient(
    _ x: Rows, _ dz: Rows, m: Int, k: Int, n: Int, dw: Rows?, db: UnsafeMutablePointer<Float>?
  ) {
    if let db { host_column_sums(dz.start, Int64(dz.stride), nil, 0, true, db, Int64(m), Int64(n)) }
    guard let dw else { return }
    if n == 1, dw.stride == 1 {
      host_column_sums(
        x.start, Int64(x.stride), dz.start, Int64(dz.stride), true, dw.start, Int64(m), Int64(k))
    } else {
      product(
        x, dz, transposeA: true, m: k, n: n, k: m, isAccumulated: true, into: dw)
    }
  }

  /// dx = (dz · wᵀ) ∘ act′, act′ taken from the output y[m, k] of the layer below: the dz of that
  /// layer. With `identity` and no y, the gradient of x itself. For some columns of x pass the rows
  /// of w that belong to them.
  func denseInputGradient(
    _ dz: Rows, _ w: Rows, m: Int, k: Int, n: Int, through activation: Activation = .identity,
    _ y: Rows? = nil, into dx: Rows
  ) {
    if n == 1, w.stride == 1 {
      for i in 0..<m { host_affine(w.start, dz[i][0], 0, dx[i], Int64(k)) }
      if let y { Self.backward(activation, dx, y, m: m, n: k, into: dx) }
    } else {
      product(
        dz, w, transposeB: true, m: m, n: k, k: n, gate: activation == .relu ? y : nil, into: dx)
      if let y, activation != .relu { Self.backward(activation, dx, y, m: m, n: k, into: dx) }
    }
  }

  /// y = act(y).
  static func forward(_ activation: Activation, _ y: Rows, m: Int, n: Int) {
    // Rows that touch are one long row.
    let (rows, count) = y.stride == n ? (1, Int64(m * n)) : (m, Int64(n))
    for i in 0..<rows {
      let row = y[i]
      switch activation {
      case .identity: return
      case .relu: host_relu(row, row, count)
      case .tanh: host_tanh(row, row, count)
      case .sigmoid: host_sigmoid(row, row, count)
      }
    }
  }

  /// dz = dy ∘ act′, act′ taken from the output y; dz may be dy.
  static func backward(
    _ activation: Activation, _ dy: Rows, _ y: Rows, m: Int, n: Int, into dz: Rows
  ) {
    let isLong = dy.stride == n && y.stride == n && dz.stride == n
    let (rows, count) = isLong ? (1, Int64(m * n)) : (m, Int64(n))
    for i in 0..<rows {
      switch activation {
      case .identity:
        if dz[i] != dy[i] { dz[i].update(from: dy[i], count: Int(count)) }
      case .relu: host_relu_backward(dy[i], y[i], dz[i], count)
      case .tanh: host_tanh_backward(dy[i], y[i], dz[i], count)
      case .sigmoid: host_sigmoid_backward(dy[i], y[i], dz[i], count)
      }
    }
  }

  /// c[m, n] = op(a) · op(b), or += where it is accumulated. A bias goes to every row; what is
  /// stored is max(0, ·) where it is rectified, and 0 where `gate` is not positive.
  func product(
    _ a: Rows, _ b: Rows, transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int,
    k: Int, bias: UnsafePointer<Float>? = nil, isAccumulated: Bool = false,
    isRectified: Bool = false, gate: Rows? = nil, into c: Rows
  ) {
    require(
      max(m, n, k, a.stride, b.stride, c.stride) <= Int32.max,
      "product: \(m) x \(k) by \(k) x \(n) is past 32 bits")
    var product = dense_product(
      transpose_a: transposeA, transpose_b: transposeB, m: Int64(m), n: Int64(n), k: Int64(k),
      a: a.start, lda: Int64(a.stride), b: b.start, ldb: Int64(b.stride), bias: bias,
      accumulate: isAccumulated, relu: isRectified, gate: gate?.start,
      ld_gate: Int64(gate?.stride ?? 0), c: c.start, ldc: Int64(c.stride))
    flushingSubnormals { blas_product(blas, &product) }
  }
}

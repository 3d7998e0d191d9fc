/// Arithmetic with row and column broadcast of the right operand, and its gradients.
extension Tensor {
  /// A 1-D or 2-D tensor as a matrix: a vector is one row.
  var matrix: (rows: Int, columns: Int) {
    switch shape.rank {
    case 0: (1, 1)
    case 1: (1, shape[0])
    default: (shape[0], shape.count / max(shape[0], 1))
    }
  }

  private func broadcast(of other: Tensor, _ op: String) -> Broadcast {
    if shape == other.shape { return .none }
    let (rows, columns) = matrix
    if other.shape == [columns] { return .row }
    if other.shape == [rows, 1] || (other.shape == [rows] && rows != columns) { return .column }
    fatalError(
      "\(op): \(shape) and \(other.shape) do not fit; want the same, a row or a column")
  }

  private func combined(_ op: BinaryOp, _ other: Tensor) -> Tensor {
    let (a, b) = (self, other)
    let broadcast = broadcast(of: b, "\(op)")
    let (m, n) = matrix
    let y = Tensor(uninitialized: shape, on: backend)
    backend.combine(op, a.view, b.view, broadcast, m: m, n: n, into: y.view)
    guard let tape = Tensor.tape(a, b) else { return y }
    return tape.record(y) { dy in
      let backend = a.backend
      Tape.contribute(to: a) { da in
        switch op {
        case .add, .subtract: backend.copy(dy, into: da)
        case .multiply: backend.combine(.multiply, dy, b.view, broadcast, m: m, n: n, into: da)
        case .divide: backend.combine(.divide, dy, b.view, broadcast, m: m, n: n, into: da)
        }
      }
      Tape.contribute(to: b) { db in
        // Every partial derivative is an [m, n] product, then summed over what was broadcast.
        let full = broadcast == .none ? db : Floats(backend.allocate(m * n), count: m * n)
        switch op {
        case .add: backend.copy(dy, into: full)
        case .subtract: backend.affine(dy, scale: -1, shift: 0, into: full)
        case .multiply: backend.combine(.multiply, dy, a.view, .none, m: m, n: n, into: full)
        case .divide:  // ∂(a/b)/∂b = −(a/b)/b
          backend.combine(.multiply, dy, y.view, .none, m: m, n: n, into: full)
          backend.combine(.divide, full, b.view, broadcast, m: m, n: n, into: full)
          backend.affine(full, scale: -1, shift: 0, into: full)
        }
        switch broadcast {
        case .none: break
        case .row: backend.sumColumns(full, m: m, n: n, into: db)
        case .column: backend.reduceRows(.sum, full, m: m, n: n, into: db)
        }
      }
    }
  }

  /// a + b, [m, n]. b is of the same shape, a row [n] or a column [m, 1]; so in the three below.
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.combined(.add, b) }
  /// a − b, element by element.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.combined(.subtract, b) }
  /// a · b, element by element.
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.combined(.multiply, b) }
  /// a / b, element by element.
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.combined(.divide, b) }

  /// scale · self + shift.
  public func affine(scale: Float, shift: Float = 0) -> Tensor {
    let x = self
    let y = Tensor(uninitialized: shape, on: backend)
    backend.affine(view, scale: scale, shift: shift, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { x.backend.affine(dy, scale: scale, shift: 0, into: $0) }
    } ?? y
  }

  /// −x.
  public static prefix func - (x: Tensor) -> Tensor { x.affine(scale: -1) }
  /// scale · x.
  public static func * (scale: Float, x: Tensor) -> Tensor { x.affine(scale: scale) }
  /// x + shift.
  public static func + (x: Tensor, shift: Float) -> Tensor { x.affine(scale: 1, shift: shift) }

  private func mapped(_ op: UnaryOp) -> Tensor {
    let x = self
    let y = Tensor(uninitialized: shape, on: backend)
    backend.map(op, view, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { x.backend.mapBackward(op, dy, x.view, y.view, into: $0) }
    } ?? y
  }

  /// x², element by element, as are the six below.
  public func squared() -> Tensor { mapped(.square) }
  /// |x|, with derivative 0 at 0.
  public func absolute() -> Tensor { mapped(.absolute) }
  /// eˣ.
  public func exp() -> Tensor { mapped(.exp) }
  /// The natural logarithm.
  public func log() -> Tensor { mapped(.log) }
  /// max(x, 0), with derivative 0 at 0.
  public func relu() -> Tensor { mapped(.relu) }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { mapped(.tanh) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() -> Tensor { mapped(.sigmoid) }

  /// Columns of a and b side by side: [m, p] and [m, q] to [m, p + q].
  public static func concatenating(_ a: Tensor, _ b: Tensor) -> Tensor {
    require(
      a.shape.rank == 2 && b.shape.rank == 2 && a.shape[0] == b.shape[0],
      "concatenating: \(a.shape) and \(b.shape); want two matrices with equal rows")
    let (m, p, q) = (a.shape[0], a.shape[1], b.shape[1])
    let y = Tensor(uninitialized: [m, p + q], on: a.backend)
    a.backend.concatenate(a.view, b.view, m: m, p: p, q: q, into: y.view)
    return tape(a, b)?.record(y) { dy in
      Tape.contribute(to: a) { a.backend.slice(dy, m: m, n: p + q, columns: 0..<p, into: $0) }
      Tape.contribute(to: b) { b.backend.slice(dy, m: m, n: p + q, columns: p..<p + q, into: $0) }
    } ?? y
  }

  /// Self [m, k] · matrix [k, n], a constant.
  public func multiplied(by matrix: Tensor) -> Tensor {
    require(
      shape.rank == 2 && matrix.shape.rank == 2 && shape[1] == matrix.shape[0]
        && matrix.node == nil,
      "multiplied: \(shape) by \(matrix.shape); want a constant matrix of equal inner size")
    let x = self
    let (m, k, n) = (shape[0], shape[1], matrix.shape[1])
    let y = Tensor(uninitialized: [m, n], on: backend)
    backend.linear(view, matrix.view, nil, .identity, m: m, k: k, n: n, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) {
        x.backend.linearBackward(
          dy, x.view, matrix.view, y.view, .identity, m: m, k: k, n: n, dx: $0, dw: nil, db: nil)
      }
    } ?? y
  }

  /// Dot products of each row of self [m, e] with every row of another [n, e], [m, n].
  public func products(withRowsOf other: Tensor) -> Tensor {
    require(
      shape.rank == 2 && other.shape.rank == 2 && shape[1] == other.shape[1],
      "products: rows of \(shape) with rows of \(other.shape); want one width")
    let (a, b) = (self, other)
    let (m, n, e) = (shape[0], other.shape[0], shape[1])
    let y = Tensor(uninitialized: [m, n], on: backend)
    // a · bᵀ is the input's gradient of a layer x · b whose output's gradient is a.
    backend.linearBackward(
      a.view, y.view, b.view, a.view, .identity, m: m, k: n, n: e, dx: y.view, dw: nil, db: nil)
    return Tensor.tape(a, b)?.record(y) { dy in
      Tape.contribute(to: a) {
        a.backend.linear(dy, b.view, nil, .identity, m: m, k: n, n: e, into: $0)
      }
      Tape.contribute(to: b) { db in
        a.backend.fill(0, into: db)
        a.backend.linearBackward(
          a.view, dy, b.view, a.view, .identity, m: m, k: n, n: e, dx: nil, dw: db, db: nil)
      }
    } ?? y
  }

  /// Some columns of a matrix: [m, n] to [m, range.count].
  public func columns(_ range: Range<Int>) -> Tensor {
    require(
      shape.rank == 2 && range.lowerBound >= 0 && range.upperBound <= shape[1],
      "columns: \(range) of \(shape)")
    let x = self
    let (m, n) = (shape[0], shape[1])
    let y = Tensor(uninitialized: [m, range.count], on: backend)
    backend.slice(view, m: m, n: n, columns: range, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { dx in
        let backend = x.backend
        let (before, after) = (range.lowerBound, n - range.upperBound)
        let zeros = Tensor(repeating: 0, shape: [m * max(before, after, 1)], on: backend).view
        var part = dy
        if before > 0 {
          part = Floats(backend.allocate(m * range.upperBound), count: m * range.upperBound)
          backend.concatenate(
            zeros[0..<m * before], dy, m: m, p: before, q: range.count, into: part)
        }
        if after > 0 {
          backend.concatenate(
            part, zeros[0..<m * after], m: m, p: range.upperBound, q: after, into: dx)
        } else {
          backend.copy(part, into: dx)
        }
      }
    } ?? y
  }
}

/// Reductions.
extension Tensor {
  /// [m, n] to [m]: Σ_n self · other.
  public func rowDot(_ other: Tensor) -> Tensor {
    require(shape == other.shape, "rowDot: \(shape) and \(other.shape) must be equal")
    let (a, b) = (self, other)
    let (m, n) = matrix
    let y = Tensor(uninitialized: [m], on: backend)
    backend.rowDot(a.view, b.view, m: m, n: n, into: y.view)
    return Tensor.tape(a, b)?.record(y) { dy in
      Tape.contribute(to: a) {
        a.backend.combine(.multiply, b.view, dy, .column, m: m, n: n, into: $0)
      }
      Tape.contribute(to: b) {
        a.backend.combine(.multiply, a.view, dy, .column, m: m, n: n, into: $0)
      }
    } ?? y
  }

  /// [B, T, H] to [B, H]: the mean of each sequence's first steps, as many as `lengths` [B] says
  /// (nil: all T), zeros of none.
  public func stepMean(lengths: IndexTensor? = nil) -> Tensor {
    require(
      shape.rank == 3 && lengths.map { $0.shape == [shape[0]] } ?? true,
      "stepMean: x is \(shape), expected [batch, steps, width]"
        + (lengths.map { ", and lengths \($0.shape)" } ?? ""))
    let x = self
    let (b, t, h) = (shape[0], shape[1], shape[2])
    let y = Tensor(uninitialized: [b, h], on: backend)
    backend.stepMean(view, lengths: lengths?.view, b: b, t: t, h: h, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) {
        x.backend.stepMeanBackward(dy, lengths: lengths?.view, b: b, t: t, h: h, into: $0)
      }
    } ?? y
  }

  /// The sum of all elements, times `scale`.
  public func sum(scale: Float = 1) -> Tensor {
    let x = self
    let y = Tensor(uninitialized: [1], on: backend)
    backend.sum(view, scale: scale, into: y.view)
    let tape = Tensor.tape(x)
    return tape?.record(y) { [unowned tape] dy in
      Tape.contribute(to: x) { dx in
        x.backend.fill(scale, into: dx)
        if let tape, tape.isSeed(dy) { return }
        x.backend.combine(.multiply, dx, dy, .column, m: 1, n: x.shape.count, into: dx)
      }
    } ?? y
  }

  /// The mean of all elements, times `scale`.
  public func mean(scale: Float = 1) -> Tensor { sum(scale: scale / Float(shape.count)) }

  /// Σ x².
  public func squaredNorm() -> Tensor {
    let x = self
    let y = Tensor(uninitialized: [1], on: backend)
    backend.squaredNorm(view, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { dx in
        x.backend.combine(.multiply, x.view, dy, .column, m: 1, n: x.shape.count, into: dx)
        x.backend.affine(dx, scale: 2, shift: 0, into: dx)
      }
    } ?? y
  }
}

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
    denseForward(
      Rows(x, k), Rows(w, n), b.map { UnsafePointer($0) }, activation, m: m, k: k, n: n,
      into: Rows(y, n))
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
    func backward(_ dz: Rows) {
      denseWeightGradient(Rows(x, k), dz, m: m, k: k, n: n, dw: dw.map { Rows($0, n) }, db: db)
      if let dx { denseInputGradient(dz, Rows(w, n), m: m, k: k, n: n, into: Rows(dx, k)) }
    }
    guard activation != .identity else { return backward(Rows(dy, n)) }
    withScratch(m * n) {
      let dz = Rows($0, n)
      Self.backward(activation, Rows(dy, n), Rows(y, n), m: m, n: n, into: dz)
      backward(dz)
    }
  }
}

import Kernels

extension ReferenceBackend {
  public func reduceRows(_ op: Reduction, _ x: Floats, m: Int, n: Int, into y: Floats) {
    let cells = launch("reduceRows")
    let (x, y) = (cells(x, m * n), cells(y, m))
    for i in 0..<m {
      let row = (0..<n).map { x[i * n + $0] }
      y[i] =
        switch op {
        case .sum: row.reduce(0, +)
        case .mean: row.reduce(0, +) / Double(n)
        case .maximum: row.reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
        }
    }
  }

  public func sumColumns(_ x: Floats, m: Int, n: Int, into y: Floats) {
    let cells = launch("sumColumns")
    let (x, y) = (cells(x, m * n), cells(y, n))
    for j in 0..<n { y[j] = (0..<m).reduce(0) { $0 + x[$1 * n + j] } }
  }

  public func rowDot(_ a: Floats, _ b: Floats, m: Int, n: Int, into y: Floats) {
    let cells = launch("rowDot")
    let (a, b, y) = (cells(a, m * n), cells(b, m * n), cells(y, m))
    for i in 0..<m { y[i] = (0..<n).reduce(0) { $0 + a[i * n + $1] * b[i * n + $1] } }
  }

  public func sum(_ x: Floats, scale: Float, into y: Floats) {
    let cells = launch("sum")
    let count = x.count
    let (x, y) = (cells(x, count), cells(y, 1))
    y[0] = Double(scale) * (0..<count).reduce(0) { $0 + x[$1] }
  }

  public func squaredNorm(_ x: Floats, into y: Floats) {
    let cells = launch("squaredNorm")
    let count = x.count
    let (x, y) = (cells(x, count), cells(y, 1))
    y[0] = (0..<count).reduce(0) { $0 + x[$1] * x[$1] }
  }

  public func stepMean(_ x: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into y: Floats) {
    let cells = launch("stepMean")
    let (x, y) = (cells(x, b * t * h), cells(y, b * h))
    let lengths = lengths.map { cells($0, b) }
    for i in 0..<b {
      let length = Self.steps(lengths?[i], of: t)
      for j in 0..<h {
        let total = (0..<length).reduce(0) { $0 + x[(i * t + $1) * h + j] }
        y[i * h + j] = length == 0 ? 0 : total / Double(length)
      }
    }
  }

  public func stepMeanBackward(
    _ dy: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into dx: Floats
  ) {
    let cells = launch("stepMeanBackward")
    let (dy, dx) = (cells(dy, b * h), cells(dx, b * t * h))
    let lengths = lengths.map { cells($0, b) }
    for i in 0..<b {
      let length = Self.steps(lengths?[i], of: t)
      for step in 0..<t {
        for j in 0..<h {
          dx[(i * t + step) * h + j] = step < length ? dy[i * h + j] / Double(length) : 0
        }
      }
    }
  }

  private static func steps(_ length: Double?, of t: Int) -> Int {
    min(max(Int(length ?? Double(t)), 0), t)
  }
}

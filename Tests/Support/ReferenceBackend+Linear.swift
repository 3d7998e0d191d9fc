import Foundation
import Kernels

extension ReferenceBackend {
  public func linear(
    _ x: Floats, _ w: Floats, _ b: Floats?, _ activation: Activation, m: Int, k: Int, n: Int,
    into y: Floats
  ) {
    let cells = launch("linear")
    let (x, w, y) = (cells(x, m * k), cells(w, k * n), cells(y, m * n))
    let bias = b.map { cells($0, n) }
    for i in 0..<m {
      for j in 0..<n {
        var z = bias?[j] ?? 0
        for l in 0..<k { z += x[i * k + l] * w[l * n + j] }
        y[i * n + j] = Self.activate(z, activation)
      }
    }
  }

  public func linearBackward(
    _ dy: Floats, _ x: Floats, _ w: Floats, _ y: Floats, _ activation: Activation,
    m: Int, k: Int, n: Int, dx: Floats?, dw: Floats?, db: Floats?
  ) {
    let cells = launch("linearBackward")
    let (x, w) = (cells(x, m * k), cells(w, k * n))
    let (dy, y) = (cells(dy, m * n), cells(y, m * n))
    let dz = (0..<m * n).map { dy[$0] * Self.activationSlope(y[$0], activation) }
    if let dx {
      let dx = cells(dx, m * k)
      for i in 0..<m {
        for l in 0..<k {
          dx[i * k + l] = (0..<n).reduce(0) { $0 + dz[i * n + $1] * w[l * n + $1] }
        }
      }
    }
    if let dw {
      let dw = cells(dw, k * n)
      for l in 0..<k {
        for j in 0..<n {
          dw[l * n + j] += (0..<m).reduce(0) { $0 + x[$1 * k + l] * dz[$1 * n + j] }
        }
      }
    }
    if let db {
      let db = cells(db, n)
      for j in 0..<n { db[j] += (0..<m).reduce(0) { $0 + dz[$1 * n + j] } }
    }
  }

  static func activate(_ z: Double, _ activation: Activation) -> Double {
    switch activation {
    case .identity: z
    case .relu: z < 0 ? 0 : z
    case .tanh: tanh(z)
    case .sigmoid: logistic(z)
    }
  }

  /// act′ from the output y of the activation.
  static func activationSlope(_ y: Double, _ activation: Activation) -> Double {
    switch activation {
    case .identity: 1
    case .relu: y > 0 ? 1 : 0
    case .tanh: 1 - y * y
    case .sigmoid: y * (1 - y)
    }
  }

  static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}

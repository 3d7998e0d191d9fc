/// How fresh weights are drawn; on the host, so that they are the same bits on every device.
public enum Initializer: Sendable, Hashable {
  /// 0.
  case zeros
  /// One value for all.
  case constant(Float)
  /// U(low, high).
  case uniform(low: Float, high: Float)
  /// N(0, deviation²).
  case normal(deviation: Float)
  /// U(±√(6 / (in + out))). Glorot & Bengio 2010, eq. 16.
  case glorotUniform
  /// U(±√(6 / in)), for ReLU. He et al. 2015, eq. 10.
  case heUniform

  /// `shape` is [in, out] for the two that scale by it.
  func values(shape: Shape, random: inout Philox) -> [Float] {
    func uniform(_ low: Float, _ high: Float) -> [Float] {
      (0..<shape.count).map { _ in low + (high - low) * random.uniform() }
    }
    switch self {
    case .zeros: return Array(repeating: 0, count: shape.count)
    case .constant(let value): return Array(repeating: value, count: shape.count)
    case .uniform(let low, let high): return uniform(low, high)
    case .normal(let deviation): return (0..<shape.count).map { _ in deviation * random.normal() }
    case .glorotUniform:
      let bound = (6 / Float(shape[0] + shape[1])).squareRoot()
      return uniform(-bound, bound)
    case .heUniform:
      let bound = (6 / Float(shape[0])).squareRoot()
      return uniform(-bound, bound)
    }
  }
}

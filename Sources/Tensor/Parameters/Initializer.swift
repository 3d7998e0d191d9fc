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

  /// Words of a generator that a weight takes.
  private var words: Int {
    switch self {
    case .zeros, .constant: 0
    case .uniform, .glorotUniform, .heUniform: 1
    case .normal: 2
    }
  }

  /// The weights `places` of a shape, in C order; the others are passed over, as if they were drawn.
  func values(shape: Shape, places: Range<Int>, random: inout Philox) -> [Float] {
    random.skip(words: words * places.lowerBound)
    defer { random.skip(words: words * (shape.count - places.upperBound)) }
    return values(shape: shape, count: places.count, random: &random)
  }

  /// `shape` is [in, out] for the two that scale by it.
  ///
  /// - Parameter count: of how many weights, the first; nil: of all.
  func values(shape: Shape, count: Int? = nil, random: inout Philox) -> [Float] {
    let count = count ?? shape.count
    func uniform(_ low: Float, _ high: Float) -> [Float] {
      (0..<count).map { _ in low + (high - low) * random.uniform() }
    }
    switch self {
    case .zeros: return Array(repeating: 0, count: count)
    case .constant(let value): return Array(repeating: value, count: count)
    case .uniform(let low, let high): return uniform(low, high)
    case .normal(let deviation): return (0..<count).map { _ in deviation * random.normal() }
    case .glorotUniform:
      let bound = (6 / Float(shape[0] + shape[1])).squareRoot()
      return uniform(-bound, bound)
    case .heUniform:
      let bound = (6 / Float(shape[0])).squareRoot()
      return uniform(-bound, bound)
    }
  }
}

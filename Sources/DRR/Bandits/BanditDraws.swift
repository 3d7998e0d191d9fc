import Platform
import Tensor

/// Draws in double precision.
extension Philox {
  /// (0, 1), an odd multiple of 2⁻⁵³; takes two words.
  mutating func openUnit() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }

  package mutating func coin(_ probability: Double) -> Bool { openUnit() < probability }

  /// A standard normal draw by the polar method (Marsaglia & Bray 1964).
  package mutating func gaussian() -> Double {
    while true {
      let (x, y) = (2 * openUnit() - 1, 2 * openUnit() - 1)
      let square = x * x + y * y
      if square < 1, square > 0 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// A draw of Gamma(shape, 1), shape ≥ 1 (Marsaglia & Tsang 2000).
  package mutating func gamma(_ shape: Double) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = gaussian()
      let t = 1 + c * x
      if t <= 0 { continue }
      let v = t * t * t
      let u = openUnit()
      if u < 1 - 0.0331 * x * x * x * x || log(u) < 0.5 * x * x + d * (1 - v + log(v)) {
        return d * v
      }
    }
  }

  /// A draw of Beta(a, b), a and b ≥ 1.
  package mutating func beta(_ a: Double, _ b: Double) -> Double {
    let x = gamma(a)
    return x / (x + gamma(b))
  }

  /// A place of `weights` with a probability in proportion to its weight.
  package mutating func place(in weights: [Double]) -> Int {
    var rest = openUnit() * weights.reduce(0, +)
    for (place, weight) in weights.enumerated() where weight > 0 {
      rest -= weight
      if rest < 0 { return place }
    }
    return weights.lastIndex { $0 > 0 } ?? 0
  }
}

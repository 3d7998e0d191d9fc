import Platform

/// Least squares with a penalty, one observation after another: A = λI + Σ x xᵀ, b = Σ r x.
public struct RidgeRegression: Codable, Sendable {
  /// d, the number of features.
  public let width: Int
  /// θ = A⁻¹b.
  public private(set) var coefficients: [Double]
  /// ln det A − d ln λ.
  public private(set) var logDeterminant = 0.0
  /// A⁻¹, [width, width].
  public private(set) var inverse: [Double]
  private var right: [Double]

  /// `regularization`: λ > 0.
  public init(width: Int, regularization: Double) {
    self.width = width
    inverse = Array(repeating: 0, count: width * width)
    right = Array(repeating: 0, count: width)
    coefficients = right
    for i in 0..<width { inverse[i * width + i] = 1 / regularization }
  }

  /// Whether this, read from a file, is as wide as another, and all its numbers are in `range`.
  package func follows(_ fresh: Self, in range: ClosedRange<Double>) -> Bool {
    width == fresh.width && range ~= logDeterminant
      && [(coefficients, width), (inverse, width * width), (right, width)].allSatisfy {
        $0.count == $1 && $0.allSatisfy(range.contains)
      }
  }

  /// A⁻¹x.
  public func solve(_ x: [Double]) -> [Double] { x.withUnsafeBufferPointer { solve($0) } }

  package func solve(_ x: UnsafeBufferPointer<Double>) -> [Double] {
    [Double](unsafeUninitializedCapacity: width) { y, count in
      count = width
      y.initialize(repeating: 0)
      // A⁻¹ is symmetric: by columns, so that the loop is one of vectors.
      inverse.withUnsafeBufferPointer { inverse in
        for i in 0..<width {
          add(
            x[i], times: UnsafeBufferPointer(rebasing: inverse[i * width..<(i + 1) * width]), to: y)
        }
      }
    }
  }

  /// θᵀx.
  package func expected(_ x: UnsafeBufferPointer<Double>) -> Double {
    coefficients.withUnsafeBufferPointer { dot($0, x) }
  }

  /// xᵀA⁻¹x, from the lower triangle.
  package func variance(_ x: UnsafeBufferPointer<Double>) -> Double {
    inverse.withUnsafeBufferPointer { inverse in
      var sum = 0.0
      for i in 0..<width {
        let row = UnsafeBufferPointer(rebasing: inverse[i * width..<i * width + i])
        sum += x[i] * (2 * dot(row, x) + inverse[i * width + i] * x[i])
      }
      return max(sum, 0)
    }
  }

  /// Learns from one observation: features [width] and the reward r that they had.
  public mutating func observe(_ x: [Double], _ reward: Double) {
    x.withUnsafeBufferPointer { observe($0, reward) }
  }

  package mutating func observe(_ x: UnsafeBufferPointer<Double>, _ reward: Double) {
    take(x, reward)
    coefficients = solve(right)
  }

  /// Learns from one observation after another, of which only the last tells the coefficients.
  package mutating func observe(_ observations: some Sequence<(x: [Double], reward: Double)>) {
    for (x, reward) in observations { x.withUnsafeBufferPointer { take($0, reward) } }
    coefficients = solve(right)
  }

  /// Sherman and Morrison: A⁻¹ less (A⁻¹x)(A⁻¹x)ᵀ / (1 + xᵀA⁻¹x).
  private mutating func take(_ x: UnsafeBufferPointer<Double>, _ reward: Double) {
    let gain = solve(x).withUnsafeBufferPointer { direction in
      let gain = 1 + dot(x, direction)
      inverse.withUnsafeMutableBufferPointer { inverse in
        for i in 0..<width {
          add(
            -(direction[i] / gain), times: direction,
            to: UnsafeMutableBufferPointer(rebasing: inverse[i * width..<(i + 1) * width]))
        }
      }
      return gain
    }
    for i in 0..<width { right[i] += reward * x[i] }
    logDeterminant += log(gain)
  }
}

/// y += factor · x
@inline(__always)
private func add(
  _ factor: Double, times x: UnsafeBufferPointer<Double>, to y: UnsafeMutableBufferPointer<Double>
) {
  guard let x = x.baseAddress, let start = y.baseAddress else { return }
  for i in 0..<y.count { start[i] += factor * x[i] }
}

package func dot(_ a: [Double], _ b: [Double]) -> Double {
  a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { dot(a, $0) } }
}

/// As many products as the shorter one has elements.
@inline(__always)
package func dot(_ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>) -> Double {
  var sums = SIMD4<Double>()
  let count = min(a.count, b.count)
  let whole = count / 4 * 4
  for at in stride(from: 0, to: whole, by: 4) {
    for lane in 0..<4 { sums[lane] += a[at + lane] * b[at + lane] }
  }
  return (whole..<count).reduce(sums.sum()) { $0 + a[$1] * b[$1] }
}

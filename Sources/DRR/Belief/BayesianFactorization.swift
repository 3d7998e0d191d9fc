import Tensor

/// Variational Bayesian matrix factorisation with biases (Lim & Teh 2007, section 3):
/// reward = mean + b_u + b_i + ⟨p_u, q_i⟩ + noise, each user's [p_u ; b_u] and each item's [q_i ; b_i]
/// Gaussian, their prior variances and the noise fitted with them. Where little is known of an item
/// its vector stays near 0, and what is known of a user can be brought up to date at any time
/// (``Belief``).
public struct BayesianFactorization: Sendable {
  public struct Configuration: Codable, Hashable, Sendable {
    /// d, the length of a vector.
    public var dimension: Int
    /// Sweeps over items and users.
    public var sweeps = 12

    public init(dimension: Int) { self.dimension = dimension }

    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require("belief dimension", dimension, "1 ... 256") {
        (1...256).contains($0)
      }
      try ConfigurationError.require("belief sweeps", sweeps, "1 ... 1000") {
        (1...1_000).contains($0)
      }
    }
  }

  public let configuration: Configuration
  public let mean: Float
  /// 1 / variance of the noise.
  public let noisePrecision: Float
  /// Prior variances of a user's [p ; b].
  public let userVariances: [Float]
  public let items: Posteriors

  public var dimension: Int { configuration.dimension }

  /// Gaussian posteriors of many vectors of width d + 1, the bias last: means, and covariances as
  /// packed lower triangles.
  public struct Posteriors: Sendable {
    public let width: Int
    public internal(set) var means: [Float]
    public internal(set) var covariances: [Float]

    init(count: Int, width: Int) {
      self.width = width
      means = [Float](repeating: 0, count: count * width)
      covariances = [Float](repeating: 0, count: count * triangle(width))
    }

    package init(width: Int, means: [Float], covariances: [Float]) {
      self.width = width
      self.means = means
      self.covariances = covariances
    }

    public var count: Int { means.count / width }

    /// Mean of the squares in each coordinate, the prior variance that explains them best.
    func secondMoments() -> [Float] {
      (0..<width).map { k in
        var sum = 0.0
        for row in 0..<count {
          let mean = Double(means[row * width + k])
          sum += mean * mean + Double(covariances[row * triangle(width) + triangle(k) + k])
        }
        return Float(max(sum / Double(max(count, 1)), 1e-6))
      }
    }
  }
}

/// Elements of a packed lower triangle of that width.
package func triangle(_ width: Int) -> Int { width * (width + 1) / 2 }

/// The Gaussian posterior of a vector [x ; b] under y = mean + ⟨x, z⟩ + b + c + noise, where [z ; c]
/// is another Gaussian: precision and precision times mean.
package struct GaussianAccumulator {
  let width: Int
  private(set) var precision: [Double]
  private(set) var shifted: [Double]

  package init(priorVariances: [Float]) {
    width = priorVariances.count
    precision = [Double](repeating: 0, count: triangle(width))
    shifted = [Double](repeating: 0, count: width)
    for k in 0..<width { precision[triangle(k) + k] = 1 / Double(priorVariances[k]) }
  }

  /// Takes in one y: E[f fᵀ] and E[f (y − mean − c)], f = [z ; 1].
  package mutating func observe(
    _ value: Float, _ other: BayesianFactorization.Posteriors, _ row: Int, mean: Float,
    noisePrecision: Float
  ) {
    let bias = width - 1
    let size = triangle(width)
    let noise = Double(noisePrecision)
    other.means.withUnsafeBufferPointer { means in
      other.covariances.withUnsafeBufferPointer { covariances in
        let z = means.baseAddress! + row * width
        let s = covariances.baseAddress! + row * size
        let residual = Double(value - mean - z[bias])
        var at = 0
        for i in 0..<bias {
          let zi = z[i]
          for j in 0...i { precision[at + j] += noise * Double(zi * z[j] + s[at + j]) }
          at += i + 1
        }
        for j in 0..<bias {
          precision[at + j] += noise * Double(z[j])
          shifted[j] += noise * (Double(z[j]) * residual - Double(s[at + j]))
        }
        precision[at + bias] += noise
        shifted[bias] += noise * residual
      }
    }
  }

  /// The posterior's mean.
  package func mean() -> [Float] {
    var factor = precision
    choleskyFactor(&factor, width)
    return choleskySolve(factor, shifted, width).map { Float($0) }
  }

  /// Writes mean and covariance to a row of `posteriors`.
  package func write(to posteriors: inout BayesianFactorization.Posteriors, row: Int) {
    var factor = precision
    choleskyFactor(&factor, width)
    let mean = choleskySolve(factor, shifted, width)
    for k in 0..<width { posteriors.means[row * width + k] = Float(mean[k]) }
    let inverse = choleskyInverse(factor, width)
    let first = row * triangle(width)
    for k in inverse.indices { posteriors.covariances[first + k] = Float(inverse[k]) }
  }
}

/// L of A = L Lᵀ, in place; both packed lower triangles.
func choleskyFactor(_ a: inout [Double], _ n: Int) {
  a.withUnsafeMutableBufferPointer { a in
    for i in 0..<n {
      let row = triangle(i)
      for j in 0...i {
        let other = triangle(j)
        var sum = a[row + j]
        for k in 0..<j { sum -= a[row + k] * a[other + k] }
        a[row + j] = i == j ? sum.squareRoot() : sum / a[other + j]
      }
    }
  }
}

/// x of L Lᵀ x = b.
func choleskySolve(_ l: [Double], _ b: [Double], _ n: Int) -> [Double] {
  var x = b
  for i in 0..<n {
    let row = triangle(i)
    for k in 0..<i { x[i] -= l[row + k] * x[k] }
    x[i] /= l[row + i]
  }
  for i in (0..<n).reversed() {
    for k in i + 1..<n { x[i] -= l[triangle(k) + i] * x[k] }
    x[i] /= l[triangle(i) + i]
  }
  return x
}

/// (L Lᵀ)⁻¹ as a packed lower triangle.
private func choleskyInverse(_ l: [Double], _ n: Int) -> [Double] {
  // M = L⁻¹, row by row; the inverse is Mᵀ M.
  var m = [Double](repeating: 0, count: l.count)
  var inverse = m
  l.withUnsafeBufferPointer { l in
    m.withUnsafeMutableBufferPointer { m in
      for i in 0..<n {
        let row = triangle(i)
        for j in 0..<i {
          var sum = 0.0
          for k in j..<i { sum -= l[row + k] * m[triangle(k) + j] }
          m[row + j] = sum / l[row + i]
        }
        m[row + i] = 1 / l[row + i]
      }
      inverse.withUnsafeMutableBufferPointer { inverse in
        for k in 0..<n {
          let row = triangle(k)
          for i in 0...k {
            let scale = m[row + i]
            for j in 0...i { inverse[triangle(i) + j] += scale * m[row + j] }
          }
        }
      }
    }
  }
  return inverse
}

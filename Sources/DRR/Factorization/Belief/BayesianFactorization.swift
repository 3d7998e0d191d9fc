import DRRCore
import Tensor

/// Variational Bayesian matrix factorisation with biases (Lim & Teh 2007, section 3): reward = mean
/// + b_u + b_i + ⟨p_u, q_i⟩ + noise, each user's [p_u ; b_u] and each item's [q_i ; b_i] Gaussian,
/// their prior variances and the noise fitted with them. Where little is known of an item its
/// vector stays near 0, and what is known of a user can be brought up to date at any time
/// (``Belief``).
public struct BayesianFactorization: Sendable {
  /// Settings of a fit.
  public struct Configuration: Codable, Hashable, Sendable {
    /// d, the length of a vector.
    public var dimension: Int
    /// Sweeps over items and users; of a fit that begins with an earlier one's posteriors at most.
    public var sweeps = 12

    /// The default number of sweeps.
    public init(dimension: Int) { self.dimension = dimension }

    /// - Throws: `ConfigurationError` for a setting that cannot work.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require("belief dimension", dimension, in: 1...256)
      try ConfigurationError.require("belief sweeps", sweeps, in: 1...1_000)
    }
  }

  /// What it was fitted by.
  public let configuration: Configuration
  /// The mean reward.
  public let mean: Float
  /// 1 / variance of the noise.
  public let noisePrecision: Float
  /// Prior variances of a user's [p ; b].
  public let userVariances: [Float]
  /// The items' posteriors.
  public let items: Posteriors
  /// Sweeps that the fit took.
  public let sweeps: Int

  /// d, the length of a vector without its bias.
  public var dimension: Int { configuration.dimension }

  /// Gaussian posteriors of many vectors of width d + 1, the bias last: means, and covariances as
  /// packed lower triangles.
  public struct Posteriors: Sendable {
    /// d + 1.
    public let width: Int
    /// [count, width]
    public internal(set) var means: [Float]
    /// [count, width (width + 1) / 2]
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

    /// How many vectors there are.
    public var count: Int { means.count / width }

    /// A row's mean and covariance.
    func withRow<Result>(
      _ row: Int, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Result
    ) -> Result {
      means.withUnsafeBufferPointer { means in
        covariances.withUnsafeBufferPointer {
          body(means.baseAddress! + row * width, $0.baseAddress! + row * triangle(width))
        }
      }
    }

    /// Takes a row of others as its own.
    mutating func copy(_ row: Int, of others: Posteriors, to own: Int) {
      let size = triangle(width)
      means.replaceSubrange(
        own * width..<(own + 1) * width, with: others.means[row * width..<(row + 1) * width])
      covariances.replaceSubrange(
        own * size..<(own + 1) * size, with: others.covariances[row * size..<(row + 1) * size])
    }

    /// Overwrites every row, on all cores.
    package mutating func overwrite(by posterior: @Sendable (_ row: Int) -> GaussianAccumulator) {
      let (count, width, size) = (count, width, triangle(width))
      means.withUnsafeMutableBufferPointer { means in
        covariances.withUnsafeMutableBufferPointer { covariances in
          nonisolated(unsafe) let (means, covariances) = (means, covariances)
          _ = concurrentMap(count) { row in
            let (mean, covariance) = posterior(row).posterior()
            for k in 0..<width { means[row * width + k] = Float(mean[k]) }
            for k in 0..<size { covariances[row * size + k] = Float(covariance[k]) }
          }
        }
      }
    }

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

/// The Gaussian posterior of a vector [x ; b] under y = mean + ⟨x, z⟩ + b + c + noise, where [z ;
/// c] is another Gaussian: precision and precision times mean.
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
    let noise = Double(noisePrecision)
    precision.withUnsafeMutableBufferPointer { precision in
      shifted.withUnsafeMutableBufferPointer { shifted in
        other.withRow(row) { z, s in
          var (p, s) = (precision.baseAddress!, s)
          let residual = Double(value - mean - z[bias])
          for i in 0..<bias {
            let zi = z[i]
            for j in 0..<i + 1 { p[j] += noise * Double(zi * z[j] + s[j]) }
            (p, s) = (p + i + 1, s + i + 1)
          }
          for j in 0..<bias {
            p[j] += noise * Double(z[j])
            shifted[j] += noise * (Double(z[j]) * residual - Double(s[j]))
          }
          p[bias] += noise
          shifted[bias] += noise * residual
        }
      }
    }
  }

  /// The posterior's mean.
  package func mean() -> [Float] {
    solvePositiveDefinite(precision, shifted, width).map { Float($0) }
  }

  /// Mean and covariance, [width] and a packed lower triangle.
  func posterior() -> (mean: [Double], covariance: [Double]) {
    var factor = precision
    choleskyFactor(&factor, width)
    return (choleskySolve(factor, shifted, width), choleskyInverse(factor, width))
  }
}

import Factorization

/// Dense float64 algebra to check packed float32 against.
package enum Dense {
  /// A⁻¹B by Gauss–Jordan elimination with row exchanges.
  private static func solve(_ matrix: [[Double]], _ right: [[Double]]) -> [[Double]] {
    let n = matrix.count
    var rows = zip(matrix, right).map { $0 + $1 }
    for column in 0..<n {
      let pivot = (column..<n).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
      rows.swapAt(column, pivot)
      let scale = rows[column][column]
      rows[column] = rows[column].map { $0 / scale }
      for other in 0..<n where other != column {
        let factor = rows[other][column]
        for k in rows[other].indices { rows[other][k] -= factor * rows[column][k] }
      }
    }
    return rows.map { Array($0[n...]) }
  }

  /// A⁻¹b.
  package static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    solve(matrix, right.map { [$0] }).map { $0[0] }
  }

  package static func inverse(_ matrix: [[Double]]) -> [[Double]] {
    solve(matrix, matrix.indices.map { i in matrix.indices.map { $0 == i ? 1 : 0 } })
  }

  package static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// A packed lower triangle as a matrix.
  package static func unpacked(_ triangle: some Collection<Float>, width: Int) -> [[Double]] {
    let packed = triangle.map { Double($0) }
    return (0..<width).map { i in
      (0..<width).map { j in
        let (row, column) = (max(i, j), min(i, j))
        return packed[row * (row + 1) / 2 + column]
      }
    }
  }
}

/// Mean and covariance of one Gaussian vector, the bias last.
package struct DenseGaussian {
  package var mean: [Double]
  package var covariance: [[Double]]

  package init(mean: [Double], covariance: [[Double]]) {
    self.mean = mean
    self.covariance = covariance
  }

  /// The posterior of the vector of one side of ratings, given the other side's.
  package static func posterior(
    _ ratings: [(value: Double, other: DenseGaussian)], priorVariances: [Double], mean: Double,
    noisePrecision: Double
  ) -> DenseGaussian {
    let width = priorVariances.count
    var precision = (0..<width).map { i in
      (0..<width).map { $0 == i ? 1 / priorVariances[i] : 0 }
    }
    var shifted = [Double](repeating: 0, count: width)
    for (value, other) in ratings {
      let bias = width - 1
      // E[f fᵀ] and E[f (y − mean − c)] of f = [z ; 1].
      for i in 0..<width {
        let zi = i == bias ? 1 : other.mean[i]
        for j in 0..<width {
          let zj = j == bias ? 1 : other.mean[j]
          let spread = i == bias || j == bias ? 0 : other.covariance[i][j]
          precision[i][j] += noisePrecision * (zi * zj + spread)
        }
        let spread = i == bias ? 0 : other.covariance[i][bias]
        shifted[i] += noisePrecision * (zi * (value - mean - other.mean[bias]) - spread)
      }
    }
    let covariance = Dense.inverse(precision)
    return DenseGaussian(mean: Dense.product(covariance, shifted), covariance: covariance)
  }
}

extension BayesianFactorization.Posteriors {
  package func dense(_ row: Int) -> DenseGaussian {
    let size = width * (width + 1) / 2
    return DenseGaussian(
      mean: means[row * width..<(row + 1) * width].map { Double($0) },
      covariance: Dense.unpacked(covariances[row * size..<(row + 1) * size], width: width))
  }
}

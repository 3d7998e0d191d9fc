import DRRCore
import Platform

/// Principal components of vectors: the plane in which they differ most.
package struct Projection: Sendable {
  /// [N], both coordinates.
  package let points: [(x: Double, y: Double)]
  /// The share of the variance that lies in the plane, 0 ... 1.
  package let share: Double
  private let mean: [Double]
  private let axes: (first: [Double], second: [Double])

  /// The place of any vector of the same length.
  package func point(of vector: [Float]) -> (x: Double, y: Double) {
    mean.indices.reduce((0.0, 0.0)) { sum, at in
      let value = Double(vector[at]) - mean[at]
      return (sum.0 + value * axes.first[at], sum.1 + value * axes.second[at])
    }
  }

  /// Of `count` vectors of length `width`, by orthogonal iteration on their covariance, from a start
  /// that is always the same.
  package init(_ vectors: [Float], width: Int) {
    let count = vectors.count / width
    var mean = [Double](repeating: 0, count: width)
    for (place, value) in vectors.enumerated() { mean[place % width] += Double(value) }
    for column in 0..<width { mean[column] /= Double(max(count, 1)) }
    var covariance = [Double](repeating: 0, count: width * width)
    for row in 0..<count {
      let centered = (0..<width).map { Double(vectors[row * width + $0]) - mean[$0] }
      for i in 0..<width {
        for j in 0..<width { covariance[i * width + j] += centered[i] * centered[j] }
      }
    }
    func multiplied(_ vector: [Double]) -> [Double] {
      (0..<width).map { row in
        (0..<width).reduce(0) { $0 + covariance[row * width + $1] * vector[$1] }
      }
    }
    func normalized(_ vector: [Double], against other: [Double]? = nil) -> [Double] {
      var vector = vector
      if let other {
        let along = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
        for place in vector.indices { vector[place] -= along * other[place] }
      }
      let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return length > 0 ? vector.map { $0 / length } : vector
    }
    var first = normalized((0..<width).map { 1 + 0.01 * Double($0 % 7) })
    var second = normalized((0..<width).map { $0 % 2 == 0 ? 1 : -1 }, against: first)
    for _ in 0..<200 {
      first = normalized(multiplied(first))
      second = normalized(multiplied(second), against: first)
    }
    // Of the two directions of a component the one whose largest part is positive.
    func turned(_ vector: [Double]) -> [Double] {
      let largest = vector.max { abs($0) < abs($1) } ?? 0
      return largest < 0 ? vector.map { -$0 } : vector
    }
    (first, second) = (turned(first), turned(second))
    let (a, b) = (first, second)
    self.mean = mean
    axes = (first, second)
    points = (0..<count).map { row in
      (0..<width).reduce((0.0, 0.0)) { sum, place in
        let value = Double(vectors[row * width + place]) - mean[place]
        return (sum.0 + value * a[place], sum.1 + value * b[place])
      }
    }
    let total = (0..<width).reduce(0) { $0 + covariance[$1 * width + $1] }
    let within = points.reduce(0) { $0 + $1.x * $1.x + $1.y * $1.y }
    share = total > 0 ? within / total : 0
  }
}

/// Numeric derivatives by central differences in Float64.
public enum FiniteDifference {
  public static let step = 1e-5

  /// ∂f/∂x_i at `point` for each i of `coordinates`.
  public static func gradient(
    at point: [Double], coordinates: [Int], of f: ([Double]) throws -> Double
  ) rethrows -> [Double] {
    var point = point
    return try coordinates.map { i in
      let middle = point[i]
      defer { point[i] = middle }
      point[i] = middle + step
      let above = try f(point)
      point[i] = middle - step
      return (above - (try f(point))) / (2 * step)
    }
  }
}

/// How many of some values lie in each of a few ranges of equal width.
public struct Histogram: Codable, Hashable, Sendable {
  /// The ranges' bounds, ascending, one more than there are ranges.
  public let edges: [Double]
  /// Values of each range, its lower bound included, and of the last the upper one too.
  public let counts: [Int]

  /// A histogram by its parts.
  package init(edges: [Double], counts: [Int]) {
    self.edges = edges
    self.counts = counts
  }

  /// Of values from the least to the largest; nil where there are none, or one is no finite number.
  public init?(_ values: [Float], ranges: Int = 10) {
    guard var low = values.min().map(Double.init), var high = values.max().map(Double.init),
      values.allSatisfy(\.isFinite)
    else { return nil }
    if low == high {
      // Of a large number a half is less than its last digit.
      let margin = max(0.5, abs(low) * 1e-6)
      (low, high) = (low - margin, high + margin)
    }
    let width = (high - low) / Double(ranges)
    var counts = [Int](repeating: 0, count: ranges)
    for value in values { counts[min(Int((Double(value) - low) / width), ranges - 1)] += 1 }
    edges = (0..<ranges).map { low + Double($0) * width } + [high]
    self.counts = counts
  }
}

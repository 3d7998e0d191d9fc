import Platform

/// How many importance weights lie in each quarter of a power of ten. The ranges are the same for
/// every policy and log, so that their histograms compare.
public struct WeightHistogram: Codable, Hashable, Sendable {
  /// The ranges' bounds, ascending from 10⁻⁶ to 10⁶, one more than there are ranges.
  public let edges: [Double]
  /// Weights of each range, its lower bound included.
  public private(set) var counts: [Int]
  /// Weights of 0: decisions that the policy never takes.
  public private(set) var zeros = 0
  /// Weights above 0 and below the first range.
  public private(set) var below = 0
  /// Weights at or above the last bound.
  public private(set) var above = 0

  /// Counts weights, which are at least 0.
  public init(_ weights: [Double]) {
    edges = (-24...24).map { pow(10, Double($0) / 4) }
    counts = Array(repeating: 0, count: edges.count - 1)
    for weight in weights {
      if weight <= 0 {
        zeros += 1
      } else if weight < edges[0] {
        below += 1
      } else if weight < edges[edges.count - 1] {
        // The first bound above it, by halves: a logarithm would round at a bound.
        var (low, high) = (0, counts.count)
        while high - low > 1 {
          let middle = (low + high) / 2
          if edges[middle] <= weight { low = middle } else { high = middle }
        }
        counts[low] += 1
      } else {
        above += 1
      }
    }
  }

  /// Reads one, of whatever ranges.
  ///
  /// - Throws: `DecodingError` unless the bounds rise from above 0, with a count of at least 0 between
  ///   each two.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    edges = try fields.decode([Double].self, forKey: .edges)
    counts = try fields.decode([Int].self, forKey: .counts)
    zeros = try fields.decode(Int.self, forKey: .zeros)
    below = try fields.decode(Int.self, forKey: .below)
    above = try fields.decode(Int.self, forKey: .above)
    let isRising = zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 && $1.isFinite }
    guard edges.count > 1, edges[0] > 0, isRising, counts.count == edges.count - 1,
      ([zeros, below, above] + counts).allSatisfy({ 0...1 << 48 ~= $0 })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .counts, in: fields, debugDescription: "no counts between rising bounds")
    }
  }
}

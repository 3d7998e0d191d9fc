import DRRCore

/// What a world of slates is made with.
public protocol WorldSettings: Codable, Hashable, Sendable {
  /// The default: that of the original program.
  init()
  /// - Throws: `ConfigurationError`, which names a setting that cannot work, its value and what would.
  func validate() throws(ConfigurationError)
}

/// What all worlds of documents have.
public struct SlateSettings: Codable, Hashable, Sendable {
  /// N, documents that are offered at a step.
  public var candidates = 10
  /// K, documents that are shown.
  public var slate: Int
  /// Whether others are offered at every step; otherwise one set is for all users and steps.
  public var resamples = true

  init(slate: Int) { self.slate = slate }

  func validate() throws(ConfigurationError) {
    try ConfigurationError.require("candidates", candidates, in: 1...10_000)
    try ConfigurationError.require("slate", slate, in: 1...min(candidates, 100))
  }
}

extension ConfigurationError {
  /// Steps of an episode.
  static func requireSteps(_ name: String, _ value: Int) throws(ConfigurationError) {
    try require(name, value, in: 1...1_000_000)
  }

  /// Probabilities of the kinds of something.
  static func requireShares(_ name: String, _ values: [Double]) throws(ConfigurationError) {
    try require(name, values, "1 to 100 numbers between 0 and 1 that add up to 1") {
      1...100 ~= $0.count && $0.allSatisfy { $0 >= 0 && $0 <= 1 }
        && abs($0.reduce(0, +) - 1) < 1e-9
    }
  }

  /// One number for each of so many, each within a range.
  static func requireEach(
    _ name: String, _ values: [Double], _ count: Int, in range: ClosedRange<Double>
  ) throws(ConfigurationError) {
    try require(
      name, values, "\(count) numbers within \(range.lowerBound) ... \(range.upperBound)"
    ) { $0.count == count && $0.allSatisfy { range ~= $0 } }
  }
}

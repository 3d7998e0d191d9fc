/// A setting that cannot work, named with its value and what would.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error of one sentence: the setting, its value, and what would do.
  public init(_ description: String) { self.description = description }

  package static func require<Value>(
    _ name: String, _ value: Value, _ expectation: @autoclosure () -> String,
    _ holds: (Value) -> Bool
  ) throws(ConfigurationError) {
    if !holds(value) {
      throw ConfigurationError("\(name) is \(value); it must be \(expectation())")
    }
  }

  package static func require<Value: Comparable>(
    _ name: String, _ value: Value, in range: ClosedRange<Value>
  ) throws(ConfigurationError) {
    try require(name, value, "\(text(range.lowerBound)) ... \(text(range.upperBound))") {
      range.contains($0)
    }
  }

  /// What can be counted: the product of two such numbers and of some small ones is a number still.
  package static let mostCounted = 1_000_000_000_000

  package static func require(
    _ name: String, _ value: Int, in range: PartialRangeFrom<Int>
  ) throws(ConfigurationError) {
    try require(name, value, "\(text(range.lowerBound)) or more") { range.contains($0) }
    try require(name, value, "at most \(text(mostCounted))") { $0 <= mostCounted }
  }

  /// What a floating-point number may be. Neither NaN nor infinity is any of these.
  package enum Quantity: String {
    case share = "between 0 and 1"
    case positive = "a positive number"
    case notNegative = "0 or more"
  }

  package static func require<Value: BinaryFloatingPoint>(
    _ name: String, _ value: Value, _ quantity: Quantity
  ) throws(ConfigurationError) {
    try require(name, value, quantity.rawValue) {
      switch quantity {
      case .share: $0 >= 0 && $0 <= 1
      case .positive: $0 > 0 && $0.isFinite
      case .notNegative: $0 >= 0 && $0.isFinite
      }
    }
  }

  /// A bound in words: 0, 65536, 1,000,000,000.
  private static func text(_ bound: some Comparable) -> String {
    let digits = "\(bound)".replacing(/\.0$/, with: "")
    guard digits.count > 6 else { return digits }
    return digits.reversed().enumerated().reduce("") { text, digit in
      String(digit.element) + (digit.offset > 0 && digit.offset % 3 == 0 ? "," : "") + text
    }
  }
}

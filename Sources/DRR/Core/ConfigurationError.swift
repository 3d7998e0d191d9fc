/// A setting that cannot work, named with its value and what would.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }

  package static func require<Value>(
    _ name: String, _ value: Value, _ expectation: String, _ holds: (Value) -> Bool
  ) throws(ConfigurationError) {
    if !holds(value) {
      throw ConfigurationError("\(name) is \(value); it must be \(expectation)")
    }
  }
}

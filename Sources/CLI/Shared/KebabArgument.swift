import ArgumentParser

/// A value whose stored name is camelCase, and which is written kebab-case on the command line.
/// The stored name is taken too.
public protocol KebabArgument: ExpressibleByArgument, CaseIterable, RawRepresentable
where RawValue == String {}

extension KebabArgument {
  public init?(argument: String) {
    guard let value = Self.allCases.first(where: { [$0.kebab, $0.rawValue].contains(argument) })
    else { return nil }
    self = value
  }

  public static var allValueStrings: [String] { allCases.map(\.kebab) }

  /// None: a value is described by the option.
  public static var allValueDescriptions: [String: String] { [:] }

  public var defaultValueDescription: String { kebab }

  private var kebab: String {
    rawValue.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
  }
}

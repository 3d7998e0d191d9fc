import ArgumentParser
import DRR
import Kernels

/// A value of an option that has a form of its own.
package protocol FormedArgument: ExpressibleByArgument {
  /// What it must be, as "numbers of at least 1, as 5,10".
  static var form: String { get }
}

extension CommandHelp {
  /// What the values of an option must be, by the type that they are read as; nil where nothing
  /// tells.
  ///
  /// - Parameter option: with its dashes, or the name of an argument.
  static func expectation(of option: String, in command: any ParsableCommand.Type) -> String? {
    let name = option.drop { $0 == "-" }
    return type(of: String(name), in: command.init()).flatMap(expectation)
  }

  private static func expectation(_ type: Any.Type) -> String? {
    switch type {
    case let type as any FormedArgument.Type: type.form
    case let type as any Wrapping.Type: expectation(type.wrapped)
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    default: nil
    }
  }

  private static func type(of name: String, in arguments: Any) -> Any.Type? {
    for child in Mirror(reflecting: arguments).children {
      if let group = child.value as? any Grouping {
        if let found = type(of: name, in: Swift.type(of: group).members) { return found }
      } else if let value = child.value as? any Valued,
        child.label.map({ kebab(String($0.dropFirst())) }) == name
      {
        return Swift.type(of: value).type
      }
    }
    return nil
  }

  /// A property's name as its option's.
  private static func kebab(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
      text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
    }
  }
}

private protocol Wrapping { static var wrapped: Any.Type { get } }
extension Optional: Wrapping { fileprivate static var wrapped: Any.Type { Wrapped.self } }
extension Array: Wrapping { fileprivate static var wrapped: Any.Type { Element.self } }

private protocol Grouping {
  static var members: Any { get }
  var given: Any { get }
}
extension OptionGroup: Grouping {
  fileprivate static var members: Any { Value() }
  fileprivate var given: Any { wrappedValue }
}

private protocol Valued { static var type: Any.Type { get } }
extension Option: Valued { fileprivate static var type: Any.Type { Value.self } }
extension Argument: Valued { fileprivate static var type: Any.Type { Value.self } }

/// Refuses a device that a parsed command names and that is not there, before any work is done.
package func requireNamedDevice(in command: Any) throws {
  if let options = command as? DeviceOptions {
    if options.device != .auto { _ = try DeviceCatalog.resolve(options.device) }
    return
  }
  for child in Mirror(reflecting: command).children {
    if let group = child.value as? any Grouping { try requireNamedDevice(in: group.given) }
  }
}

extension Cutoffs: FormedArgument {
  package static var form: String { "whole numbers of at least 1, as 5,10" }
}

extension PMFConfiguration.Start: FormedArgument {
  package static var form: String {
    "uniform:WIDTH or normal:DEVIATION, as uniform:0.1"
  }
}

extension RatingRange: FormedArgument {
  package static var form: String {
    "the lowest and the highest rating, within a million of 0, as 1,5"
  }
}

extension LikedThreshold: FormedArgument {
  package static var form: String { "a rating, as 3.5, or mean" }
}

extension StepSize: FormedArgument {
  package static var form: String { "a number, 1/n or n^-0.7" }
}

extension Decays: FormedArgument {
  package static var form: String { "numbers between 0 and 1, as 1,0.5" }
}

import ArgumentParser
import DRR
import Essentials

/// What the parser tells of a command: its options, their words and their values.
package struct CommandHelp {
  package struct Option {
    /// With their dashes.
    package var names: [String]
    package var isFlag: Bool
    package var isRepeating: Bool
    /// The words that it takes; empty where it takes others.
    package var values: [String]
    package var help: String

    /// Without dashes.
    package var name: String { String(names[0].drop { $0 == "-" }) }
  }

  package struct Argument {
    package var name: String
    /// The words that it takes; empty where it takes others.
    package var values: [String]
  }

  /// Those that its help shows.
  package let options: [Option]
  /// What it takes without the name of an option.
  package let arguments: [Argument]

  /// The flag that takes a flag back; nil where there is none.
  func inverse(of flag: Option) -> Option? {
    let name = flag.name.hasPrefix("no-") ? String(flag.name.dropFirst(3)) : "no-\(flag.name)"
    return options.first { $0.isFlag && $0.name == name }
  }

  /// A setting that cannot work, by the option for it: "--learning-starts is -1", not "learning
  /// starts is -1".
  package func named(_ error: ConfigurationError) -> ConfigurationError {
    let text = error.description
    for (setting, option) in SettingName.all where text.hasPrefix(setting + " is ") && has(option) {
      return ConfigurationError(option + text.dropFirst(setting.count))
    }
    for (setting, option) in SettingName.within where text.hasPrefix(setting) && has(option) {
      return ConfigurationError("\(option): \(text)")
    }
    if text.hasPrefix("policy "), has("--policy") { return ConfigurationError("--" + text) }
    guard let end = text.range(of: " is ") else { return error }
    let words = "--" + text[..<end.lowerBound].lowercased().replacing(" ", with: "-")
    let options = [words, words.replacing("-width", with: "")] + OldNames.options(for: words)
    guard let option = options.first(where: has) else { return error }
    return ConfigurationError(option + text[end.lowerBound...])
  }

  /// The options that may be for a setting, by its name in a configuration: `testShare`.
  func names(of setting: String) -> [String] {
    let words = setting.reduce(into: "") { $0 += $1.isUppercase ? " \($1.lowercased())" : "\($1)" }
    let option = "--" + words.replacing(" ", with: "-")
    return [option] + OldNames.options(for: option)
      + SettingName.all.filter { $0.setting == words }.map(\.option)
  }

  func has(_ option: String) -> Bool { options.contains { $0.names.contains(option) } }

  package init(of command: any ParsableCommand.Type) throws {
    let help = try JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
    arguments = help.command.arguments.filter { $0.kind == "positional" }.map {
      Argument(name: $0.valueName ?? "", values: $0.allValues ?? [])
    }
    options = help.command.arguments.compactMap { argument in
      let names = (argument.names ?? []).filter { $0.kind == "long" }.map { "--\($0.name)" }
      guard argument.kind != "positional", argument.shouldDisplay, !names.isEmpty else {
        return nil
      }
      return Option(
        names: names, isFlag: argument.kind == "flag", isRepeating: argument.isRepeating,
        values: argument.allValues ?? [],
        help: [argument.abstract, argument.discussion].compactMap { $0 }.joined(separator: " "))
    }
  }

  /// The command that words name, as `train dqn`; nil where they name none.
  package static func command(_ words: some Sequence<String>) -> (any ParsableCommand.Type)? {
    var (found, level): ((any ParsableCommand.Type)?, [any ParsableCommand.Type]) = (nil, commands)
    for word in words {
      guard let next = level.first(where: { $0._commandName == word }) else { break }
      (found, level) = (next, next.configuration.subcommands)
    }
    return found
  }

  /// What is used of `_dumpHelp`.
  private struct Tool: Decodable {
    struct Command: Decodable { var arguments: [Argument] }
    struct Argument: Decodable {
      var valueName: String?
      struct Name: Decodable { var kind, name: String }
      var kind: String
      var isRepeating: Bool
      var shouldDisplay: Bool
      var names: [Name]?
      var allValues: [String]?
      var abstract: String?
      var discussion: String?
    }
    var command: Command
  }
}

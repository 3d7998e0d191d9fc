import ArgumentParser
import DRR

/// What a person is told of a command line that fails: one sentence of what was typed, what is wrong
/// and, behind a semicolon, what to do.
package struct Refusal {
  private let words: [String]
  private let program: any ParsableCommand.Type
  private let command: NamedCommand
  private let help: CommandHelp

  /// - Parameter words: the command line, without the program's own name.
  package init(_ words: [String], of program: any ParsableCommand.Type) throws {
    (self.words, self.program) = (words, program)
    command = NamedCommand(words, of: program)
    help = try CommandHelp(of: command.type)
  }

  /// What is printed of an error.
  ///
  /// - Parameter message: what the parser makes of it.
  package func text(of error: any Error, _ message: String) throws -> String {
    let prefix = "Error: "
    guard message.hasPrefix(prefix) else { return message }
    if let error = error as? ValidationError { return prefix + named(error.message) + usage }
    guard let end = message.range(of: "\nUsage: ") else {
      return prefix
        + named(Remedy.of(error, String(message.dropFirst(prefix.count)), help, given: words))
    }
    let body = message[..<end.lowerBound].dropFirst(prefix.count)
    let sentence = body[..<(body.range(of: "\nHelp: ")?.lowerBound ?? body.endIndex)]
    return prefix + named(self.sentence(String(sentence))) + message[end.lowerBound...]
  }

  private var usage: String {
    "\nUsage: \(program.usageString(for: command.type))\n  See '\(command.title) --help' for more "
      + "information."
  }

  // MARK: - What the parser refuses

  /// A sentence of the parser as one that says what to do; any other as it stands.
  private func sentence(_ text: String) -> String {
    if let found = text.wholeMatch(of: /(?s)Unknown option '(.+?)'.*/) {
      return unknown(String(found.1))
    }
    if let found = text.wholeMatch(of: /Missing value for '(--[^ ']+).*/) {
      return valueless(String(found.1))
    }
    if let found = text.wholeMatch(
      of: /The option '(.+?)' does not take any value, but '(.*)' was specified\./)
    {
      return "\(found.1) takes no value, and \(found.2) is one; write \(found.1) alone"
    }
    if let found = text.wholeMatch(
      of: /(?s)(?:\d+ unexpected arguments|Unexpected argument):? '(.*)'/)
    {
      return unexpected(found.1.components(separatedBy: "', '"))
    }
    if let found = text.wholeMatch(of: /Missing expected argument '(.+)'/) {
      return missing(String(found.1))
    }
    if let found = text.wholeMatch(
      of: /(?s)The value '(.*)' is invalid for '(?:(--[^ ']+) ?)?(?:<(.*?)>)?'(?:: (.*)|.*)/)
    {
      return invalid(String(found.1), found.2.map(String.init), found.3.map(String.init) ?? "")
    }
    if let found = text.wholeMatch(
      of: /Value to be set with flag '(.+)' had already been set with flag '(.+)'/)
    {
      return "\(found.2) and \(found.1) exclude each other; leave one of them out"
    }
    return text
  }

  private func unknown(_ option: String) -> String {
    let names = help.options.flatMap(\.names)
    let remedy =
      nearest(option, in: names).map { "did you mean \($0)?" }
      ?? "`\(command.title) --help` lists them"
    return "\(option) is no option of \(command.title); \(remedy)"
  }

  private func valueless(_ option: String) -> String {
    let next = words.firstIndex(of: option).flatMap { words.dropFirst($0 + 1).first }
    if let next, next.hasPrefix("-"), Double(next) != nil {
      return "\(option) has no value; write one that begins with a dash as \(option)=\(next)"
    }
    let choice = help.options.first { $0.names.contains(option) }?.values ?? []
    let form = CommandHelp.expectation(of: option, in: command.type)
    let wanted = choice.isEmpty ? form : oneOf(choice, for: "")
    let example = command.example(with: option).map { "one, as in `\($0)`" }
    return "\(option) has no value; give it \(wanted ?? example ?? "one")"
  }

  private func unexpected(_ given: [String]) -> String {
    let word = given[0]
    let isFirst = command.next == word
    if isFirst, let near = nearest(word, in: command.known) {
      return "\(word) is no command; did you mean \(near)?"
    }
    if !command.subcommands.isEmpty {
      return "\(word) is no command; `\(command.title) --help` lists them"
    }
    if help.has("--run"), help.arguments.isEmpty {
      return "\(word) belongs to no option; write --run \(word) if it is a run, or leave it out"
    }
    return "\(word) is one word too many for \(command.title); leave it out"
  }

  private func missing(_ argument: String) -> String {
    let name = argument.prefix { $0 != " " }.filter { !"<>".contains($0) }
    let option = name.hasPrefix("--") ? String(name) : nil
    let values = help.arguments.first { $0.name == name }?.values ?? []
    let one = argument.hasSuffix("...") && name.hasSuffix("s") ? name.dropLast() : name[...]
    let what = option ?? one.uppercased()
    if !values.isEmpty { return "\(what) is missing; it must be \(oneOf(values, for: ""))" }
    return "\(what) is missing; "
      + (command.example(with: option).map { "give it, as in `\($0)`" }
        ?? "`\(command.title) --help` says what it is")
  }

  private func invalid(_ value: String, _ option: String?, _ name: String) -> String {
    let what = option ?? name.uppercased()
    let shown = value.isEmpty ? "empty" : value
    let choice =
      option.map { option in help.options.first { $0.names.contains(option) }?.values ?? [] }
      ?? help.arguments.first { $0.name == name }?.values ?? []
    let isDevice = option == "--device" && ["gpu", "cuda"].contains(value.lowercased())
    let wanted =
      choice.isEmpty
      ? CommandHelp.expectation(of: option ?? name, in: command.type)
      : oneOf(choice, for: isDevice ? "opencl" : value)
    return "\(what) is \(shown); "
      + (wanted.map { "it must be \($0)" } ?? "`\(command.title) --help` says what it takes")
  }

  // MARK: - What is refused for what it holds

  /// A sentence that names the words that would do, with the nearest to the one that was typed.
  private func named(_ text: String) -> String {
    guard !text.contains("the nearest is "),
      let found = text.firstMatch(of: /is "?([^ ";]+)"?; it must be one of (.+?)\.?$/)
    else { return text }
    let words = found.2.replacing(" or ", with: ", ").split(separator: ", ").map {
      String($0.prefix { !"[:".contains($0) })
    }
    guard let near = nearest(String(found.1), in: words) else { return text }
    return (text.hasSuffix(".") ? String(text.dropLast()) : text) + "; the nearest is \(near)"
      + (text.hasSuffix(".") ? "." : "")
  }
}

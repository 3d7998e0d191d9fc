import ArgumentParser

/// The command that a command line names, where nothing is said its default.
package struct NamedCommand {
  package private(set) var type: any ParsableCommand.Type
  /// As it is typed whole: drr, train, q.
  package private(set) var path: [String]
  /// The first word that is not of the command, if it begins with no dash.
  package private(set) var next: String?
  /// The command above.
  private(set) var parent: (any ParsableCommand.Type)?

  package var title: String { path.joined(separator: " ") }
  var subcommands: [String] { Self.names(below: type) }

  /// - Parameter words: without the program's own.
  package init(_ words: some Sequence<String>, of program: any ParsableCommand.Type) {
    (type, path) = (program, [program._commandName])
    var words = Array(words)[...]
    while !type.configuration.subcommands.isEmpty {
      let named = type.configuration.subcommands.first { $0._commandName == words.first }
      if named != nil { words.removeFirst() }
      guard let found = named ?? type.configuration.defaultSubcommand else { break }
      (parent, type) = (type, found)
      path.append(found._commandName)
    }
    next = words.first.flatMap { $0.hasPrefix("-") ? nil : $0 }
  }

  /// The commands that may stand where the first word that is none does.
  package var known: [String] {
    subcommands.isEmpty ? parent.map { Self.names(below: $0) } ?? [] : subcommands
  }

  private static func names(below command: any ParsableCommand.Type) -> [String] {
    command.configuration.subcommands.map { $0._commandName }
  }

  /// A command line of the command's own help, one that has a word if there is one.
  func example(with word: String? = nil) -> String? {
    let lines = type.configuration.discussion.split(separator: "\n")
      .map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("drr ") }
    let own = lines.filter { $0.hasPrefix(title) }
    let line =
      (own + lines).first { line in word.map { line.contains("\($0) ") } ?? true } ?? own.first
    let words = line?.split(separator: " ").prefix { ![">", "|", "#"].contains($0) }
    return words?.joined(separator: " ")
  }
}

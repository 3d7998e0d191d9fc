import ArgumentParser

/// The help of a command and of all below it that are shown: the overview and usage of each, then each distinct
/// option once with the commands that have it.
///
/// Taken from the help screens at a width at which nothing is wrapped.
struct HelpText {
  struct Command {
    var name: String
    /// With examples and usage.
    var overview: String
    var subcommands: [Entry] = []
    var options: [Entry] = []
  }

  struct Entry: Hashable {
    var label: String
    var help: String
    var isHidden = false
  }

  private(set) var commands: [Command] = []

  init(of root: any ParsableCommand.Type) { add(root, below: "", root) }

  private mutating func add(
    _ command: any ParsableCommand.Type, below parent: String, _ root: any ParsableCommand.Type
  ) {
    let name = parent + command._commandName
    var found = Self.read(root.helpMessage(for: command, columns: 10_000), name)
    let all = Self.read(
      root.helpMessage(for: command, includeHidden: true, columns: 10_000), name)
    for option in all.options where !found.options.contains(option) {
      found.options.append(Entry(label: option.label, help: option.help, isHidden: true))
    }
    commands.append(found)
    for subcommand in command.configuration.subcommands
    where subcommand.configuration.shouldDisplay {
      add(subcommand, below: name + " ", root)
    }
  }

  /// A help screen in parts: up to its usage, and what each section after it lists.
  private static func read(_ screen: String, _ name: String) -> Command {
    var overview: [Substring] = []
    var sections: [(title: Substring, entries: [Entry])] = []
    var isBehindUsage = false
    for line in screen.split(separator: "\n", omittingEmptySubsequences: false) {
      let words = line.drop { $0 == " " }
      let indent = line.count - words.count
      if line.hasPrefix("USAGE: ") { isBehindUsage = true }
      if isBehindUsage && indent == 0 && line.hasSuffix(":") {
        sections.append((line, []))
      } else if sections.isEmpty {
        overview.append(line)
      } else if indent == 2 && !words.hasPrefix("See '") {
        let gap = words.range(of: "  ") ?? words.endIndex..<words.endIndex
        sections[sections.count - 1].entries.append(
          Entry(
            label: String(words[..<gap.lowerBound]),
            help: String(words[gap.upperBound...].drop { $0 == " " })))
      } else if indent > 2, let last = sections.last?.entries.indices.last {
        let lead = sections[sections.count - 1].entries[last].help.isEmpty ? "" : " "
        sections[sections.count - 1].entries[last].help += lead + words
      }
    }
    while overview.last == "" { overview.removeLast() }
    var command = Command(name: name, overview: overview.joined(separator: "\n"))
    for (title, entries) in sections {
      if title == "SUBCOMMANDS:" {
        command.subcommands += entries
      } else {
        command.options += entries
      }
    }
    return command
  }

  /// What is committed.
  var text: String {
    var lines: [String] = []
    var owners: [Entry: [String]] = [:]
    for command in commands {
      lines.append("# \(command.name)\n\n\(command.overview)\n")
      for entry in command.subcommands { lines.append("  \(entry.label): \(entry.help)") }
      if !command.subcommands.isEmpty { lines.append("") }
      for option in command.options { owners[option, default: []].append(command.name) }
    }
    lines.append("# Options and arguments\n")
    let options = owners.sorted { ($0.key.label, $0.key.help) < ($1.key.label, $1.key.help) }
    for (option, owners) in options {
      lines.append("\(option.label)\(option.isHidden ? " (hidden)" : "")")
      if !option.help.isEmpty { lines.append("  \(option.help)") }
      if owners.count < commands.count { lines.append("  of " + owners.joined(separator: ", ")) }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

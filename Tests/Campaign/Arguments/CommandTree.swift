import Foundation

/// What a program's own help says of its commands: `--experimental-dump-help`.
struct CommandTree: Decodable {
  struct Word: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String

      var spelled: String { kind == "long" ? "--\(name)" : "-\(name)" }
    }

    struct Completion: Decodable {
      struct Values: Decodable { var values: [String] }
      var list: Values?
    }

    var kind: String
    var valueName: String
    var names: [Name]?
    var isRepeating: Bool
    var completionKind: Completion?

    /// `--name`, or `-n` where that is all there is.
    var spelled: String { names?.first?.spelled ?? "<\(valueName)>" }
    var listed: [String] { completionKind?.list?.values ?? [] }
  }

  var commandName: String
  var arguments: [Word]?
  var subcommands: [CommandTree]?
  var defaultSubcommand: String?

  /// A command that does something: its words, as `train drr`, and what it takes.
  struct Leaf {
    var path: [String]
    var words: [Word]

    var name: String { path.joined(separator: " ") }
  }

  static func leaves(of program: String) throws -> [Leaf] {
    struct Dump: Decodable { var command: CommandTree }
    let ending = try Subject.run([program, "--experimental-dump-help"], in: "/")
    let tree = try JSONDecoder().decode(Dump.self, from: Data(ending.output.utf8)).command
    return (tree.subcommands ?? []).flatMap { $0.leaves(under: []) }
  }

  private func leaves(under path: [String]) -> [Leaf] {
    if commandName == "help" { return [] }
    let path = path + [commandName]
    let own =
      subcommands?.isEmpty == false
      ? [] : [Leaf(path: path, words: (arguments ?? []).filter { $0.spelled != "--help" })]
    return own + (subcommands ?? []).flatMap { $0.leaves(under: path) }
  }
}

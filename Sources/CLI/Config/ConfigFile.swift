import ArgumentParser
import DRR
import Essentials
import Yams

/// Options of a command by their names, in a file of YAML or JSON:
///
///     steps: 20000
///     learning-rate: 1e-3
///     cutoffs: [5, 10]
///     myopic: false
package struct ConfigFile {
  /// An option, and the line that has it.
  struct Entry {
    var name: String
    var line: Int
    var value: Node
  }

  let path: String
  var entries: [Entry]

  /// The file that --config of a command line names; nil where it is not given, or names the
  /// `config.json` of a run, which the command reads itself.
  ///
  /// - Throws: `RunError` if it cannot be read or is no table of options.
  package static func named(in words: [String]) throws -> ConfigFile? {
    let words = words.prefix { $0 != "--" }
    guard words.first == "train", let at = words.firstIndex(where: isOption),
      let path = words[at].contains("=")
        ? String(words[at].split(separator: "=", maxSplits: 1).last ?? "")
        : words.dropFirst(at + 1).first
    else { return nil }
    guard words.count(where: isOption) == 1 else {
      throw RunError("--config is given more than once; leave one")
    }
    return RunFolder.algorithm(of: path) == nil ? try ConfigFile(path) : nil
  }

  private static func isOption(_ word: String) -> Bool {
    word == "--config" || word.hasPrefix("--config=")
  }

  /// - Throws: `RunError` that names file and line.
  package init(_ path: String) throws { try self.init(path, of: "--config") }

  /// - Parameter option: the one that names the file.
  init(_ path: String, of option: String) throws {
    self.path = path
    let text = try Self.text(path, of: option)
    let node: Node?
    do {
      node = try compose(yaml: text)
    } catch let error as YamlError {
      throw RunError("\(path): \(error.sentence)")
    }
    guard let mapping = node?.mapping else {
      throw RunError(
        "\(path): no options; write a line for each, as \"steps: 20000\", by the names that "
          + "--help shows")
    }
    entries = try Self.entries(of: mapping, path)
  }

  /// - Throws: `RunError` for a name that is no word.
  static func entries(of mapping: Node.Mapping, _ path: String) throws -> [Entry] {
    try mapping.map { key, value in
      guard let name = key.string else {
        throw RunError("\(path):\(key.mark?.line ?? 1): a name that is no word; use an option's")
      }
      return Entry(name: name.printable, line: key.mark?.line ?? 1, value: value)
    }
  }

  private static func text(_ path: String, of option: String) throws -> String {
    let most = 1 << 16
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw RunError("\(option) \(path) cannot be read; name a file of options")
    }
    guard bytes.count <= most, let text = String(validating: bytes, as: UTF8.self) else {
      throw RunError(
        "\(option) \(path) is no file of options: \(bytes.count > most ? "it has more than 64 KiB" : "its text is not UTF-8")"
      )
    }
    return text
  }

  /// The words of a command line with the options of the file in place of --config. What is given
  /// comes first.
  ///
  /// - Throws: `RunError` that names file, line and the option that is not one.
  package func expand(_ words: [String]) throws -> [String] {
    guard let command = CommandHelp.command(words) else { return words }
    let title = words.prefix { !$0.hasPrefix("-") }.prefix(2).joined(separator: " ")
    let given = Set(words.map { String($0.prefix { $0 != "=" }) })
    let added = try self.words(for: title, CommandHelp(of: command), besides: given)
    let end = words.firstIndex(of: "--") ?? words.endIndex
    var kept: [String] = []
    var isValue = false
    for word in words[..<end] {
      if !isValue && !Self.isOption(word) { kept.append(word) }
      isValue = word == "--config"
    }
    return kept + added + words[end...]
  }

  /// The options as words of a command line.
  ///
  /// - Parameters:
  ///   - title: the command, as `train q`.
  ///   - given: options that are left out.
  /// - Throws: `RunError` that names file, line and what is no option, or no value of one.
  func words(
    for title: String, _ help: CommandHelp, besides given: Set<String> = []
  ) throws -> [String] {
    let options = help.options
    return try entries.flatMap { entry -> [String] in
      let option = options.first { $0.names.contains("--\(entry.name)") }
      guard let option, option.name != "config", option.name != "help" else {
        let near = nearest(entry.name, in: options.map(\.name))
        throw RunError(
          "\(path):\(entry.line): \(entry.name) is no option of drr \(title)"
            + (near.map { "; did you mean \($0)?" }
              ?? "; `drr \(title) --help` lists them"))
      }
      let inverse = help.inverse(of: option)
      return given.isDisjoint(with: option.names + (inverse?.names ?? []))
        ? try words(entry, option, inverse) : []
    }
  }

  private func words(
    _ entry: Entry, _ option: CommandHelp.Option, _ inverse: CommandHelp.Option?
  ) throws -> [String] {
    func refusal(_ wanted: String) -> RunError {
      RunError("\(path):\(entry.line): \(entry.name) takes \(wanted)")
    }
    if option.isFlag {
      guard let isSet = entry.value.bool else { throw refusal("true or false") }
      return isSet ? ["--\(option.name)"] : inverse.map { ["--\($0.name)"] } ?? []
    }
    let values = entry.value.sequence.map(Array.init) ?? [entry.value]
    let texts = values.compactMap { $0.null == nil ? $0.scalar?.string : nil }
    guard texts.count == values.count, !texts.isEmpty else {
      throw refusal(option.isRepeating ? "a value or a list of them" : "a value")
    }
    return option.isRepeating
      ? texts.map { "--\(option.name)=\($0)" }
      : ["--\(option.name)=\(texts.joined(separator: ","))"]
  }

  /// A message with the place of the option whose value it refuses; nil of any other message.
  package func placed(_ message: String) -> String? {
    let entry = entries.first { entry in
      ["for '--\(entry.name) ", "Error: --\(entry.name) is "].contains { message.contains($0) }
    }
    guard let entry else { return nil }
    return message.replacing("Error: ", with: "Error: \(path):\(entry.line): ", maxReplacements: 1)
  }
}

extension YamlError {
  /// Where the file is no YAML, in a sentence.
  fileprivate var sentence: String {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, _):
      "\(duplicates.map { "\($0)" }.joined(separator: ", ")) is there twice; leave one"
    default: "it is no YAML"
    }
  }
}

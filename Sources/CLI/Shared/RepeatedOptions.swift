import ArgumentParser

/// Options that take one value and are given twice, or flags that are taken back, of which the parser
/// would keep the last.
package enum RepeatedOptions {
  /// - Throws: `ValidationError` that names the first of them.
  package static func refuse(_ words: [String], of command: any ParsableCommand.Type) throws {
    var values: [String: [String]] = [:]
    let words = words.prefix { $0 != "--" }
    for (place, word) in words.enumerated() where word.hasPrefix("--") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count == 2 ? String(parts[1]) : words.dropFirst(place + 1).first ?? ""
      values[String(parts[0]), default: []].append(value)
    }
    let inverse = values.keys.first { values["--no-\($0.dropFirst(2))"] != nil }
    guard inverse != nil || values.contains(where: { $1.count > 1 }) else { return }
    let help = try CommandHelp(of: command)
    if let inverse, help.has(inverse) {
      throw ValidationError(
        "\(inverse) and --no-\(inverse.dropFirst(2)) exclude each other; leave one of them out.")
    }
    let single = Set(
      help.options.filter { !$0.isFlag && !$0.isRepeating }
        .flatMap(\.names))
    for word in words {
      let name = String(word.prefix { $0 != "=" })
      guard single.contains(name), let given = values[name], given.count > 1 else { continue }
      throw ValidationError(
        "\(name) is given \(given.count == 2 ? "twice" : "\(given.count) times"), as "
          + "\(given.joined(separator: " and ")); leave one of them.")
    }
  }
}

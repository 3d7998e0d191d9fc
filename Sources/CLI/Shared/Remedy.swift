import DRR
import Essentials
import Kernels
import Platform
import Tensor

/// What to do about an error of the library, whose sentence may say only what is wrong.
struct Remedy {
  private let help: CommandHelp
  private let words: [String]

  /// The sentence of an error, with a remedy behind its semicolon.
  ///
  /// - Parameter text: what the error says.
  static func of(
    _ error: any Error, _ text: String, _ help: CommandHelp, given words: [String]
  ) -> String {
    var text = text
    if let error = error as? ConfigurationError { text = help.named(error).description }
    // The folder that nobody typed.
    if text.hasPrefix("./") { text.removeFirst(2) }
    if text.hasPrefix(": ") { text = "\"\"" + text }
    text = started(text, help, words)
    let remedies = Remedy(help: help, words: words)
    if let near = remedies.nearRun(text) { return "\(text), or did you mean \(near)?" }
    guard let remedy = remedies.remedy(error, text) else { return text }
    return "\(text); \(remedy)"
  }

  /// "the run was started with agent.steps 300, not 100" by the option that was given: --steps.
  private static func started(_ text: String, _ help: CommandHelp, _ words: [String]) -> String {
    // Of a comparison: what the runs were trained with.
    if let found = text.firstMatch(of: /was trained with evaluation\.(\w+)/) {
      let names = help.names(of: String(found.1))
      return text.replacing("evaluation.\(found.1)", with: names[names.count - 1])
    }
    guard let found = text.firstMatch(of: /was started with ([\w.]+) (\S+), not (\S+);/) else {
      return text
    }
    let setting = String(found.1)
    if setting == "data.checksum" {
      return text.replacing("data.checksum \(found.2)", with: "other data, of checksum \(found.2)")
    }
    let given = Set(words.map { String($0.prefix { $0 != "=" }) })
    let parts = setting.split(separator: ".").map(String.init)
    let names =
      help.names(of: parts[parts.count - 1])
      + (parts[0] == "pmf"
        ? help.names(
          of: "pmf" + parts[parts.count - 1].prefix(1).uppercased()
            + parts[parts.count - 1].dropFirst()) : [])
    guard
      let option = help.options.first(where: { option in
        option.names.contains { given.contains($0) && names.contains($0) }
      })
    else { return text }
    return text.replacing("\(setting) \(found.2)", with: "--\(option.name) \(found.2)")
  }

  private func remedy(_ error: any Error, _ text: String) -> String? {
    switch error {
    case DataError.unrecognised, DataError.unrecognisedSessions: "write it as one of these"
    case _ where text.contains("; "): nil
    case let error as DataError: remedy(error)
    case is LineFault, is SessionFault: mended
    case let error as CheckpointError: remedy(error)
    case is RunError, is ConfigurationError, is ServingError: said(text)
    case is BackendError where text.contains("OpenBLAS core"): "name one of these by --blas-core"
    case is BackendError: help.has("--device") ? "use --device cpu" : nil
    default: nil
    }
  }

  /// By what a sentence says, where its kind tells too little.
  private func said(_ text: String) -> String? {
    let remedies = [
      ("belongs to another run", "put the run's own file back, or start again with --fresh"),
      ("not the configuration of a run", "put it back from a copy, or start again with --fresh"),
      ("the longest history of a training user", "lower it"),
      ("items have ratings to learn from", "lower it"), ("there are only", "lower it"),
      ("cannot create the", "name another folder"),
      ("is not a folder, and", "name another folder"),
      ("no session has a click to predict", "name sessions that have some"),
      ("which has no", "leave it out"), ("genres clusters there are none", "leave --table out"),
      ("has no item of that id or title", "name it by its id, or by a part of its title"),
      ("it must be no more", "lower it"),
    ]
    return remedies.first { text.contains($0.0) }?.1
  }

  private var mended: String { mended(or: "--drop-invalid") }

  private func mended(or option: String) -> String {
    let name = option.prefix { $0 != " " }
    return "mend it" + (help.has(String(name)) ? ", or add \(option)" : "")
  }

  private func remedy(_ error: DataError) -> String {
    switch error {
    case .missingFile(let path):
      near(path).map { "did you mean \($0)?" }
        ?? (isOfRatings
          ? "name one that is there, or use generated:small" : "name one that is there")
    case .unreadable: "check that it is a file that you may read"
    case .archive: "get it again whole, or unpack it and name the folder"
    case .empty, .noSessions: "name a file that has some"
    case .tooLarge: "leave some out"
    case .unknownGenerated(let name, let known):
      nearest(String(name.dropFirst("generated:".count)), in: known)
        .map { "did you mean generated:\($0)?" } ?? "use generated:small"
    case .unknownSplit(let name, let known): "did you mean \(nearest(name, in: known) ?? known[0])?"
    case .cannotWrite: "make the folder that it is in, or name another place"
    case .setting: "change it"
    case .unrecognised, .unrecognisedSessions: "write it as one of these"
    case .unknownTable: "name its columns"
    case .notANumber(_, _, _, ""), .identifier(_, _, _, ""): mended(or: "--missing skip")
    case .line(let fault) where fault.expected == "an id in UTF-8":
      mended(or: "--encoding latin-1")
    case .header, .columns, .notANumber, .outsideRange, .identifier, .lineTooLong, .quoting, .line:
      mended
    }
  }

  /// What a folder has of a name like that of a file that is not there.
  private func near(_ path: String) -> String? {
    guard !path.isEmpty, let name = path.split(separator: "/").last,
      let near = nearest(String(name), in: namesInFolder(path.parentFolder) ?? [])
    else { return nil }
    return path.dropLast(path.hasSuffix("/") ? name.count + 1 : name.count) + near
  }

  /// A run of a name like that of a folder in which there is none.
  private func nearRun(_ text: String) -> String? {
    guard let end = text.range(of: ": no run was started there; use ") else { return nil }
    let near = near(String(text[..<end.lowerBound]))
    return near.flatMap { RunFolder($0).readAlgorithm() == nil ? nil : $0 }
  }

  /// Whether what is read may be generated ratings.
  private var isOfRatings: Bool {
    !words.contains { ["--sessions", "--test"].contains($0) }
      && help.options.contains {
        $0.name == "data" && $0.help.contains("generated:") && !$0.help.contains("ratings also")
      }
  }

  private func remedy(_ error: CheckpointError) -> String? {
    switch error {
    case .system(let path, let action, let code):
      switch code {
      case ENOENT where action == "read":
        near(path).map { "did you mean \($0)?" } ?? "name a file that is there"
      case ENOENT: "make the folder that it is in, or name another place"
      case EACCES, EPERM, EROFS: "name a place where you may \(action)"
      case ENOSPC, EDQUOT: "make room, or name another place"
      default: "name another file"
      }
    case .malformed(let path, _), .checksum(let path, _), .noChecksum(let path),
      .noTensor(let path, _), .wrongType(let path, _, _, _), .wrongShape(let path, _, _, _):
      again(path)
    case .occupied, .unusable, .unwritable: nil
    }
  }

  /// How to come by a damaged file again.
  private func again(_ path: String) -> String {
    let run = RunFolder(path.parentFolder)
    guard let settings = try? Algorithms.settings(of: run) else {
      return "name a whole file of that kind"
    }
    return "put the whole file back, or train anew by `drr \(settings.command) --run \(run.path) "
      + "--fresh`"
  }
}

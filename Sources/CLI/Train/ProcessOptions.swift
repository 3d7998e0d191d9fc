import ArgumentParser
import DRR

/// A tabular MDP to learn in.
struct ProcessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The environment, or a file that has one. (default: lizard)", valueName: "env|file.csv"))
  var env: ProcessName?
  @OptionGroup var starts: StartsOption
}

/// Where episodes begin in a tabular MDP of a file.
struct StartsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Tabular, of a file: where episodes begin, state,probability. (default: in the state named "
        + "first)", valueName: "file.csv"), completion: .file(extensions: ["csv"]))
  var start: String?

  /// Gives a run the MDP that is named; where none is, the run keeps its own.
  ///
  /// - Returns: the process that a file has; nil of a built-in one.
  /// - Throws: `DataError` where the file has none.
  func read(
    _ env: ProcessName?, for settings: inout some ProcessSettings
  ) throws -> FiniteProcess? {
    switch env {
    case .file(let path): settings.file = ProcessFile(path: path, start: start, checksum: "")
    case .named(let known): (settings.environment, settings.file) = (known, nil)
    case nil: break
    }
    guard let file = settings.file else {
      if start != nil {
        throw ValidationError("--start is of a file's environment; add --env FILE.csv.")
      }
      return nil
    }
    let read = try ProcessFile.read(file.path, start: start ?? file.start)
    settings.file = read.file
    return read.process
  }
}

/// A tabular MDP: a built-in one, or that of a file.
enum ProcessName: ExpressibleByArgument, Equatable {
  case named(SmallProcess)
  case file(String)

  /// What stands for any file among the values that are listed.
  static let anyFile = "FILE.csv"

  /// What is no name is a file if it looks like one, so that a name with a slip is told as such.
  init?(argument: String) {
    if let known = SmallProcess(rawValue: argument) {
      self = .named(known)
    } else if argument.contains(".") || argument.contains("/") {
      self = .file(argument)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { SmallProcess.allCases.map(\.rawValue) + [anyFile] }

  /// As it is given.
  var name: String {
    switch self {
    case .named(let known): known.rawValue
    case .file(let path): path
    }
  }
}

extension SmallProcess: ExpressibleByArgument {}

extension FiniteProcess {
  /// The path of a table's greedy policy, in a line.
  func pathText(_ table: ActionValues) -> String {
    "greedy path: " + greedyPath(table).map { states[$0] }.joined(separator: " → ")
  }

  /// What the greedy policy of a table is worth beside the best, and its path.
  func text(_ table: ActionValues, step: Int, worth: Double, best: Double) -> String {
    """
    \(name), step \(grouped(step)): the greedy policy is worth \(decimal(worth, 3)), the best \
    \(decimal(best, 3))
    \(pathText(table))
    """
  }
}

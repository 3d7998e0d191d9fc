import ArgumentParser
import DRR

/// Where a log of decisions is.
struct FeedbackOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A .csv of action,reward,propensity[,user,position,time,x1,...]; a .json or .dsjson of Vowpal "
        + "Wabbit; a .txt or .tar.gz of Criteo's counterfactual data; Open Bandit, as a folder or .zip; "
        + "`drr ope`: or the folder of a feedback log.",
      valueName: "source"), completion: .file())
  var data: String
  @Option(help: "Open Bandit: the behavior policy. (default: bts)")
  var behavior: OpenBandit.Behaviour?
  @Option(help: "Open Bandit: the campaign. (default: men)")
  var campaign: OpenBandit.Campaign?

  /// Whether the data are one file of their own.
  var isPlain: Bool { DecisionFile(data) != nil }

  func validate() throws {
    if isPlain && (behavior != nil || campaign != nil) {
      throw ValidationError(
        "\(behavior == nil ? "--campaign" : "--behavior") is an option of Open Bandit, and \(data) is a file of its own; "
          + "leave it out.")
    }
  }

  /// - Parameter features: whether anything is asked that needs more than weights and rewards.
  func read(features: Bool = true) throws -> LoggedFeedback {
    try DecisionFile(data)?.read(data, features: features) ?? readBandit(behavior ?? .bts)
  }

  /// The log of the behavior policy that `read` does not read, where it is there.
  func readOther() throws -> LoggedFeedback? {
    if isPlain { return nil }
    let other: OpenBandit.Behaviour = (behavior ?? .bts) == .bts ? .random : .bts
    guard try OpenBandit(data).has(other, campaign ?? .men) else { return nil }
    return try readBandit(other)
  }

  private func readBandit(_ behaviour: OpenBandit.Behaviour) throws -> LoggedFeedback {
    let progress = Progress()
    defer { progress.finish() }
    return try OpenBandit(data).read(behaviour, campaign ?? .men) {
      progress.update($0, of: $1, "bytes")
    }
  }
}

/// Logs of decisions that are one file, by its name.
enum DecisionFile: CaseIterable {
  case plain
  case dsjson
  case criteo

  private var endings: [String] {
    switch self {
    case .plain: [".csv"]
    case .dsjson: [".json", ".dsjson", ".json.gz", ".dsjson.gz"]
    case .criteo: [".txt", ".txt.gz", ".tar.gz", ".tgz", ".tar"]
    }
  }

  /// nil: a file of no such name.
  init?(_ path: String) {
    let name = path.lowercased()
    let found = Self.allCases.first { $0.endings.contains { name.hasSuffix($0) } }
    guard let found else { return nil }
    self = found
  }

  func read(_ path: String, features: Bool = true) throws -> LoggedFeedback {
    let progress = Progress()
    defer { progress.finish() }
    func note(_ done: Int, _ all: Int) { progress.update(done, of: all, "bytes") }
    switch self {
    case .plain: return try LoggedFeedback.read(csv: path, progress: note)
    case .dsjson: return try LoggedFeedback.read(dsjson: path, progress: note)
    case .criteo:
      return try LoggedFeedback.read(criteo: path, features: features, progress: note)
    }
  }
}

/// Where a report goes.
struct ReportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder to keep the result in, as report.json. (default: none)", valueName: "folder"),
    completion: .directory)
  var out: String?

  func keep(_ report: some Encodable) throws {
    guard let out else { return }
    let folder = RunFolder(out)
    try folder.create()
    try folder.write(report, to: folder.report)
    Console.note(folder.report)
  }

  func validate() throws {
    guard let out else { return }
    if out.isEmpty { throw ValidationError("--out is empty; name a folder.") }
    let folder = RunFolder(out)
    if folder.exists(folder.configuration) {
      throw ValidationError(
        "--out \(out) holds a training run; name another folder for the report.")
    }
  }
}

extension OpenBandit.Behaviour: ExpressibleByArgument {}
extension OpenBandit.Campaign: ExpressibleByArgument {}
extension RewardModelConfiguration.Form: ExpressibleByArgument {}

import ArgumentParser
import DRR

/// Where a log of decisions is.
struct FeedbackOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A .csv of action,reward,propensity[,user,position,time,x1,...]; a .json or .dsjson of Vowpal "
        + "Wabbit; Open Bandit, as a folder or .zip; `drr ope`: or the folder of a feedback log.",
      valueName: "source"), completion: .file())
  var data: String
  @Option(help: "Open Bandit: the behavior policy. (default: bts)")
  var behavior: OpenBandit.Behaviour?
  @Option(help: "Open Bandit: the campaign. (default: men)")
  var campaign: OpenBandit.Campaign?

  /// Whether the data are one file of their own.
  var isPlain: Bool { data.lowercased().hasSuffix(".csv") || isJSON }

  private var isJSON: Bool {
    let name = data.lowercased()
    return [".json", ".dsjson", ".json.gz", ".dsjson.gz"].contains { name.hasSuffix($0) }
  }

  func validate() throws {
    if isPlain && (behavior != nil || campaign != nil) {
      throw ValidationError(
        "\(behavior == nil ? "--campaign" : "--behavior") is an option of Open Bandit, and \(data) is a file of its own; "
          + "leave it out.")
    }
  }

  func read() throws -> LoggedFeedback {
    isPlain ? try readPlain(data) : try readBandit(behavior ?? .bts)
  }

  /// The log of the behavior policy that `read` does not read, where it is there.
  func readOther() throws -> LoggedFeedback? {
    if isPlain { return nil }
    let other: OpenBandit.Behaviour = (behavior ?? .bts) == .bts ? .random : .bts
    guard try OpenBandit(data).has(other, campaign ?? .men) else { return nil }
    return try readBandit(other)
  }

  func readPlain(_ path: String) throws -> LoggedFeedback {
    let progress = Progress()
    defer { progress.finish() }
    if isJSON, path == data {
      return try LoggedFeedback.read(dsjson: path) { progress.update($0, of: $1, "bytes") }
    }
    return try LoggedFeedback.read(csv: path) { progress.update($0, of: $1, "bytes") }
  }

  private func readBandit(_ behaviour: OpenBandit.Behaviour) throws -> LoggedFeedback {
    let progress = Progress()
    defer { progress.finish() }
    return try OpenBandit(data).read(behaviour, campaign ?? .men) {
      progress.update($0, of: $1, "bytes")
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

import ArgumentParser
import DRR

/// Where a log of decisions is.
struct FeedbackOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A .csv of action,reward,propensity[,user,position,time,x1,...], or Open Bandit, as a folder "
        + "or .zip.",
      valueName: "source"))
  var data: String
  @Option(
    help: ArgumentHelp(
      "Open Bandit: who logged (default: bts).",
      valueName: OpenBandit.Behaviour.allCases.map(\.rawValue).joined(separator: "|")))
  var behaviour: OpenBandit.Behaviour?
  @Option(
    help: ArgumentHelp(
      "Open Bandit: which campaign (default: men).",
      valueName: OpenBandit.Campaign.allCases.map(\.rawValue).joined(separator: "|")))
  var campaign: OpenBandit.Campaign?

  /// Whether the data are one file of their own.
  var isPlain: Bool { data.lowercased().hasSuffix(".csv") }

  func validate() throws {
    if isPlain && (behaviour != nil || campaign != nil) {
      throw ValidationError(
        "--behaviour and --campaign are for Open Bandit, and \(data) is a .csv.")
    }
  }

  func read() throws -> LoggedFeedback {
    isPlain ? try readPlain(data) : try readBandit(behaviour ?? .bts)
  }

  /// The log of the behaviour that `read` does not read, where it is there.
  func readOther() throws -> LoggedFeedback? {
    if isPlain { return nil }
    let other: OpenBandit.Behaviour = (behaviour ?? .bts) == .bts ? .random : .bts
    guard try OpenBandit(data).has(other, campaign ?? .men) else { return nil }
    return try readBandit(other)
  }

  func readPlain(_ path: String) throws -> LoggedFeedback {
    let progress = Progress()
    defer { progress.finish() }
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
  @Option(help: "A folder to keep the result in, as report.json (default: none).")
  var run: String?

  func keep(_ report: some Encodable) throws {
    guard let run else { return }
    let folder = RunFolder(run)
    if folder.exists(folder.configuration) {
      throw RunError("\(run) holds a training run; name another folder for the report")
    }
    try folder.create()
    try folder.write(report, to: folder.report)
    Console.note(folder.report)
  }

  func validate() throws {
    if run?.isEmpty == true { throw ValidationError("--run is empty; name a folder.") }
  }
}

extension OpenBandit.Behaviour: ExpressibleByArgument {}
extension OpenBandit.Campaign: ExpressibleByArgument {}
extension OffPolicyEstimator: ExpressibleByArgument {}
extension RewardModelConfiguration.Form: ExpressibleByArgument {}

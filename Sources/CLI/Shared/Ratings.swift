import ArgumentParser
import DRR

/// Reads ratings, showing progress.
///
/// - Parameter range: their scale, where somebody named it.
func loadRatings(_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog {
  try loadRatings(source, range, reading: ReadingOptions())
}

/// Reads ratings as options say, showing progress.
func loadRatings(
  _ source: String, _ range: ClosedRange<Float>?, reading options: ReadingOptions
) throws -> RatingsLog {
  try withReading(source) {
    try RatingsSource.load(source, range: range, reading: options, progress: $0)
  }
}

/// Reads ratings in ranks that each hold those of some users, showing progress.
func loadRatings(
  _ source: String, _ range: ClosedRange<Float>?, among ranks: any Collective
) throws -> RatingsLog {
  try withReading(source) {
    try RatingsSource.load(source, range: range, among: ranks, progress: $0)
  }
}

private func withReading(
  _ source: String, _ read: (@escaping RatingsSource.Progress) throws -> RatingsLog
) throws -> RatingsLog {
  let progress = Progress()
  defer { progress.finish() }
  return try read { done, total in
    progress.update(done, of: total, source.hasPrefix("generated:") ? "ratings" : "bytes")
  }
}

/// Sessions of clicks in place of ratings.
struct ClickSessionsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sessions of clicks in place of ratings, an item of which may come again: a file with a "
        + "session of item ids a line, or a folder or .zip with train_sessions.txt and "
        + "test_sessions.txt. The first are learned from, the last held out.",
      valueName: "source"), completion: .file())
  var sessions: String?
  @Option(
    help: ArgumentHelp(
      "The sessions for test, where they are elsewhere. (default: the last of --sessions)",
      valueName: "source"), completion: .file())
  var test: String?

  func validate() throws {
    if let test, sessions == nil {
      throw ValidationError(
        "--test is \(test), and no sessions to learn from are named; add --sessions SOURCE.")
    }
  }
}

/// Ratings or sessions of clicks, as they were read.
struct LoadedLog {
  var log: RatingsLog
  var data: DataIdentity
  /// The share of the sessions that is for test, where the files say it.
  var testShare: Double?
  /// What a new run keeps of a feedback log.
  var preparation: (@Sendable () throws -> Void)?

  /// Reads what is named, or what a run was begun on.
  init(
    _ ratings: RatingsOption, _ named: ClickSessionsOption, _ range: ClosedRange<Float>?,
    begun: DataIdentity?, _ evaluation: EvaluationProtocol?, for folder: RunFolder
  ) throws {
    if let sessions = named.sessions, let other = ratings.firstGiven {
      throw ValidationError(
        "\(other) and --sessions \(sessions) both name data; leave one of them out.")
    }
    guard named.sessions != nil || (ratings.firstGiven == nil && evaluation?.split == .sessions)
    else {
      try ratings.requireNoEarlier()
      let loaded = try ratings.load(range, begun: begun, for: folder)
      (log, data, preparation) = (loaded.log, loaded.data, loaded.preparation)
      return
    }
    let source = named.sessions ?? begun?.source ?? ""
    let test = named.sessions == nil ? begun?.test : named.test
    let progress = Progress()
    defer { progress.finish() }
    (log, testShare) = try SessionSource.loadNextItems(source, test: test) { done, total in
      progress.update(done, of: total, "bytes")
    }
    data = DataIdentity(source: source, test: test, log: log)
  }
}

import DRRCore
import Tensor

/// What an offline figure means: printed and stored with every result.
public struct EvaluationProtocol: Codable, Hashable, Sendable {
  /// What is held out.
  public enum Split: String, Codable, Hashable, Sendable, CaseIterable {
    /// Users, of whom only a profile may be seen.
    case users
    /// Ratings drawn at random, whichever users gave them.
    case rows
    /// The latest ratings of all.
    case time
    /// The latest ratings of each user.
    case latest
    /// The last sessions of a log of clicks, as its files order them.
    case sessions
    /// Nothing: every rating trains, and there is nothing to evaluate on.
    case nothing = "none"
  }

  /// Where the liked items come from that a session starts with.
  public enum History: String, Codable, Hashable, Sendable {
    /// The latest that may be seen.
    case profile
    /// The first of the session itself: an answer is given away for each.
    case session
  }

  /// Which sessions a K is measured on.
  public enum Population: String, Codable, Hashable, Sendable {
    /// The same for every K.
    case shared
    /// Those that have K candidates: the more, the heavier the raters.
    case perCutoff
  }

  /// What the PMF is fitted on.
  public enum PMFRows: String, Codable, Hashable, Sendable {
    /// What may be seen.
    case visible
    /// As large a share of all ratings as trains, out of another shuffle: of the held-out ratings
    /// it sees that share.
    case reshuffled
  }

  /// What is held out.
  public var split = Split.users
  /// Share that is held out for test: of the users, or of the ratings.
  public var testShare = 0.2
  /// Share that is held out for validation, from what test leaves.
  public var validationShare = 0.1
  /// Share of a held-out user's ratings, the earliest, that may be seen: the profile. What follows
  /// is the session to re-rank, of which nothing is trained on. In a split by users only.
  public var profileShare = 0.5
  /// Where the liked items of a test user's first state come from.
  public var history = History.profile
  /// Whether history items that belong to the session stay among the candidates.
  public var keepsHistory = false
  /// Candidates a session needs.
  public var minimumCandidates = 20
  /// Which users a K is measured on.
  public var population = Population.shared
  /// The Ks.
  public var cutoffs = [5, 10, 15, 20]
  /// What the factorization is fitted on.
  public var pmfRows = PMFRows.visible
  /// ε of an agent at evaluation.
  public var exploration: Float = 0
  /// Draws what is held out.
  public var splitSeed: UInt64 = 0
  /// How ratings of one user and time are ordered; nil: drawn where each user's latest are held
  /// out or the data have no times, as in the file elsewhere.
  public var ties: TieOrder?
  /// What data without times mean where their order is drawn: that all ratings of a user tie; nil,
  /// as runs of older programs have it: that their order in the file is that of time.
  public var withoutTimes: TieOrder? = .drawn

  /// The default protocol.
  public init() {}

  /// The default protocol for these ratings.
  public init(for log: RatingsLog) {
    if log.hasTimes { withoutTimes = nil }
    guard log.isOfSessions else { return }
    split = .sessions
    ties = .file
    validationShare = 0.05
  }

  /// Holds something else out, with the settings that suit it: few users have twenty ratings among
  /// their latest.
  public mutating func choose(_ split: Split) {
    self.split = split
    guard split == .latest else { return }
    ties = tieOrder
    cutoffs = [5, 10]
    minimumCandidates = 10
  }

  /// How ratings of one user and time are ordered, whether `ties` says so or the split.
  public var tieOrder: TieOrder { tieOrder(hasTimes: true) }

  func tieOrder(hasTimes: Bool) -> TieOrder {
    ties ?? (split == .latest || !hasTimes && withoutTimes == .drawn ? .drawn : .file)
  }

  /// Whether all ratings of a user are of one time, and in an order that is drawn.
  func tiesAll(hasTimes: Bool) -> Bool {
    !hasTimes && withoutTimes == .drawn && tieOrder(hasTimes: false) == .drawn
  }

  /// How the published figures of DRR's open implementations were made: ratings held out at random,
  /// the history taken from the session and left among the candidates, a PMF that has seen most
  /// answers, ε 0.1, and for each K the users who have K candidates.
  public static var asPublished: EvaluationProtocol {
    var published = EvaluationProtocol()
    published.split = .rows
    published.validationShare = 0
    published.history = .session
    published.keepsHistory = true
    published.minimumCandidates = 5
    published.population = .perCutoff
    published.pmfRows = .reshuffled
    published.exploration = 0.1
    return published
  }

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("test share", testShare, "between 0 and 1") { $0 > 0 && $0 < 1 }
    try ConfigurationError.require(
      "validation share", validationShare,
      "0 or more and, with the test share of \(testShare), below 1"
    ) { $0 >= 0 && $0 + testShare < 1 }
    try ConfigurationError.require(
      "history among the candidates", keepsHistory, "false where the history is of the profile"
    ) { !$0 || history == .session }
    try ConfigurationError.require("profile share", profileShare, "between 0 and 1") {
      $0 > 0 && $0 < 1
    }
    try ConfigurationError.require("cutoffs", cutoffs, "at least one K, each 1 or more") {
      !$0.isEmpty && $0.allSatisfy { $0 >= 1 }
    }
    switch population {
    case .shared:
      try ConfigurationError.require(
        "minimum candidates", minimumCandidates, "at least the largest K, \(cutoffs.max()!)"
      ) { $0 >= cutoffs.max()! }
    case .perCutoff:
      try ConfigurationError.require(
        "minimum candidates", minimumCandidates, "at least the smallest K, \(cutoffs.min()!)"
      ) { $0 >= cutoffs.min()! }
    }
    try ConfigurationError.require("exploration", exploration, .share)
  }

  /// - Throws: `RunError` where nothing was held out that could be evaluated on.
  package func requireHeldOut() throws(RunError) {
    if split == .nothing {
      throw RunError(
        "nothing was held out (--split none): every rating has been trained on, and none is left to "
          + "evaluate on; train a run with another --split")
    }
  }

  /// Whether what is held out of a user, and what the factorization is fitted on, follows from the
  /// users and that user's ratings alone, so that ranks may each hold those of some users.
  public var isByUser: Bool {
    [.users, .latest, .nothing].contains(split) && pmfRows == .visible
  }

  /// One line for people.
  ///
  /// - Parameter hasTimes: whether the data have times.
  public func summary(scale: RewardScale, window: Int, hasTimes: Bool) -> String {
    let candidates =
      "candidates = the session's items, " + (keepsHistory ? "the history's among them, " : "")
      + "at least \(minimumCandidates)"
      + (population == .perCutoff ? ", and for each K at least K" : "")
    let start =
      history == .profile
      ? "start = the user's \(window) latest liked "
        + "\(split == .users ? "profile" : "visible") items"
      : "start = the user's first \(window) liked items of the session"
    let fit =
      pmfRows == .visible
      ? "PMF fitted on what may be seen"
      : "PMF fitted on another shuffle's \(percent(1 - testShare)) of all ratings, test ratings "
        + "among them"
    return [
      splitSummary, candidates, start, "liked = \(scale) > 0", "ties to the lower item index", fit,
      "exploration \(exploration == 0 ? "0" : "\(exploration)")",
    ].joined(separator: "; ") + (untimedNote(hasTimes: hasTimes).map { "; " + $0 } ?? "")
  }

  /// What stands in for time in data without times.
  package func untimedNote(hasTimes: Bool) -> String? {
    if hasTimes { return nil }
    return tiesAll(hasTimes: false)
      ? "no times: each user's ratings in an order drawn by seed \(splitSeed)"
      : "no times: the order of the file stands in"
  }

  /// What is held out, for people.
  package var splitSummary: String {
    let shares =
      "\(percent(1 - testShare - validationShare))/\(percent(validationShare))/\(percent(testShare))"
    let parts =
      switch split {
      case .users:
        "users split \(shares) for training/validation/test (seed \(splitSeed)); profile = first "
          + "\(percent(profileShare)) of a held-out user's ratings in time, session = the rest"
      case .rows:
        "ratings split at random \(shares) for training/validation/test (seed \(splitSeed)); "
          + "session = a user's test ratings"
      case .time:
        "ratings split by time \(shares) for training/validation/test; session = a user's test "
          + "ratings"
      case .latest:
        "each user's ratings split by time \(shares) for training/validation/test; session = a "
          + "user's test ratings"
      case .sessions:
        "sessions in the order of their file split \(shares) for training/validation/test"
      case .nothing: "nothing held out, every rating trains"
      }
    let sameTime: [String] =
      switch (tieOrder, split) {
      case (.drawn, _): ["ratings of one time in an order drawn by seed \(splitSeed)"]
      case (.file, .latest): ["ratings of one time in the order of the file"]
      case (.file, _): []
      }
    return ([parts] + sameTime).joined(separator: "; ")
  }

  private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }
}

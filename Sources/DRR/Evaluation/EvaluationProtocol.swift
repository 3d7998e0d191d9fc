import Tensor

/// What an offline figure means: printed and stored with every result.
public struct EvaluationProtocol: Codable, Hashable, Sendable {
  /// Share of users held out. The rest train.
  public var testShare = 0.2
  /// Share of a test user's ratings, the earliest, that may be seen: her profile. What follows is
  /// the session to re-rank, of which nothing is trained on.
  public var profileShare = 0.5
  /// Candidates a session needs, so that one set of users serves every K.
  public var minimumCandidates = 20
  /// The Ks.
  public var cutoffs = [5, 10, 15, 20]
  /// Draws the held-out users.
  public var splitSeed: UInt64 = 0

  public init() {}

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("test share", testShare, "between 0 and 1") { $0 > 0 && $0 < 1 }
    try ConfigurationError.require("profile share", profileShare, "between 0 and 1") {
      $0 > 0 && $0 < 1
    }
    try ConfigurationError.require("cutoffs", cutoffs, "at least one K, each 1 or more") {
      !$0.isEmpty && $0.allSatisfy { $0 >= 1 }
    }
    try ConfigurationError.require(
      "minimum candidates", minimumCandidates, "at least the largest K, \(cutoffs.max()!)"
    ) { $0 >= cutoffs.max()! }
  }

  /// One line for people.
  public func summary(scale: RewardScale, window: Int) -> String {
    "users split \(percent(1 - testShare))/\(percent(testShare)) (seed \(splitSeed)); "
      + "profile = first \(percent(profileShare)) of a test user's ratings in time, "
      + "session = the rest; candidates = the session's items, at least \(minimumCandidates); "
      + "start = her \(window) latest liked profile items; liked = \(scale) > 0; "
      + "ties to the lower item index; exploration 0"
  }

  private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }
}

/// Who may be learned from, and how far.
public struct UserSplit: Sendable {
  public let trainUsers: [Int32]
  public let testUsers: [Int32]
  /// Row where what may be seen of each user ends; her session follows, up to her last row.
  public let profileEnd: [Int]

  public init(_ log: RatingsLog, _ evaluation: EvaluationProtocol) {
    var order = (0..<Int32(log.userCount)).map { $0 }
    var random = Philox(seed: evaluation.splitSeed, stream: Streams.split)
    order.shuffle(using: &random)
    let held = Int((evaluation.testShare * Double(log.userCount)).rounded())
    testUsers = order.prefix(held).sorted()
    trainUsers = order.dropFirst(held).sorted()
    var ends = (0..<log.userCount).map { log.rows(ofUser: $0).upperBound }
    for user in testUsers {
      let rows = log.rows(ofUser: Int(user))
      ends[Int(user)] =
        rows.lowerBound + Int((evaluation.profileShare * Double(rows.count)).rounded())
    }
    profileEnd = ends
  }

  /// Everyone trains on everything and nobody is held out.
  package init(everything log: RatingsLog) {
    trainUsers = (0..<Int32(log.userCount)).map { $0 }
    testUsers = []
    profileEnd = (0..<log.userCount).map { log.rows(ofUser: $0).upperBound }
  }

  public func visibleRows(of user: Int, in log: RatingsLog) -> Range<Int> {
    log.rows(ofUser: user).lowerBound..<profileEnd[user]
  }

  public func sessionRows(of user: Int, in log: RatingsLog) -> Range<Int> {
    profileEnd[user]..<log.rows(ofUser: user).upperBound
  }

  /// Every row that may be learned from.
  public func visibleRows(in log: RatingsLog) -> [Int32] {
    (0..<log.userCount).flatMap { visibleRows(of: $0, in: log).map { Int32($0) } }
  }
}

/// Random streams of one seed, one a purpose, so that no two share numbers.
enum Streams {
  static let split: UInt64 = 1
  static let pmfWeights: UInt64 = 2
  static let pmfOrder: UInt64 = 3
  static let pmfHoldout: UInt64 = 4
  static let actor: UInt64 = 5
  static let critic: UInt64 = 6
  static let sessions: UInt64 = 7
  static let explorationCoin: UInt64 = 8
  static let explorationVector: UInt64 = 9
  static let replay: UInt64 = 10
  static let randomRanker: UInt64 = 11
  static let bootstrap: UInt64 = 12
  static let itemKinds: UInt64 = 40
  static let onlineItem: UInt64 = 41
  static let onlineAction: UInt64 = 42
  static let randomAction: UInt64 = 30
  static let belief: UInt64 = 50
  static let beliefFolds: UInt64 = 51
  static let cloning: UInt64 = 52
  static let candidates: UInt64 = 53
  static let explorationNoise: UInt64 = 20
  static let targetNoise: UInt64 = 21
}

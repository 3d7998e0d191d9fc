import DRRCore
import Tensor

/// Which ratings may be learned from, and which make the sessions of validation and test.
public struct UserSplit: Sendable {
  /// What is kept from training.
  public enum HeldOut: String, Sendable { case validation, test }

  /// Rows of a user in time.
  public typealias Rows = LazyFilterSequence<Timeline>
  /// The rows of a user in the order of time.
  public typealias Timeline = LazyMapSequence<Range<Int>, Int>

  /// Users who have ratings to learn from and are not held out themselves.
  public private(set) var trainUsers: [Int32]
  /// Users whose held-out ratings choose a checkpoint.
  public private(set) var validationUsers: [Int32]
  /// Users whose held-out ratings are reported.
  public private(set) var testUsers: [Int32]
  /// One a row.
  private var parts: [Part]
  /// Rows of each part in all ranks; nil: all are here.
  private var wholeCounts: [Int]?
  /// A row for each place of the log; empty where each stands in its own.
  private let order: [Int32]
  private let evaluation: EvaluationProtocol
  private let hasTimes: Bool
  private let isOfSessions: Bool

  private enum Part: UInt8, Sendable, CaseIterable { case visible, validation, test }

  /// The split of a log that a protocol and its seed make.
  public init(_ log: RatingsLog, _ evaluation: EvaluationProtocol) {
    self.evaluation = evaluation
    hasTimes = log.hasTimes
    isOfSessions = log.isOfSessions
    let places =
      evaluation.tieOrder(hasTimes: hasTimes) == .drawn
      ? log.rowsWithDrawnTies(
        seed: evaluation.splitSeed, all: evaluation.tiesAll(hasTimes: hasTimes)) : []
    order = places
    guard evaluation.split == .users else {
      let parts =
        switch evaluation.split {
        case .users, .rows: Self.byRow(log, evaluation)
        case .time: Self.byTime(log, evaluation)
        case .latest: Self.byUser(log, evaluation, order: places)
        case .sessions: Self.bySession(log, evaluation)
        case .nothing: [Part](repeating: .visible, count: log.count)
        }
      self.parts = parts
      func users(_ part: Part) -> [Int32] {
        (0..<Int32(log.userCount)).filter { user in
          log.rows(ofUser: Int(user)).contains { parts[$0] == part }
        }
      }
      (trainUsers, validationUsers, testUsers) = (users(.visible), users(.validation), users(.test))
      return
    }
    var order = (0..<Int32(log.userCount)).map { $0 }
    var random = Philox(seed: evaluation.splitSeed, stream: Streams.split)
    order.shuffle(using: &random)
    let counts = Self.heldOut(of: log.userCount, evaluation)
    testUsers = order.prefix(counts.test).sorted()
    validationUsers = order.dropFirst(counts.test).prefix(counts.validation).sorted()
    trainUsers = order.dropFirst(counts.test + counts.validation).sorted()
    var parts = [Part](repeating: .visible, count: log.count)
    for (part, users) in [(Part.validation, validationUsers), (.test, testUsers)] {
      for user in users {
        let rows = log.rows(ofUser: Int(user))
        let profile = Int((evaluation.profileShare * Double(rows.count)).rounded())
        for place in rows.dropFirst(profile) {
          parts[places.isEmpty ? place : Int(places[place])] = part
        }
      }
    }
    self.parts = parts
  }

  /// The same of a log whose ratings ranks hold by users: the users are those of all ranks, rows are
  /// of this one. `evaluation` is by user.
  package init(
    _ log: RatingsLog, _ evaluation: EvaluationProtocol, among ranks: any Collective
  ) throws(CollectiveError) {
    self.init(log, evaluation)
    guard log.whole != nil else { return }
    require(evaluation.isByUser, "split: \(evaluation.split) of the ratings of some users")
    let counts = Part.allCases.map { part in Double(parts.count { $0 == part }) }
    wholeCounts = try ranks.allReduce(counts).map { Int($0) }
    if evaluation.split == .users { return }
    func all(_ own: [Int32]) throws(CollectiveError) -> [Int32] {
      try ranks.allGather(own).flatMap { $0 }.sorted()
    }
    (trainUsers, validationUsers) = (try all(trainUsers), try all(validationUsers))
    testUsers = try all(testUsers)
  }

  /// All users train on everything and none is held out.
  package init(everything log: RatingsLog) {
    trainUsers = (0..<Int32(log.userCount)).map { $0 }
    validationUsers = []
    testUsers = []
    parts = [Part](repeating: .visible, count: log.count)
    order = []
    evaluation = EvaluationProtocol()
    hasTimes = log.hasTimes
    isOfSessions = log.isOfSessions
  }

  /// The same with nothing held out for validation: what was chosen there can then learn from all
  /// that comes before the test.
  public var withoutValidation: UserSplit {
    var split = self
    split.trainUsers = Set(trainUsers).union(validationUsers).sorted()
    split.validationUsers = []
    split.parts = parts.map { $0 == .validation ? .visible : $0 }
    return split
  }

  /// Of a number of users or ratings, those that validation and test take.
  private static func heldOut(
    of count: Int, _ evaluation: EvaluationProtocol
  ) -> (validation: Int, test: Int) {
    func share(_ share: Double) -> Int { Int((share * Double(count)).rounded()) }
    let test = share(evaluation.testShare)
    return (min(share(evaluation.validationShare), count - test), test)
  }

  private static func byRow(_ log: RatingsLog, _ evaluation: EvaluationProtocol) -> [Part] {
    var random = Philox(seed: evaluation.splitSeed, stream: Streams.rowSplit)
    let order = (0..<Int32(log.count)).shuffled(using: &random)
    let counts = heldOut(of: log.count, evaluation)
    var parts = [Part](repeating: .visible, count: log.count)
    for row in order.prefix(counts.test) { parts[Int(row)] = .test }
    for row in order.dropFirst(counts.test).prefix(counts.validation) {
      parts[Int(row)] = .validation
    }
    return parts
  }

  /// Ratings of one time are never parted: those of a cut's own time come after it.
  private static func byTime(_ log: RatingsLog, _ evaluation: EvaluationProtocol) -> [Part] {
    let times = log.times.sorted()
    let counts = heldOut(of: log.count, evaluation)
    func cut(after count: Int) -> Int64 { count < times.count ? times[count] : .max }
    let test = cut(after: log.count - counts.test)
    let validation = cut(after: log.count - counts.test - counts.validation)
    return log.times.map { $0 >= test ? .test : $0 >= validation ? .validation : .visible }
  }

  /// Of each user the latest for test, and before them the latest for validation.
  private static func byUser(
    _ log: RatingsLog, _ evaluation: EvaluationProtocol, order: [Int32]
  ) -> [Part] {
    var parts = [Part](repeating: .visible, count: log.count)
    for user in 0..<log.userCount {
      let places = log.rows(ofUser: user)
      let counts = heldOut(of: places.count, evaluation)
      for (age, place) in places.reversed().prefix(counts.test + counts.validation).enumerated() {
        parts[order.isEmpty ? place : Int(order[place])] =
          age < counts.test ? .test : .validation
      }
    }
    return parts
  }

  /// The last users for test, and those before them for validation.
  private static func bySession(_ log: RatingsLog, _ evaluation: EvaluationProtocol) -> [Part] {
    let counts = heldOut(of: log.userCount, evaluation)
    let test = log.userOffsets[log.userCount - counts.test]
    let validation = log.userOffsets[log.userCount - counts.test - counts.validation]
    return (0..<log.count).map { $0 >= test ? .test : $0 >= validation ? .validation : .visible }
  }

  /// Users who have a session to rank.
  public func users(of part: HeldOut) -> [Int32] {
    part == .test ? testUsers : validationUsers
  }

  /// What may be seen of a user.
  public func visibleRows(of user: Int, in log: RatingsLog) -> Rows {
    rows(of: user, in: log, .visible)
  }

  /// The same, ratings of one time in an order drawn anew where the split draws it.
  package func visibleRows(
    of user: Int, in log: RatingsLog, redrawing random: inout Philox
  ) -> [Int32] {
    var rows = Array(visibleRows(of: user, in: log).map { Int32($0) })
    guard drawsTies else { return rows }
    log.shuffleTies(
      of: &rows, in: rows.indices, all: evaluation.tiesAll(hasTimes: hasTimes), using: &random)
    return rows
  }

  /// Whether ratings of one time are in an order that is drawn.
  package var drawsTies: Bool { !order.isEmpty }

  /// What a user is to be recommended, and nothing learns from.
  public func sessionRows(
    of user: Int, in log: RatingsLog, for part: HeldOut = .test
  ) -> Rows {
    rows(of: user, in: log, part == .test ? .test : .validation)
  }

  private func rows(of user: Int, in log: RatingsLog, _ part: Part) -> Rows {
    rows(of: user, in: log).filter { [parts] in parts[$0] == part }
  }

  /// All that a user rated, held out or not.
  public func rows(of user: Int, in log: RatingsLog) -> Timeline {
    log.rows(ofUser: user).lazy.map { [order] in order.isEmpty ? $0 : Int(order[$0]) }
  }

  /// - Throws: `RunError` where nothing was held out.
  package func requireHeldOut() throws(RunError) { try evaluation.requireHeldOut() }

  /// Whether held-out ratings have others to learn from after them.
  package var isAtRandom: Bool { evaluation.split == .rows }

  /// What a row is kept from training for; nil where it may be learned from.
  public func heldOut(row: Int) -> HeldOut? {
    switch parts[row] {
    case .visible: nil
    case .validation: .validation
    case .test: .test
    }
  }

  /// Every row that may be learned from.
  public func visibleRows(in log: RatingsLog) -> [Int32] {
    (0..<Int32(log.count)).filter { parts[Int($0)] == .visible }
  }

  /// Every row that the PMF is fitted on.
  public func pmfRows(in log: RatingsLog) -> [Int32] {
    guard evaluation.pmfRows == .reshuffled, evaluation.split != .nothing else {
      return visibleRows(in: log)
    }
    var random = Philox(seed: evaluation.splitSeed, stream: Streams.pmfRows)
    let order = (0..<Int32(log.count)).shuffled(using: &random)
    return order.dropFirst(Self.heldOut(of: log.count, evaluation).test).sorted()
  }

  /// Throws `ConfigurationError` where the latest of all ratings are asked for and none is later.
  package func requireTimes() throws(ConfigurationError) {
    if evaluation.split == .time, evaluation.tiesAll(hasTimes: hasTimes) {
      throw ConfigurationError(
        "split is time, but the data have no times; use --split latest, rows or users, or --ties "
          + "file if their order in the file is that of time")
    }
    if isOfSessions != (evaluation.split == .sessions) {
      throw ConfigurationError(
        isOfSessions
          ? "split is \(evaluation.split.rawValue), and the data are sessions of clicks; use --split "
            + "sessions"
          : "split is sessions, and the data are ratings; use --split latest, time, rows or users")
    }
  }

  /// A sentence where for most users each rating is of a later item than the one before: that order
  /// is the file's, and tells what comes next.
  public func orderWarning(in log: RatingsLog) -> String? {
    let (users, sorted) = sortedUsers(in: log)
    return orderWarning(users, sorted, in: log)
  }

  /// The same of a log whose ratings ranks may hold by users.
  package func orderWarning(
    in log: RatingsLog, among ranks: any Collective
  ) throws(CollectiveError) -> String? {
    guard log.whole != nil else { return orderWarning(in: log) }
    let (users, sorted) = sortedUsers(in: log)
    let all = try ranks.allReduce([Double(users), Double(sorted)])
    return orderWarning(Int(all[0]), Int(all[1]), in: log)
  }

  /// Users of whom a few ratings tell, and those whose ratings ascend by item.
  private func sortedUsers(in log: RatingsLog) -> (users: Int, sorted: Int) {
    var (users, sorted) = (0, 0)
    // A line of a session says its order.
    if log.isOfSessions { return (0, 0) }
    for user in 0..<log.userCount {
      let items = rows(of: user, in: log).map { log.items[$0] }
      guard items.count >= 4 else { continue }
      users += 1
      if zip(items, items.dropFirst()).allSatisfy({ $0 < $1 }) { sorted += 1 }
    }
    return (users, sorted)
  }

  private func orderWarning(_ users: Int, _ sorted: Int, in log: RatingsLog) -> String? {
    guard users >= 3, 2 * sorted > users else { return nil }
    return "warning: in the order used, the ratings of \(sorted) of \(users) users ascend by item, "
      + "which is how a file was sorted and would be taken for what follows what; "
      + (log.hasTimes
        ? "leave out times that were not measured, or give them all one and use --ties drawn"
        : "use --ties drawn")
  }

  /// Throws `ConfigurationError` if a part has no user in it.
  package func requireEveryPart() throws(ConfigurationError) {
    try requireTimes()
    if evaluation.split == .nothing && !trainUsers.isEmpty { return }
    let all = Set(trainUsers).union(validationUsers).union(testUsers).count
    let setting: String
    if trainUsers.isEmpty || testUsers.isEmpty {
      setting = "test share is \(evaluation.testShare)"
    } else if validationUsers.isEmpty && evaluation.validationShare > 0 {
      setting = "validation share is \(evaluation.validationShare)"
    } else {
      return
    }
    func count(_ part: Part) -> Int {
      wholeCounts?[Int(part.rawValue)] ?? parts.count { $0 == part }
    }
    let (what, sizes) =
      evaluation.split == .users
      ? ("\(all) users", [trainUsers.count, validationUsers.count, testUsers.count])
      : (
        "\(wholeCounts?.reduce(0, +) ?? parts.count) ratings",
        [count(.visible), count(.validation), count(.test)]
      )
    throw ConfigurationError(
      "\(setting), which splits \(what) into \(sizes[0]) to train on, \(sizes[1]) to validate on "
        + "and \(sizes[2]) to test on; each must be 1 or more, or --validation-fraction 0")
  }
}

import DRRCore
import DRRData
import Tensor

/// What ranks divide of the ratings of a fit, so that each holds those of the users whose vectors it
/// has.
struct PMFShares {
  let training: PMFRatings
  let holdout: PMFRatings
  let parts: UserParts
  let users: UserRows

  /// Rows of a log with their places among those of all ranks.
  private struct Placed {
    var rows: [Int32] = []
    var places: [Int32] = []
    var count = 0

    /// The rows that are this rank's of some in order, −1 where one is another's.
    init(_ order: ArraySlice<Int32>, where isOwn: (Int32) -> Bool = { _ in true }) {
      count = order.count
      for (place, row) in order.enumerated() where row >= 0 && isOwn(row) {
        rows.append(row)
        places.append(Int32(place))
      }
    }
  }

  /// - Parameters:
  ///   - log: of which each rank holds the ratings of some users, or all.
  ///   - rows: those that are here, users ascending where the log is shared.
  /// - Throws: `ConfigurationError` where no rank has a row.
  init(
    _ configuration: PMFConfiguration, _ log: RatingsLog, rows: [Int32], from start: PMFStart?,
    seed: UInt64, among ranks: any Collective
  ) throws {
    let (training, holdout) =
      log.whole == nil
      ? Self.taken(rows, configuration, log, from: start, seed: seed, among: ranks)
      : try Self.drawn(rows, configuration, log, seed: seed, among: ranks)
    var counts = [Int](repeating: 0, count: log.userCount)
    for row in training.rows { counts[Int(log.users[Int(row)])] += 1 }
    let offsets = try ranks.offsets(of: counts)
    parts = UserParts(
      configuration.batchParts ?? ranks.size,
      ratings: zip(offsets, offsets.dropFirst()).map { $1 - $0 })
    users = UserRows(parts, among: ranks)
    let owners = users.owners
    self.training = try Self.handed(training, of: log, to: owners, among: ranks)
    self.holdout = try Self.handed(holdout, of: log, to: owners, among: ranks)
  }

  /// Of a log that every rank holds whole, the rows of some users.
  private static func taken(
    _ rows: [Int32], _ configuration: PMFConfiguration, _ log: RatingsLog, from start: PMFStart?,
    seed: UInt64, among ranks: any Collective
  ) -> (training: Placed, holdout: Placed) {
    let share = UserShare(of: ranks)
    let (training, holdout) = PMFTrainer.divided(rows, configuration, from: start, seed: seed)
    func own(_ row: Int32) -> Bool { share.holds(Int(log.users[Int(row)])) }
    return (Placed(training[...], where: own), Placed(holdout[...], where: own))
  }

  /// The same division where each rank holds the rows of some users: all draw the order of all.
  private static func drawn(
    _ rows: [Int32], _ configuration: PMFConfiguration, _ log: RatingsLog, seed: UInt64,
    among ranks: any Collective
  ) throws -> (training: Placed, holdout: Placed) {
    var counts = [Int](repeating: 0, count: log.userCount)
    for row in rows { counts[Int(log.users[Int(row)])] += 1 }
    var next = try ranks.offsets(of: counts)
    let all = next[log.userCount]
    if all == 0 { throw PMFTrainer.noRatings }
    let places = rows.map { row in
      let user = Int(log.users[Int(row)])
      defer { next[user] += 1 }
      return Int32(next[user])
    }
    var order = PMFRatings.spread(rows, places, all)
    let held = configuration.held(of: all)
    if held > 0 {
      var random = Philox(seed: seed, stream: Streams.pmfHoldout)
      order.shuffle(using: &random)
    }
    return (Placed(order[held...]), Placed(order[..<held]))
  }

  /// Gives each row to the rank that has its user.
  private static func handed(
    _ placed: Placed, of log: RatingsLog, to owners: [Int], among ranks: any Collective
  ) throws(CollectiveError) -> PMFRatings {
    /// One column after the other, to keep the peak low.
    func column<Value: BitwiseCopyable & Sendable>(
      _ value: (_ index: Int) -> Value
    ) throws(CollectiveError) -> [Value] {
      let (sent, received) = (
        Parcels<Value>(ranks: ranks.size), Parcels<Value>(ranks: ranks.size)
      )
      for (index, row) in placed.rows.enumerated() {
        sent.append(value(index), to: owners[Int(log.users[Int(row)])])
      }
      try ranks.allToAll(sent, into: received)
      return (0..<ranks.size).flatMap { Array($0 == ranks.rank ? sent[$0] : received[$0]) }
    }
    let rows = placed.rows
    return PMFRatings(
      users: try column { log.users[Int(rows[$0])] },
      items: try column { log.items[Int(rows[$0])] },
      ratings: try column { log.ratings[Int(rows[$0])] },
      places: try column { placed.places[$0] }, count: placed.count)
  }
}

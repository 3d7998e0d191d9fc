import DRRCore

/// The users whose ratings a process holds, where several each hold those of some: every so-manieth
/// in the order in which a log first names them.
public struct UserShare: Sendable {
  private let rank: Int
  private let size: Int

  /// All users.
  public static let all = UserShare(rank: 0, size: 1)

  private init(rank: Int, size: Int) { (self.rank, self.size) = (rank, size) }

  /// Those of one of several ranks.
  public init(of ranks: any Collective) { self.init(rank: ranks.rank, size: ranks.size) }

  var isWhole: Bool { size == 1 }

  /// Whether a user is among them, by the number in order of arrival.
  package func holds(_ user: Int) -> Bool { isWhole || user % size == rank }

  /// Room for theirs of so many rows, and for a block of which the others' are not dropped yet.
  func part(of rows: Int) -> Int {
    isWhole ? rows : Int(1.05 * Double(rows) / Double(size)) + 1 << 19
  }
}

extension RatingsSource {
  /// Reads a log in ranks, each of which reads all and holds the ratings of some users; of several
  /// sources that are joined each holds all ratings.
  ///
  /// - Parameters:
  ///   - path: as ``load(_:range:reading:share:progress:)`` has it.
  ///   - ranks: who read it together, each by this function.
  /// - Throws: `DataError`, the same in every rank; `CollectiveError`.
  public static func load(
    _ path: String, range: ClosedRange<Float>? = nil, among ranks: any Collective,
    progress: Progress? = nil
  ) throws -> RatingsLog {
    guard ranks.size > 1, sources(path).count == 1 else {
      return try load(path, range: range, progress: progress)
    }
    var log = try load(path, range: range, share: UserShare(of: ranks), progress: progress)
    try log.learnOfOthers(among: ranks)
    return log
  }
}

extension RatingsLog {
  /// Learns of the ratings that the other ranks hold, each those of other users.
  mutating func learnOfOthers(among ranks: any Collective) throws(CollectiveError) {
    let sums = try ranks.allReduce(
      [count, duplicateCount, isInHalves ? 0 : 1].map { Double($0) })
    whole = Whole(count: Int(sums[0]), isInHalves: sums[2] == 0)
    duplicateCount = Int(sums[1])
  }
}

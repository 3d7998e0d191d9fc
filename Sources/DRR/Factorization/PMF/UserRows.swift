import DRRCore
import Platform
import Tensor

/// Which rank holds which rows of the tables of users: ranges that ascend with the ranks.
struct UserRows {
  let ranks: any Collective
  /// By rank; empty where it has none.
  private let ranges: [Range<Int>]
  /// How many there are in all.
  let count: Int
  /// Rows that are sent at a time, of one number each.
  private static let block = 1 << 20

  init(_ parts: UserParts, among ranks: any Collective) {
    self.ranks = ranks
    count = parts.ofUser.count
    ranges = (0..<ranks.size).map { rank in
      parts.users(of: ranks.share(of: parts.count, rank: rank))
    }
  }

  /// Those of this rank.
  var own: Range<Int> { ranges[ranks.rank] }
  /// The rows of this rank's tables: its own, or where it has none a first that nothing touches.
  var held: Range<Int> { own.isEmpty ? 0..<1 : own }

  /// By user, the rank that has its row.
  var owners: [Int] {
    ranges.enumerated().flatMap { rank, range in repeatElement(rank, count: range.count) }
  }

  /// Adds a table of all users to a file, of which no rank holds more than its rows and a piece of
  /// the others'. Every rank adds it, and every rank writes the file or attends.
  ///
  /// - Parameters:
  ///   - shape: [users] or [users, width].
  ///   - own: the numbers of some of this rank's rows, by their numbers among the held.
  func add(
    _ name: String, _ shape: [Int], _ own: @escaping (_ rows: Range<Int>) throws -> [Float],
    to file: inout SafetensorsWriter
  ) throws(CheckpointError) {
    let (ranks, ranges, first) = (ranks, ranges, held.lowerBound)
    let block = max(Self.block / shape.dropFirst().reduce(1, *), 1)
    try file.add(name, shape: shape) { (take) throws(FileError) in
      for (rank, range) in ranges.enumerated() {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
          let rows = start - first..<min(start + block, range.upperBound) - first
          let piece: [Float]
          do {
            piece = try ranks.broadcast(rank == ranks.rank ? own(rows) : [], root: rank)
          } catch {
            throw FileError(path: "\(name) of rank \(rank)", action: "gather", code: EIO)
          }
          try take(piece)
        }
      }
    }
  }
}

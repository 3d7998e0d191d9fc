import DRRData
import Tensor

/// How a factorisation's weights are found. What it draws depends on the seed and the epoch alone.
protocol PMFSolver: AnyObject {
  /// The pieces that an epoch's progress is told in.
  var batchesPerEpoch: Int { get }
  /// One pass over the ratings; does not wait for the device.
  func pass(epoch: Int, progress: (_ batchesDone: Int) throws -> Void) throws
  /// Waits for the device.
  func model(mean: Float) throws -> PMFModel
  /// Goes on from vectors and biases of so many users and items.
  func take(_ model: PMFModel)
  func save(to file: inout SafetensorsWriter) throws
  /// Reads and checks; what it returns takes over and cannot fail.
  func prepareRestore(from file: SafetensorsFile) throws -> () -> Void
}

/// What a solver learns from.
struct PMFRatings {
  let log: RatingsLog
  let rows: [Int32]
  let scale: RewardScale
  let mean: Float

  func user(_ row: Int32) -> Int32 { log.users[Int(row)] }
  func item(_ row: Int32) -> Int32 { log.items[Int(row)] }
  /// By user, one of so many parts that ascend with the users and have about equally many ratings.
  /// Each begins with a multiple of 16 users, as the flat weights of tables do.
  func parts(_ count: Int) -> [Int] {
    var ratingsOf = [Int](repeating: 0, count: log.userCount)
    for row in rows { ratingsOf[Int(user(row))] += 1 }
    var (before, part) = (0, 0)
    return ratingsOf.indices.map { user in
      if user % 16 == 0 { part = max(part, before * count / max(rows.count, 1)) }
      before += ratingsOf[user]
      return min(part, count - 1)
    }
  }

  func residual(_ row: Int32) -> Float { scale.reward(log.ratings[Int(row)]) - mean }
}

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
  func residual(_ row: Int32) -> Float { scale.reward(log.ratings[Int(row)]) - mean }
}

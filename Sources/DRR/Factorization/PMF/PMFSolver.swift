import DRRData
import Tensor

/// How a factorisation's weights are found. What it draws depends on the seed and the epoch alone.
protocol PMFSolver: AnyObject {
  /// The pieces that an epoch's progress is told in.
  var batchesPerEpoch: Int { get }
  /// One pass over the ratings; does not wait for the device.
  func pass(epoch: Int, progress: (_ batchesDone: Int) throws -> Void) throws
  /// Of the users whose rows are held here. Waits for the device.
  func model(mean: Float) throws -> PMFModel
  /// Goes on from vectors and biases of these users and of all items.
  func take(_ model: PMFModel)
  func save(to file: inout SafetensorsWriter) throws
  /// Reads and checks; what it returns takes over and cannot fail.
  func prepareRestore(from file: SafetensorsFile) throws -> () -> Void
}

/// What a solver learns from.
struct PMFLesson {
  let ratings: PMFRatings
  let userCount: Int
  let itemCount: Int
  let scale: RewardScale
  let mean: Float

  func residual(_ row: Int32) -> Float { scale.reward(ratings.rating(row)) - mean }
}

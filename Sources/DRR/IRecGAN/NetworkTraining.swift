import DRRCore
import Tensor

/// A network under Adam, and the running mean of its weights, which forgets a share of itself each
/// step (Polyak & Juditsky 1992, with a horizon): what is validated and kept.
package final class NetworkTraining {
  package let weights: ParameterSet
  package let average: ParameterSet
  let optimizer: Adam
  private let rate: Float
  private let maximumNorm: Float
  /// Who computes the gradients of a batch.
  var sharing = SharedUpdates()

  /// - Parameter rate: the share of the newest weights in the mean; 1: it is they.
  package init(_ weights: ParameterSet, learningRate: Float, rate: Float, maximumNorm: Float) {
    self.weights = weights
    self.rate = rate
    self.maximumNorm = maximumNorm
    average = weights.copy()
    optimizer = Adam(weights, learningRate: learningRate)
  }

  /// One step down the loss of a batch.
  ///
  /// - Parameters:
  ///   - count: B, the sessions of the batch.
  ///   - columns: the numbers a session of each column that `part` returns.
  ///   - rows: of each part; nil: about equally many.
  ///   - part: the loss of some sessions, what is to be known of each, and what they weigh in the
  ///     whole batch's; nil: as many as they are.
  /// - Returns: what it comes to for the whole batch, on the device.
  package func step(
    sessions count: Int, columns: [Int] = [], by rows: @autoclosure () -> [Range<Int>]? = nil,
    _ part: (Range<Int>, Tape) -> (loss: Tensor, columns: [Tensor], weight: Float?)
  ) -> SharedUpdates.Part {
    let update = sharing.update(weights, rows: count, columns: columns, by: rows()) { rows in
      let tape = Tape(training: weights)
      let (loss, columns, weight) = part(rows, tape)
      tape.backward(from: loss)
      return .init(loss.detached, columns: columns, weight: weight)
    }
    // Until the horizon is reached all weights so far count alike.
    let share = max(rate, 1 / Float(optimizer.stepCount + 1))
    optimizer.step(maximumNorm: maximumNorm, target: average, rate: share)
    return update
  }

  /// Does something with the mean in the weights' place.
  func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    let current = weights.copy()
    weights.follow(average, tau: 1)
    defer { weights.follow(current, tau: 1) }
    return try body()
  }

  /// Goes on from other weights; no mean of those before.
  func take(_ other: ParameterSet) {
    weights.follow(other, tau: 1)
    average.follow(other, tau: 1)
  }
}

extension NetworkTraining: Checkpointed {
  package func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try weights.save(to: &file, prefix)
    try average.save(to: &file, "\(prefix)_average")
    try optimizer.save(to: &file, "\(prefix)_adam")
    try file.add("\(prefix)_learning_rate", [optimizer.learningRate])
  }

  package func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let parts: [(any Checkpointed, String)] = [
      (weights, prefix), (average, "\(prefix)_average"), (optimizer, "\(prefix)_adam"),
    ]
    let restores = try parts.map { try $0.prepareRestore(from: file, $1) }
    let learningRate = try file.floats("\(prefix)_learning_rate", .notNegative, shape: [1])[0]
    return {
      for restore in restores { restore() }
      self.optimizer.learningRate = learningRate
    }
  }
}

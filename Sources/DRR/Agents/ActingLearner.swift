import DRRCore
import Tensor

/// What acts in environments that step together and learns from what comes of it. It can be saved
/// between any two steps.
package protocol ActingLearner: AnyObject {
  /// Actions so far, in all environments.
  var step: Int { get }
  /// One step of all environments or more, and the updates that follow.
  func advance() throws
  /// What happened since the last report. Waits for the device.
  func report() throws -> EpisodeReport
  /// Whether training has kept to numbers. Waits for the device.
  func isFinite() throws -> Bool
  /// Sets who computes the gradients of its updates: by default it computes all of them.
  func share(_ updates: SharedUpdates)
  /// Everything that the next step depends on.
  func save(to file: inout SafetensorsWriter) throws
  /// Puts back what ``save(to:)`` wrote.
  func restore(from file: SafetensorsFile) throws
}

/// A line of the metrics.
public struct EpisodeReport: Codable, Hashable, Sendable {
  /// Steps of all environments so far.
  public var step: Int
  /// Mean sum of rewards of the episodes that ended since the last report, with exploration.
  public var meanReturn: Double?
  /// Of the last update: of deep Q-learning and DDPG that of the values, of a policy gradient that of
  /// the policy.
  public var loss: Float?
  /// DDPG's actor in the last update, where it was moved.
  public var actorLoss: Float?
  /// Q(s, a) of the last update's batch.
  public var qHistogram: Histogram?

  package init(
    step: Int, meanReturn: Double?, loss: Float? = nil, actorLoss: Float? = nil,
    qHistogram: Histogram? = nil
  ) {
    (self.step, self.meanReturn, self.loss) = (step, meanReturn, loss)
    (self.actorLoss, self.qHistogram) = (actorLoss, qHistogram)
  }
}

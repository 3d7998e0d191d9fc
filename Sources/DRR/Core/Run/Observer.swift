/// How a stage tells of its progress and learns that it is to stop.
public struct Observer {
  /// (done, total) of a stage, whose unit and state are in the text.
  public var progress: (_ done: Int, _ total: Int, _ note: String) -> Void = { _, _, _ in }
  /// Told what a person should know.
  public var note: (String) -> Void = { _ in }
  /// Asked after every step; true saves and throws `Interrupted`.
  public var shouldStop: () -> Bool = { false }
  /// Told of a run's metrics: of every line once it is on the disk, and of nil where a stage begins
  /// or is gone on with, since lines behind its checkpoint have been cut off then.
  public var metrics: (_ run: RunFolder, _ line: String?) throws -> Void = { _, _ in }
  /// Told whenever a checkpoint is there, from which the run can go on.
  public var saved: () -> Void = {}
  /// Steps between checkpoints; nil: every 30 seconds.
  public var checkpointSteps: Int?

  /// An observer that is told nothing, and never stops.
  public init() {}

  /// - Throws: `Interrupted` where it is time to stop; what was saved before stays.
  public func checkStop() throws(Interrupted) {
    if shouldStop() { throw Interrupted(step: 0) }
  }
}

/// Lets what is nearly done be finished and saved once a stop is asked for, and gives up what takes
/// longer, such as a long validation, so that the process ends within the second.
package struct Patience {
  private static let limit = Duration.milliseconds(400)
  private let observer: Observer
  private var asked: ContinuousClock.Instant?

  package init(_ observer: Observer) { self.observer = observer }

  /// To be called between parts of the work.
  ///
  /// - Throws: `Interrupted` where it has gone on long enough after a stop was asked for.
  package mutating func check() throws(Interrupted) {
    guard observer.shouldStop() else { return }
    let now = ContinuousClock.now
    if now - (asked ?? now) > Self.limit { throw Interrupted(step: 0) }
    asked = asked ?? now
  }
}

/// The run was asked to stop, and has saved how far it came.
public struct Interrupted: Error {
  /// Saved steps of the stage, or epochs of PMF.
  public let step: Int

  /// An interruption whose checkpoint holds so many steps.
  public init(step: Int) { self.step = step }
}

import Tensor

/// A training that goes step by step and can be saved between any two of them: what ``Run`` runs.
public protocol Trainer: AnyObject {
  /// A line of the metrics.
  associatedtype Report: Codable & Sendable
  /// Steps made, of how many.
  var step: Int { get }
  /// How many steps there are to be, 1 or more.
  var steps: Int { get }
  /// Whether nothing is left to do: by default, whether `step` has come to `steps`.
  var isFinished: Bool { get }
  /// One or more steps.
  ///
  /// - Returns: a report if one is due.
  func advance() throws -> Report?
  /// What the steps just made are worth on held-out data, a line of the metrics; nil if nothing is
  /// due.
  ///
  /// - Parameter before: the step that the latest ``advance()`` went on from; nil before the first.
  func validate(after before: Int?) throws -> (any Codable & Sendable)?
  /// The state of training in a few words, behind a progress bar.
  func summary(of report: Report) -> String
  /// Whether a report is of numbers.
  func isFinite(_ report: Report) -> Bool
  /// Whether training has kept to numbers. Waits for the device.
  func isFinite() throws -> Bool
  /// Everything that the next step depends on.
  func save(to file: inout SafetensorsWriter) throws
  /// Puts back what ``save(to:)`` wrote, so that training goes on to the same bits.
  ///
  /// - Throws: `CheckpointError` if something is missing or has another shape or type; nothing
  ///   should be changed then.
  func restore(from file: SafetensorsFile) throws
  /// What is to be done where nothing was saved yet.
  func begin() throws
  /// Called after a checkpoint is on the disk.
  func saved() throws
  /// Whether each ``advance()`` ends with a checkpoint, since it takes long.
  var savesEachStep: Bool { get }
  /// Sets the observer that is told of progress inside an ``advance()``.
  func watch(_ observer: Observer)
  /// Sets the ranks that train together, each of which has a trainer of the same settings; called
  /// before anything else.
  ///
  /// - Returns: the updates that they share; nil where they share none, and each does all alike or
  ///   has been told of the others before.
  func share(among ranks: any Collective) throws -> SharedUpdates?
}

/// A network's outputs are no numbers, so that there is no action to go on by.
public struct Diverged: Error {
  /// The training that finds it so says at which step.
  public init() {}
}

extension [Int32] {
  /// Choices of a network, one a row, as a device returns them: −1 where no score was a number.
  ///
  /// - Throws: `Diverged`, before such a choice is acted on.
  package func chosen() throws(Diverged) -> [Int32] {
    if contains(where: { $0 < 0 }) { throw Diverged() }
    return self
  }
}

extension Trainer {
  /// Whether nothing is left to do: by default, whether `step` has come to `steps`.
  public var isFinished: Bool { step >= steps }
  public func summary(of report: Report) -> String { "" }
  public func isFinite(_ report: Report) -> Bool { true }
  public var savesEachStep: Bool { false }
  public func validate(after before: Int?) throws -> (any Codable & Sendable)? { nil }
  public func begin() throws {}
  public func saved() throws {}
  public func watch(_ observer: Observer) {}
  public func share(among ranks: any Collective) throws -> SharedUpdates? { nil }

  /// Whether what is due so many times in a training, and at its end, has come due since a step.
  package func passes(_ times: Int, since before: Int) -> Bool {
    let part = max(steps / times, 1)
    return step / part > before / part || isFinished
  }
}

/// A step to be predicted: the session and the number of the step in the log.
public struct SessionPosition: Hashable, Sendable {
  public var session: Int
  public var step: Int

  public init(session: Int, step: Int) {
    self.session = session
    self.step = step
  }
}

/// A scorer that says how likely each item is to be clicked next.
public protocol SessionScorer: AnyObject {
  var name: String { get }
  /// Scores of all items at each position, [positions, itemCount]; only what lies before the
  /// position may be looked at.
  func scores(at positions: ArraySlice<SessionPosition>, of log: SessionLog) throws -> [Float]
}

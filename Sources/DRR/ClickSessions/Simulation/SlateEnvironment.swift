/// A simulator of users that click on slates (lists), many sessions at once, on the host.
public protocol SlateEnvironment: AnyObject {
  var itemCount: Int { get }
  /// Steps of a session at most, its start among them.
  var longestSession: Int { get }
  /// Begins `count` sessions and gives the item that each starts with.
  func begin(_ count: Int, seed: UInt64) throws -> [Int32]
  /// What each user does with their list of `size` items: lists [count, size], a session a row.
  /// Rows of sessions that are over are not looked at.
  func respond(to lists: [Int32], size: Int) throws -> [SessionResponse]
  /// What each item is worth in each session's state, [count, itemCount].
  func itemValues() throws -> [Float]
  /// The state of each session, where states have numbers.
  var states: [Int32]? { get }
}

public struct SessionResponse: Hashable, Sendable {
  /// −1: the user left.
  public var click: Int32
  public var reward: Float

  public init(click: Int32, reward: Float) {
    self.click = click
    self.reward = reward
  }

  public static let left = SessionResponse(click: -1, reward: 0)
}

/// A policy that fills lists, for many sessions at once.
public protocol ListPolicy: AnyObject {
  var name: String { get }
  /// Sessions begin with these items.
  func begin(_ starts: [Int32], seed: UInt64) throws
  /// A list for every session: [count, size], best first, no item twice.
  func lists(of size: Int) throws -> [Int32]
  /// What was clicked, −1 where a session is over.
  func observe(_ clicks: [Int32]) throws
}

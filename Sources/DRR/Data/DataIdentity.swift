import DRRCore

/// Which data, and what they were when the run began.
public struct DataIdentity: Codable, Hashable, Sendable {
  /// Where they are read from: a path, or `generated:SIZE:SEED`. No part of the identity.
  public var source: String
  /// Where the sessions for test are read from, if that is elsewhere. No part of the identity.
  public var test: String?
  /// What people call them.
  public var name: String
  /// CRC-32 of the ratings file, 8 hexadecimal digits.
  public var checksum: String
  /// The number of ratings.
  public var ratings: Int
  /// The number of users.
  public var users: Int
  /// The number of items with a rating.
  public var items: Int
  /// The scale of the ratings, where somebody named it.
  public var ratingRange: ClosedRange<Float>?
  /// Milliseconds since 1970 up to which a feedback log is among them; absent where none is.
  public var servedUntil: Int64?

  /// The identity of a log that was read from a source.
  ///
  /// - Parameter range: the scale that it was read with; nil: its own.
  public init(
    source: String, test: String? = nil, log: RatingsLog, range: ClosedRange<Float>? = nil
  ) {
    self.source = source
    self.test = test
    ratingRange = range
    name = log.name
    checksum = log.checksum
    ratings = log.wholeCount
    users = log.userCount
    items = log.itemCount
  }

  /// Throws `RunError` where a log holds other ratings than these, whatever it is called.
  ///
  /// - Parameter path: where the log was read from; nil: where these were.
  public func requireContents(of log: RatingsLog, from path: String? = nil) throws {
    let source = path ?? source
    var found = DataIdentity(source: source, log: log, range: ratingRange)
    (found.name, found.servedUntil) = (name, servedUntil)
    (found.source, found.test) = (self.source, test)
    if found != self {
      throw RunError(
        "\(source): the data have changed since the run began: \(found.ratings) ratings with "
          + "checksum \(found.checksum), expected \(ratings) with \(checksum); name the data that it "
          + "was trained on by --data, or train a new run on these")
    }
  }
}

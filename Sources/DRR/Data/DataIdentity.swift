import DRRCore

/// Which data, and what they were when the run began.
public struct DataIdentity: Codable, Hashable, Sendable {
  public var source: String
  public var name: String
  public var checksum: String
  public var ratings: Int
  public var users: Int
  public var items: Int

  public init(source: String, log: RatingsLog) {
    self.source = source
    name = log.name
    checksum = log.checksum
    ratings = log.count
    users = log.userCount
    items = log.itemCount
  }

  /// Throws `RunError` where a log holds other ratings than these, whatever it is called.
  ///
  /// - Parameter path: where the log was read from; nil: where these were.
  public func requireContents(of log: RatingsLog, from path: String? = nil) throws {
    let source = path ?? source
    var found = DataIdentity(source: source, log: log)
    found.name = name
    found.source = self.source
    if found != self {
      throw RunError(
        "\(source): the data have changed since the run began: \(found.ratings) ratings with "
          + "checksum \(found.checksum), expected \(ratings) with \(checksum)")
    }
  }
}

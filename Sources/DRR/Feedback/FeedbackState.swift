import DRRCore
import Essentials
import Platform
import Tensor

/// What a user made of an item, as far as it tells of their taste.
public struct KnownItem: Codable, Hashable, Sendable {
  /// The item's id.
  public var item: String
  /// On the scale of the data; nil for a click.
  public var rating: Float?

  /// An item by its parts.
  public init(item: String, rating: Float?) { (self.item, self.rating) = (item, rating) }

  /// - Returns: nil where feedback tells nothing of the user's taste.
  init?(_ feedback: ItemFeedback) {
    switch feedback.value {
    case .rating(let rating): self.init(item: feedback.item, rating: rating)
    case .click(true): self.init(item: feedback.item, rating: nil)
    case .click(false), .reward: return nil
    }
  }
}

/// What users have rated and clicked since a model was trained: a fold over a feedback log.
public struct FeedbackState: Sendable {
  /// What is known of each user, the oldest first, by the user's id.
  public private(set) var users: [String: [KnownItem]] = [:]
  /// The place in the log behind all that is counted.
  public private(set) var position = FeedbackLog.Position(segment: 1, offset: 0)

  /// Of an empty log.
  public init() {}

  /// Counts an event that ends at a place of the log.
  public mutating func apply(_ event: FeedbackEvent, at end: FeedbackLog.Position) {
    position = end
    guard case .feedback(let feedback) = event, let user = feedback.user,
      let known = KnownItem(feedback)
    else { return }
    users[user, default: []].append(known)
  }

  // MARK: - Snapshot

  private struct Snapshot: Codable {
    var schema = 1
    var position: FeedbackLog.Position
    var users: [String: [KnownItem]]
    var checksum = ""

    func checksummed() throws -> Snapshot {
      var snapshot = self
      snapshot.checksum = ""
      var checksum = Checksum()
      checksum.update(Array(try RunFolder.json(snapshot).utf8))
      snapshot.checksum = checksum.text
      return snapshot
    }
  }

  /// The state of a log: from its snapshot, where it has one that is whole, and all that came since.
  ///
  /// - Throws: `FeedbackError` where the log is damaged.
  public init(
    log folder: String, _ event: (FeedbackEvent) throws -> Void = { _ in }
  ) throws {
    self.init()
    let reader = FeedbackReader(folder: folder)
    guard !(try reader.segments().isEmpty) else { return }
    // The log has all that a snapshot says, which only saves time.
    let stored = RunFolder(folder).read(Snapshot.self, from: Self.path(folder))
    if let stored, stored.schema == 1, try stored.checksummed().checksum == stored.checksum,
      let last = try reader.segments().last, stored.position.segment <= last
    {
      (users, position) = (stored.users, stored.position)
    }
    try reader.forEach(from: position) {
      apply($0, at: $1)
      try event($0)
    }
  }

  /// Keeps the state beside its log, so that the next start reads only what came since.
  ///
  /// - Throws: `CheckpointError` where it cannot be written.
  public func write(toLog folder: String) throws {
    let snapshot = try Snapshot(position: position, users: users).checksummed()
    try AtomicFile.write(RunFolder.json(snapshot) + "\n", to: Self.path(folder))
  }

  static func path(_ folder: String) -> String { folder + "/state.json" }
}

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

extension ItemFeedback {
  /// Whether it is of a user with an id and tells of their taste.
  public var tellsTaste: Bool { user != nil && KnownItem(self) != nil }
}

/// What users have rated and clicked since a model was trained: a fold over a feedback log.
public struct FeedbackState: Sendable {
  /// What is known of each user, the oldest first, by the user's id.
  public private(set) var users: [String: [KnownItem]] = [:]
  /// The place in the log behind all that is counted.
  public private(set) var position = FeedbackLog.Position(segment: 1, offset: 0)

  /// Of an empty log.
  public init() {}

  /// Counts an event that ends at a place of the log; what comes before ``position`` is counted.
  public mutating func apply(_ event: FeedbackEvent, at end: FeedbackLog.Position) {
    guard end > position else { return }
    position = end
    count(event)
  }

  /// Counts an event that no log keeps.
  mutating func count(_ event: FeedbackEvent) {
    guard case .feedback(let feedback) = event, let user = feedback.user,
      let known = KnownItem(feedback)
    else { return }
    users[user, default: []].append(known)
  }

  // MARK: - Snapshot

  private struct Snapshot: SelfChecked {
    var schema = 1
    var position: FeedbackLog.Position
    var users: [String: [KnownItem]]
    var checksum = ""

    init(position: FeedbackLog.Position, users: [String: [KnownItem]]) {
      (self.position, self.users) = (position, users)
    }

    /// nil where there is none that is whole.
    init?(ofLog folder: String) {
      guard let stored = RunFolder(folder).read(Snapshot.self, from: FeedbackState.path(folder)),
        stored.schema == 1, stored.isWhole
      else { return nil }
      self = stored
    }
  }

  /// The state that a log's snapshot has, where there is one that is whole; else that of an empty log.
  init(snapshotOf folder: String) {
    self.init()
    // The log has all that a snapshot says, which only saves time.
    guard let stored = Snapshot(ofLog: folder),
      let last = try? FeedbackReader(folder: folder).segments().last,
      stored.position.segment <= last
    else { return }
    (users, position) = (stored.users, stored.position)
  }

  /// Keeps the state beside its log, so that the next start reads only what came since.
  ///
  /// - Throws: `CheckpointError` where it cannot be written.
  public func write(toLog folder: String) throws {
    let snapshot = try Snapshot(position: position, users: users).checksummed()
    try AtomicFile.write(RunFolder.json(snapshot) + "\n", to: Self.path(folder))
  }

  /// The place up to which a log was on the disk when its state was written; nil where it was not.
  static func snapshotPosition(ofLog folder: String) -> FeedbackLog.Position? {
    Snapshot(ofLog: folder)?.position
  }

  static func path(_ folder: String) -> String { folder + "/state.json" }
}

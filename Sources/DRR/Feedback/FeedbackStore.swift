import DRRCore
import Essentials
import Platform
import Synchronization
import Tensor

/// What a server keeps of its users: the state that the log tells, and the log. Any number of tasks
/// may use it at once.
public final class FeedbackStore: Sendable {
  /// nil where nothing is kept on a disk.
  public let log: FeedbackLog?
  private let state: Mutex<FeedbackState>
  private let recent: Mutex<RecentRequests>

  /// - Parameter folder: of the log; nil: feedback is forgotten with the process.
  /// - Throws: `FeedbackError` where the log is damaged or in use.
  public init(folder: String?, _ settings: FeedbackLog.Settings = .init()) throws {
    guard let folder else {
      log = nil
      state = Mutex(FeedbackState())
      recent = Mutex(RecentRequests())
      return
    }
    log = try FeedbackLog(folder: folder, settings)
    var requests = RecentRequests()
    state = Mutex(
      try FeedbackState(log: folder) {
        if case .served(let list) = $0 { requests.add(list) }
      })
    recent = Mutex(requests)
  }

  /// All that is known of a user since the model was trained, the oldest first.
  public func known(of user: String) -> [KnownItem] { state.withLock { $0.users[user] ?? [] } }

  /// Users of whom something is known.
  public var userCount: Int { state.withLock { $0.users.count } }

  /// Keeps what was shown.
  ///
  /// - Throws: `FeedbackError` where the disk takes no more.
  public func record(_ list: ServedList) throws {
    recent.withLock { $0.add(list) }
    try log?.append(.served(list))
  }

  /// Keeps what a user made of an item.
  ///
  /// - Throws: ``Refusal`` where the request showed other items, `FeedbackError` where the disk takes
  ///   no more; nothing is kept then.
  public func record(_ feedback: ItemFeedback) throws {
    var feedback = feedback
    if let request = feedback.request {
      switch recent.withLock({ $0.find(request, feedback.item) }) {
      case .shown(let user): feedback.user = feedback.user ?? user
      case .notShown: throw Refusal.notShown(item: feedback.item, request: request)
      case .unknown: break
      }
    }
    let event = FeedbackEvent.feedback(feedback)
    // The state has the order of the log.
    try state.withLock { state in
      state.apply(event, at: try log?.append(event) ?? state.position)
    }
  }

  /// Why feedback is not kept.
  public enum Refusal: Error {
    case notShown(item: String, request: String)
  }

  /// Waits until the log is on the disk.
  public func synchronize() throws { try log?.synchronize() }

  /// Writes the state beside the log.
  public func writeSnapshot() throws {
    guard let log else { return }
    try log.synchronize()
    try state.withLock { $0 }.write(toLog: log.folder)
  }
}

/// The latest requests and what they showed, so that feedback need not name its user. Bounded.
private struct RecentRequests {
  static let limit = 65_536

  private struct Shown {
    var user: String?
    var items: [Int]
  }

  enum Found {
    case shown(user: String?)
    case notShown
    /// Too long ago, or never.
    case unknown
  }

  private var lists: [String: Shown] = [:]
  private var order: [String] = []
  private var next = 0

  mutating func add(_ list: ServedList) {
    if order.count < Self.limit {
      order.append(list.request)
    } else {
      lists[order[next]] = nil
      order[next] = list.request
      next = (next + 1) % Self.limit
    }
    lists[list.request] = Shown(user: list.user, items: list.items.map(\.item.hashValue))
  }

  func find(_ request: String, _ item: String) -> Found {
    guard let list = lists[request] else { return .unknown }
    return list.items.contains(item.hashValue) ? .shown(user: list.user) : .notShown
  }
}

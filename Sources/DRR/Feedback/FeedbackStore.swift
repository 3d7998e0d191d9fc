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
  private let state: Mutex<State>
  private let recent: Mutex<RecentRequests>

  /// What the log tells.
  private struct State {
    var users: FeedbackState
    var learning: OnlineLearning
  }

  /// - Parameters:
  ///   - folder: of the log; nil: feedback is forgotten with the process.
  ///   - learners: of the models that are served, where they learn.
  /// - Throws: `FeedbackError` where the log is damaged or in use.
  public init(
    folder: String?, _ settings: FeedbackLog.Settings = .init(), learners: [OnlineLearner] = []
  ) throws {
    var requests = RecentRequests()
    guard let folder else {
      log = nil
      state = Mutex(State(users: FeedbackState(), learning: OnlineLearning(learners)))
      recent = Mutex(requests)
      return
    }
    log = try FeedbackLog(folder: folder, settings)
    var found = State(
      users: FeedbackState(snapshotOf: folder), learning: OnlineLearning(learners, log: folder))
    let reader = FeedbackReader(folder: folder)
    if !(try reader.segments().isEmpty) {
      // Without learners nothing was learned, whatever there is to learn from.
      let start =
        learners.isEmpty
        ? found.users.position : min(found.users.position, found.learning.position)
      try reader.forEach(from: start) { event, end in
        found.users.apply(event, at: end)
        found.learning.apply(event, at: end)
        if case .served(let list) = event { requests.add(list) }
      }
    }
    state = Mutex(found)
    recent = Mutex(requests)
  }

  /// All that is known of a user since the model was trained, the oldest first.
  public func known(of user: String) -> [KnownItem] {
    state.withLock { $0.users.users[user] ?? [] }
  }

  /// What has been learned on top of a model; nil where nothing learns.
  public func learner(of version: String) -> OnlineLearner? {
    state.withLock { $0.learning.learners[version] }
  }

  /// Makes these the learners of the models that are served from now on.
  ///
  /// - Throws: `FeedbackError` where the log is damaged.
  public func learn(by learners: [OnlineLearner]) throws {
    try state.withLock { try $0.learning.use(learners, log: log?.folder) }
  }

  /// Users of whom something is known.
  public var userCount: Int { state.withLock { $0.users.users.count } }

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
      case .shown(let user, let version, let score):
        feedback.user = feedback.user ?? user
        (feedback.version, feedback.score) = (version, score)
      case .notShown: throw Refusal.notShown(item: feedback.item, request: request)
      case .unknown: break
      }
    }
    let event = FeedbackEvent.feedback(feedback)
    // The state has the order of the log.
    try state.withLock { state in
      guard let end = try log?.append(event) else {
        state.users.count(event)
        state.learning.learn(event)
        return
      }
      state.users.apply(event, at: end)
      state.learning.apply(event, at: end)
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
    let state = state.withLock { $0 }
    try state.users.write(toLog: log.folder)
    if !state.learning.learners.isEmpty { try state.learning.write(toLog: log.folder) }
  }
}

/// The latest requests and what they showed, so that feedback need not name its user. Bounded.
private struct RecentRequests {
  static let limit = 65_536

  private struct Shown {
    var user: String?
    var items: [Int]
    /// Of the model, where it learns, and its own scores.
    var version: String?
    var scores: [Float] = []
  }

  enum Found {
    case shown(user: String?, version: String?, score: Float?)
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
    var shown = Shown(user: list.user, items: list.items.map(\.item.hashValue))
    let scores = list.items.compactMap(\.modelScore)
    if scores.count == list.items.count { (shown.version, shown.scores) = (list.version, scores) }
    lists[list.request] = shown
  }

  func find(_ request: String, _ item: String) -> Found {
    guard let list = lists[request] else { return .unknown }
    guard let place = list.items.firstIndex(of: item.hashValue) else { return .notShown }
    return .shown(
      user: list.user, version: list.version,
      score: list.version == nil ? nil : list.scores[place])
  }
}

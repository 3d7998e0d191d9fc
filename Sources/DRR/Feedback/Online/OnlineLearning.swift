import DRRCore
import Platform
import Tensor

/// The learners of the models that are served, by the models' versions: a fold over a feedback log, so
/// that one that is killed has the same bits again.
struct OnlineLearning: Sendable {
  private(set) var learners: [String: OnlineLearner] = [:]
  /// Versions that the log has feedback of.
  private var seen: Set<String> = []
  /// The place in the log behind all that is learned from.
  private(set) var position = FeedbackLog.Position(segment: 1, offset: 0)

  /// Learns from feedback that ends at a place of the log; what comes before ``position`` is known.
  mutating func apply(_ event: FeedbackEvent, at end: FeedbackLog.Position) {
    guard end > position else { return }
    position = end
    learn(event)
  }

  /// Learns from feedback that no log keeps.
  mutating func learn(_ event: FeedbackEvent) {
    guard case .feedback(let feedback) = event, let version = feedback.version,
      let score = feedback.score
    else { return }
    seen.insert(version)
    learners[version]?.learn(
      item: feedback.item, score: score, feedback.value, by: feedback.user)
  }

  /// Makes these the learners, of which those stay that there are. Others learn from what the log
  /// has of them.
  ///
  /// - Throws: `FeedbackError` where the log is damaged.
  mutating func use(_ wanted: [OnlineLearner], log folder: String?) throws {
    var next: [String: OnlineLearner] = [:]
    for learner in wanted { next[learner.version] = learners[learner.version] ?? learner }
    let late = next.keys.filter { learners[$0] == nil && seen.contains($0) }
    if let folder, !late.isEmpty {
      try FeedbackReader(folder: folder).forEach { event, end in
        guard end <= position, case .feedback(let feedback) = event,
          let version = feedback.version, late.contains(version), let score = feedback.score
        else { return }
        next[version]?.learn(
          item: feedback.item, score: score, feedback.value, by: feedback.user)
      }
    }
    learners = next
  }

  // MARK: - Snapshot

  private struct Stored: SelfChecked {
    var schema = 1
    var position: FeedbackLog.Position
    var seen: [String]
    var learners: [OnlineLearner.Snapshot]
    var checksum = ""
  }

  /// Learners as a log's snapshot has them, where it has all of them by the same settings; else as
  /// they are given, for the whole log.
  init(_ wanted: [OnlineLearner], log folder: String) {
    for learner in wanted { learners[learner.version] = learner }
    guard let stored = RunFolder(folder).read(Stored.self, from: Self.path(folder)),
      stored.schema == 1, stored.isWhole
    else { return }
    var found = learners
    for version in learners.keys {
      guard let snapshot = stored.learners.first(where: { $0.version == version }) else {
        // What the log has of it may come before.
        if stored.seen.contains(version) { return }
        continue
      }
      guard found[version]!.restore(snapshot) else { return }
    }
    (learners, seen, position) = (found, Set(stored.seen), stored.position)
  }

  /// Of a log that nothing is kept of.
  init(_ wanted: [OnlineLearner]) {
    for learner in wanted { learners[learner.version] = learner }
  }

  func write(toLog folder: String) throws {
    let stored = try Stored(
      position: position, seen: seen.sorted(),
      learners: learners.values.sorted { $0.version < $1.version }.map(\.snapshot)
    ).checksummed()
    try AtomicFile.write(RunFolder.json(stored) + "\n", to: Self.path(folder))
  }

  static func path(_ folder: String) -> String { folder + "/learned.json" }
}

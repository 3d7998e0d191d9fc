/// Groups that targets fall into, and that each has figures of its own.
package enum TargetGrouping: CaseIterable, Sendable {
  /// By how often the target was rated in training.
  case popularity
  /// By the time since the user's previous rating.
  case pause

  package var names: [String] {
    switch self {
    case .popularity: PopularityGroups.names
    case .pause: ["same second", "same session", "later"]
    }
  }

  /// Seconds that a session's ratings are apart at most.
  package static let sessionPause: Int64 = 3_600

  /// The group of a target that many seconds after the rating before it.
  static func group(ofPause seconds: Int64) -> Int {
    seconds == 0 ? 0 : seconds <= sessionPause ? 1 : 2
  }
}

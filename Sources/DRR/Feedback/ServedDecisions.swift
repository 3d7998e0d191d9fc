import DRRCore
import DRRData
import Platform
import Serving
import Tensor

/// What served lists earned: the lists of a feedback log, each with the latest feedback to its items.
public struct ServedDecisions: Sendable {
  /// A list, and what came of it.
  public struct Decision: Sendable {
    /// What was shown.
    public var list: ServedList
    /// The latest feedback to each item of the list, by position; nil where none came.
    public var feedback: [ItemFeedback.Value?]
  }

  /// How the events of a log fit together.
  public struct Counts: Codable, Hashable, Sendable {
    /// Lists that were shown.
    public var lists = 0
    /// Items of all lists.
    public var shown = 0
    /// Lists with the id of an earlier one, which are left out.
    public var repeatedLists = 0
    /// Feedback to items, all of which is one of the next six.
    public var feedback = 0
    /// Feedback that counts: the latest of its list and item.
    public var joined = 0
    /// Feedback that a later one to the same list and item takes the place of.
    public var replaced = 0
    /// Feedback that came too long after its list.
    public var late = 0
    /// Feedback to requests that the log does not have.
    public var unknownRequests = 0
    /// Feedback to items that its list did not show.
    public var notShown = 0
    /// Feedback that names no request.
    public var withoutRequest = 0
    /// Items shown that no feedback counts of.
    public var missing = 0

    /// Of an empty log.
    public init() {}
  }

  /// What errors call the log.
  public var name: String
  /// In the order of the log.
  public var decisions: [Decision] = []
  /// All feedback, with that which fits no list, in the order of the log.
  public private(set) var feedback: [ItemFeedback] = []
  /// How the log fits together.
  public private(set) var counts = Counts()
  /// Milliseconds since 1970 of the latest line; nil where there is none.
  public private(set) var lastTime: Int64?
  /// What is known of each user, the oldest first, by the user's id.
  public private(set) var state = FeedbackState()

  /// Reads a log.
  ///
  /// - Parameters:
  ///   - folder: of the log. It may be written to at the same time.
  ///   - within: seconds after its list in which feedback counts; nil: any time.
  ///   - progress: bytes done and bytes in all.
  /// - Throws: `FeedbackError` where there is no log, or a line is damaged.
  public init(
    log folder: String, within: Double? = nil, progress: RatingsSource.Progress? = nil
  ) throws {
    name = folder
    let reader = FeedbackReader(folder: folder)
    var sizes: [Int: Int] = [:]
    for segment in try reader.segments() {
      var status = stat()
      if stat(FeedbackLog.path(folder, segment), &status) == 0 {
        sizes[segment] = Int(status.st_size)
      }
    }
    let total = sizes.values.reduce(0, +)
    var places: [String: Int] = [:]
    var (segment, before) = (0, 0)
    try reader.forEach { event, end in
      if end.segment != segment {
        before += sizes[segment] ?? 0
        segment = end.segment
      }
      progress?(before + end.offset, max(total, before + end.offset))
      state.apply(event, at: end)
      switch event {
      case .served(let list):
        lastTime = max(lastTime ?? list.time, list.time)
        guard places[list.request] == nil else {
          counts.repeatedLists += 1
          return
        }
        places[list.request] = decisions.count
        decisions.append(
          Decision(list: list, feedback: Array(repeating: nil, count: list.items.count)))
      case .feedback(let item):
        lastTime = max(lastTime ?? item.time, item.time)
        feedback.append(item)
      }
    }
    join(places, within: within)
  }

  private mutating func join(_ places: [String: Int], within: Double?) {
    counts.lists = decisions.count
    counts.shown = decisions.reduce(0) { $0 + $1.list.items.count }
    counts.feedback = feedback.count
    for feedback in feedback {
      guard let request = feedback.request else {
        counts.withoutRequest += 1
        continue
      }
      guard let place = places[request] else {
        counts.unknownRequests += 1
        continue
      }
      let list = decisions[place].list
      guard let position = list.items.firstIndex(where: { $0.item == feedback.item }) else {
        counts.notShown += 1
        continue
      }
      if let within, Double(feedback.time) - Double(list.time) > within * 1_000 {
        counts.late += 1
        continue
      }
      if decisions[place].feedback[position] == nil {
        counts.joined += 1
      } else {
        counts.replaced += 1
      }
      decisions[place].feedback[position] = feedback.value
    }
    counts.missing = counts.shown - counts.joined
  }

  /// All that was known of the recipient of a list, the oldest first.
  public func known(of list: ServedList) -> [KnownItem] {
    let before = list.user.flatMap { state.users[$0] }?.prefix(max(list.known ?? 0, 0)) ?? []
    return before + (list.rated ?? []).map { KnownItem(item: $0.item, rating: $0.rating) }
      + (list.session ?? []).map { KnownItem(item: $0, rating: nil) }
  }
}

/// What becomes of items that were shown and had no feedback.
public enum MissingFeedback: String, Codable, CaseIterable, Sendable {
  /// They earned 0.
  case zero
  /// They are left out, and so are lists without any feedback. What is left is chosen by users: its
  /// rewards are higher than those of all that was shown.
  case drop
}

/// Makes rewards of feedback: of a rating by a scale, 1 of a click and 0 of none, and a reward is
/// itself.
public struct FeedbackRewards: Sendable {
  /// nil where no rating can be made a reward of.
  public let scale: RewardScale?
  private let level: @Sendable (String?) -> Float

  /// By a scale.
  ///
  /// - Parameters:
  ///   - scale: nil: ratings are refused.
  ///   - level: what the ratings of a user count from, by the id; 0 on most scales.
  public init(
    scale: RewardScale? = nil, level: @escaping @Sendable (String?) -> Float = { _ in 0 }
  ) {
    (self.scale, self.level) = (scale, level)
  }

  /// As a model's training did. Where ratings count from their user's mean, that of a user whom the
  /// model does not know is the middle of the scale.
  public init(of model: ExportedModel) {
    guard let scale = model.header.scale, let range = model.ratingRange else {
      self.init()
      return
    }
    self.init(scale: scale) { user in
      guard scale.fromUserMean == true else { return 0 }
      guard let index = user.flatMap({ model.users.ids.lookup($0) }) else {
        return (range.lowerBound + range.upperBound) / 2
      }
      return scale.level(of: model.users.rated(by: index).ratings)
    }
  }

  /// - Throws: `FeedbackError` where it is a rating, and there is no scale.
  public func reward(
    of value: ItemFeedback.Value, by user: String?
  ) throws(FeedbackError) -> Double {
    switch value {
    case .click(let click): return click ? 1 : 0
    case .reward(let reward): return reward
    case .rating(let rating):
      guard let scale else {
        throw FeedbackError(
          "the log has ratings, of which a model's scale makes rewards; name a model of ratings, "
            + "as --model models/first")
      }
      return Double(scale.reward(rating - level(user)))
    }
  }
}

extension ServedList {
  /// The sum of the CRC-32 of each id, 8 hexadecimal digits. Of two candidates whose scores are alike
  /// but for the last bit, either may be the better one where they are scored among others.
  package static func digest(of ids: some Sequence<String>) -> String {
    var sum: UInt32 = 0
    for id in ids {
      var checksum = Checksum()
      checksum.update(Array(id.utf8))
      sum &+= checksum.value
    }
    return sum.hexadecimal
  }
}

extension FeedbackReader {
  /// Whether a folder holds segments of a feedback log.
  public static func isLog(_ folder: String) -> Bool {
    namesInFolder(folder)?.contains {
      $0.hasPrefix(FeedbackLog.prefix) && $0.hasSuffix(FeedbackLog.suffix)
    } ?? false
  }
}

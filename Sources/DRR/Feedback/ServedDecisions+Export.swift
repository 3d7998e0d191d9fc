import ClickSessions
import DRRCore
import DRRData

extension ServedDecisions {
  // MARK: - Ratings

  /// What users rated, and clicked.
  public struct Ratings: Sendable {
    /// The latest of each user and item, in the order of the log.
    public var rows: [RatingsLog.Row] = []
    /// Rows that are clicks.
    public var clicks = 0
    /// Ratings and clicks that a later one of the user and item takes the place of.
    public var replaced = 0
    /// Ratings and clicks of somebody without an id.
    public var withoutUser = 0
    /// Items that were not clicked, and plain rewards, which tell nothing of a taste.
    public var withoutRating = 0
  }

  /// All ratings and clicks, joined or not.
  ///
  /// - Parameter click: the rating that a click stands for.
  public func ratings(ofClick click: Float) -> Ratings {
    struct Key: Hashable { var user, item: String }
    var found = Ratings()
    var places: [Key: Int] = [:]
    var rows: [(row: RatingsLog.Row, isClick: Bool)?] = []
    for feedback in feedback {
      guard let known = KnownItem(feedback) else {
        found.withoutRating += 1
        continue
      }
      guard let user = feedback.user else {
        found.withoutUser += 1
        continue
      }
      let key = Key(user: user, item: known.item)
      if let earlier = places[key] {
        rows[earlier] = nil
        found.replaced += 1
      }
      places[key] = rows.count
      rows.append(
        (
          RatingsLog.Row(
            user: user, item: known.item, rating: known.rating ?? click,
            time: feedback.time / 1_000), known.rating == nil
        ))
    }
    found.rows = rows.compactMap { $0?.row }
    found.clicks = rows.count { $0?.isClick == true }
    return found
  }

  /// The lowest and the highest rating; nil where there is none.
  public var ratingRange: ClosedRange<Float>? {
    var found: ClosedRange<Float>?
    for case .rating(let rating) in feedback.lazy.map(\.value) {
      let range = found ?? rating...rating
      found = min(range.lowerBound, rating)...max(range.upperBound, rating)
    }
    return found
  }

  /// The mean rating of each user that rated, by the id.
  public var meanRatings: [String: Float] {
    var sums: [String: (sum: Double, count: Double)] = [:]
    for feedback in feedback {
      guard let user = feedback.user, case .rating(let rating) = feedback.value else { continue }
      let before = sums[user] ?? (0, 0)
      sums[user] = (before.sum + Double(rating), before.count + 1)
    }
    return sums.mapValues { Float($0.sum / $0.count) }
  }

  // MARK: - Decisions

  /// An item that was shown, as a log of single decisions has it.
  public struct Row: Hashable, Sendable {
    /// The user's id; that of the request for somebody without one.
    public var user: String
    /// From 1.
    public var position: Int
    public var item: String
    public var reward: Double
    /// Of the item at its position, given those above it.
    public var propensity: Double
    /// Seconds since 1970.
    public var time: Int64
  }

  /// Every item that was shown, or, where those are dropped, every one with feedback.
  ///
  /// - Throws: `FeedbackError` where a rating has no scale.
  public func rows(
    _ rewards: FeedbackRewards, missing: MissingFeedback = .zero
  ) throws(FeedbackError) -> [Row] {
    var rows: [Row] = []
    for decision in decisions {
      let list = decision.list
      for (position, item) in list.items.enumerated() {
        let value = decision.feedback[position]
        if value == nil && missing == .drop { continue }
        rows.append(
          Row(
            user: list.user ?? "request \(list.request)", position: position + 1, item: item.item,
            reward: try value.map { (value) throws(FeedbackError) in
              try rewards.reward(of: value, by: list.user)
            } ?? 0, propensity: item.propensity, time: list.time / 1_000))
      }
    }
    return rows
  }

  // MARK: - Sessions

  /// Clicks with the lists that they were made in: a step a click, or whatever else earned a reward
  /// above 0, with the list. A user's lists are one session until a pause; a list of somebody
  /// without an id is one of its own, behind the last click that its request brought.
  ///
  /// - Parameter gap: seconds without a list that end a session.
  /// - Throws: `FeedbackError` where an item's id is no number, a rating has no scale, or nothing
  ///   was clicked.
  public func sessions(
    _ rewards: FeedbackRewards, gap: Double = 1_800
  ) throws(FeedbackError) -> SessionLog {
    var order: [String: [Int]] = [:]
    var keys: [String] = []
    for (at, decision) in decisions.enumerated() {
      let key = decision.list.user.map { "user \($0)" } ?? "request \(decision.list.request)"
      if order[key, default: []].isEmpty { keys.append(key) }
      order[key, default: []].append(at)
    }
    var highest: Int32 = -1
    for decision in decisions {
      for id in decision.list.items.map(\.item) + (decision.list.session ?? []) {
        highest = max(highest, try Self.number(id))
      }
    }
    var log = SessionLog(
      name: name, format: "feedback", checksum: "", itemCount: Int(highest) + 1)
    for key in keys {
      var isOpen = false
      var last: Int64?
      for at in order[key]! {
        let decision = decisions[at]
        let list = decision.list
        if isOpen, let last, Double(list.time) - Double(last) > gap * 1_000 {
          log.endSession(ended: true)
          isOpen = false
        }
        last = list.time
        let shown = try Self.numbers(list.items.map(\.item))
        for (position, value) in decision.feedback.enumerated() {
          guard let value else { continue }
          let reward = try rewards.reward(of: value, by: list.user)
          guard reward > 0 else { continue }
          if !isOpen, let start = list.session?.last {
            log.addStep(click: try Self.number(start))
          }
          log.addStep(click: shown[position], reward: Float(reward), list: shown)
          isOpen = true
        }
      }
      if isOpen { log.endSession(ended: true) }
    }
    guard log.count > 0 else {
      throw FeedbackError("\(name) has no click and no reward above 0, so there is no session")
    }
    return log
  }

  private static func numbers(_ ids: [String]) throws(FeedbackError) -> [Int32] {
    var numbers: [Int32] = []
    for id in ids { numbers.append(try number(id)) }
    return numbers
  }

  private static func number(_ id: String) throws(FeedbackError) -> Int32 {
    guard let number = Int32(id), 0..<Int32(SessionOptions.itemLimit) ~= number, "\(number)" == id
    else {
      throw FeedbackError(
        "item \(id) of the log is no number from 0 to \(SessionOptions.itemLimit - 1), as click "
          + "sessions name items; write ratings, by --as ratings")
    }
    return number
  }
}

/// What reading did that the ratings do not show.
struct ReadingNotes {
  /// Rows that lack something.
  var missing = 0
  /// Rows that say there is no rating.
  var unrated = 0
  /// Rows whose rating is above the ceiling.
  var cut = 0
  /// Rows whose user or item is spelled as what is missing often is.
  var nameless = 0

  /// A sentence each, for people.
  ///
  /// - Parameter unit: of times that are numbers; nil where they are dates.
  func sentences(_ layout: RatingsLayout, unit: TimeUnit?) -> [String] {
    Self.ratings(layout) + left(layout) + Self.times(unit)
  }

  /// What stands for ratings.
  private static func ratings(_ layout: RatingsLayout) -> [String] {
    var notes: [String] = []
    if layout.isImplicit {
      notes.append("no ratings: every row is a positive, rated 1 of 0 ... 1")
    }
    if layout.event != nil {
      let ratings = layout.eventRatings.map { "\($0.event) \(RatingsLog.spelled($0.rating))" }
      notes.append(
        "ratings are given by events: \(ratings.joined(separator: ", ")); of a user's events with "
          + "an item the one rated highest counts, the latest of equals")
    }
    return notes
  }

  /// Rows that were left out, or are not as they stand.
  private func left(_ layout: RatingsLayout) -> [String] {
    func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }
    var notes: [String] = []
    if unrated > 0 {
      let values = layout.unrated.map(RatingsLog.spelled).joined(separator: " or ")
      notes.append("\(rows(unrated)) without a rating (\(values)) left out")
    }
    if missing > 0 {
      notes.append("\(rows(missing)) that lack a user, item, rating or time left out")
    }
    if nameless > 0 {
      notes.append(
        "\(rows(nameless)) have a user or item that is called NULL, NaN or the like; where that "
          + "stands for nothing, `drr data import --missing skip` leaves them out")
    }
    if cut > 0, let ceiling = layout.ceiling {
      notes.append("\(rows(cut)) rated above \(RatingsLog.spelled(ceiling)) count as that")
    }
    return notes
  }

  private static func times(_ unit: TimeUnit?) -> [String] {
    guard let unit, unit != .seconds else { return [] }
    return ["times are \(unit), by their size; they are kept in seconds"]
  }
}

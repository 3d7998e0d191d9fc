/// Events that stand for ratings, and those of a file that have none.
struct EventColumn: Sendable {
  private let ratings: [EventRating]
  private let known: RawIDs
  private var unknown = RawIDs()
  private var firstUnknown = (file: "", line: 0)

  init(_ ratings: [EventRating]) {
    self.ratings = ratings
    known = RawIDs(ratings.map(\.event))
  }

  /// The rating of an event; nil where it has none.
  func knownRating(of event: Bytes) -> Float? { known.lookup(event).map { ratings[$0].rating } }

  /// The rating of an event; nil where it has none, which is told once all are read.
  mutating func rating(
    of event: Bytes, in file: String, _ line: Int
  ) throws(DataError) -> Float? {
    if let rating = knownRating(of: event) { return rating }
    if unknown.isEmpty { firstUnknown = (file, line) }
    _ = unknown.intern(event)
    // A column of so many is none of events.
    if unknown.count >= 12 { throw fault() }
    return nil
  }

  /// Refuses events without a rating.
  func requireRatings() throws(DataError) {
    if !unknown.isEmpty { throw fault() }
  }

  /// The first event without a rating, and which others there are.
  private func fault() -> DataError {
    let found = unknown.map { "\"\(quoted($0))\"" }
    let example = unknown.enumerated()
      .map { "\(quoted($1))=\($0 + 1)" }.joined(separator: ",")
    return .fault(
      firstUnknown.file, line: firstUnknown.line,
      found: "the \(found.count == 1 ? "event" : "events") \(found.joined(separator: ", "))",
      expected: ratings.isEmpty
        ? "a rating for each, as --event-ratings \(example); say them"
        : "one of \(ratings.map(\.event).joined(separator: ", ")); name the others in "
          + "--event-ratings too")
  }
}

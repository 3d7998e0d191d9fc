import DRRData
import Tensor

/// The users of a model's data, and all that each has rated, whatever an evaluation held out.
public struct ServedUsers: Sendable {
  /// The ids as the data spell them, by index.
  public let ids: RawIDs
  /// User u has the ratings `offsets[u] ..< offsets[u + 1]`, oldest first.
  let offsets: [Int]
  let items: [Int32]
  let ratings: [Float]

  /// The number of users.
  public var count: Int { ids.count }

  /// A user's items in time, and how each was rated.
  public func rated(by user: Int) -> (items: ArraySlice<Int32>, ratings: ArraySlice<Float>) {
    let range = offsets[user]..<offsets[user + 1]
    return (items[range], ratings[range])
  }

  /// - Throws: `ServingError` where the columns do not belong together.
  init(
    ids: [String], offsets: [Int], items: [Int32], ratings: [Float], itemCount: Int,
    ratingRange: ClosedRange<Float>
  ) throws(ServingError) {
    self.ids = try RawIDs(distinct: ids, of: "user")
    guard offsets.count == ids.count + 1, offsets.first == 0,
      offsets.last == items.count, items.count == ratings.count,
      zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      throw ServingError(
        "\(ids.count) users do not share out \(items.count) items and \(ratings.count) ratings")
    }
    guard ratings.allSatisfy({ ratingRange ~= $0 }) else {
      throw ServingError(
        "a rating is outside \(ratingRange.lowerBound) ... \(ratingRange.upperBound)")
    }
    (self.offsets, self.items, self.ratings) = (offsets, items, ratings)
  }
}

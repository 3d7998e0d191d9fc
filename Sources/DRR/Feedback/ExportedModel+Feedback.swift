import DRRData
import Serving

extension ExportedModel {
  /// Whom a model recommends to: a user of its data, with what is known since, or somebody new.
  /// Items that the model does not know are left out, and of what was rated twice the latest counts.
  ///
  /// - Parameters:
  ///   - user: the id; nil for somebody without one.
  ///   - known: what is known since the model was trained, the oldest first.
  public func recipient(user: String?, known: [KnownItem]) -> Request.Recipient {
    if header.algorithm.readsSessions {
      return .session(known.compactMap { items.ids.lookup($0.item) })
    }
    let index = user.flatMap { users.ids.lookup($0) }
    if known.isEmpty, let index { return .user(index) }
    // As of the best rating.
    let liked = ratingRange!.upperBound
    var rated: [Guest.Rating] = []
    if let index {
      let (items, ratings) = users.rated(by: index)
      rated = zip(items, ratings).map { Guest.Rating(item: Int($0), rating: $1) }
    }
    rated += known.compactMap { known in
      items.ids.lookup(known.item).map {
        Guest.Rating(item: $0, rating: known.rating ?? liked)
      }
    }
    var seen: Set<Int> = []
    var latest: [Guest.Rating] = []
    for rating in rated.reversed()
    where ratingRange! ~= rating.rating && seen.insert(rating.item).inserted {
      latest.append(rating)
    }
    return .guest(
      Guest(
        rated: latest.reversed().filter { items.isKnown[$0.item] },
        exclude: latest.map(\.item).filter { !items.isKnown[$0] }))
  }
}

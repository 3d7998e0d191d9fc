/// What an unknown table may be, as options that would read it.
struct TableGuess {
  let words: [String]

  private static let users = [
    "user", "customer", "visitor", "member", "reviewer", "client", "person", "uid", "session",
  ]
  private static let items = [
    "item", "movie", "film", "product", "book", "song", "track", "artist", "game", "video",
    "article", "anime", "business", "asin", "isbn", "sku", "iid", "title",
  ]
  private static let ratings = [
    "rating", "score", "stars", "grade", "overall", "rate", "weight", "value",
  ]
  private static let events = ["event", "action", "behavior", "behaviour", "type"]
  private static let times = ["time", "date", "created", "ts"]

  init(_ names: [String]) {
    let hasHeader = !names.contains { Float($0) != nil }
    let normalised = names.map(KnownLayout.normalised)
    var free = Array(names.indices)
    func take(_ wanted: [String]) -> Int? {
      guard hasHeader,
        let place = free.first(where: { at in wanted.contains { normalised[at].contains($0) } })
      else { return nil }
      free.removeAll { $0 == place }
      return place
    }
    func takeFirst() -> Int? { free.isEmpty ? nil : free.removeFirst() }
    let (user, item, time) = (take(Self.users), take(Self.items), take(Self.times))
    let (rating, event) = (take(Self.ratings), take(Self.events))
    func spelled(_ place: Int) -> String {
      let name = names[place]
      let isPlain =
        hasHeader && !name.isEmpty
        && name.utf8.allSatisfy {
          48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || $0 == 95
        } && Int(name) == nil && name != "none"
      return isPlain ? name : "\(place + 1)"
    }
    var words = hasHeader ? [] : ["--no-header"]
    for (option, place) in [
      ("--user-column", user ?? takeFirst()), ("--item-column", item ?? takeFirst()),
    ] {
      if let place { words += [option, spelled(place)] }
    }
    if let rating = rating ?? (hasHeader ? nil : takeFirst()) {
      words += ["--rating-column", spelled(rating)]
    } else if let event {
      words += ["--event-column", spelled(event), "--event-ratings", "view=1,buy=5"]
    } else {
      words += ["--rating-column", "none"]
    }
    if let time { words += ["--time-column", spelled(time)] }
    self.words = words
  }
}

import DRRData

/// The items that a model knows of, by index.
public struct ServedItems: Sendable {
  /// What errors call the data.
  let source: String
  /// The ids as the data spell them, by index.
  public let ids: RawIDs
  /// By item; empty where the data have none.
  public let titles: [String]
  /// By item; empty where the data name none.
  public let genres: [[String]]
  /// Whether training has seen a rating of the item: of the others nothing is known, and they are
  /// never recommended.
  public let isKnown: [Bool]

  /// - Throws: `ServingError` where the columns do not belong together.
  init(
    source: String, ids: [String], titles: [String], genres: [[String]], isKnown: [Bool]
  ) throws(ServingError) {
    self.source = source
    self.ids = try RawIDs(distinct: ids, of: "item")
    guard titles.isEmpty || titles.count == ids.count, genres.isEmpty || genres.count == ids.count,
      isKnown.count == ids.count
    else {
      throw ServingError(
        "\(ids.count) items have \(titles.count) titles, \(genres.count) lists of genres and "
          + "\(isKnown.count) marks of what is known")
    }
    (self.titles, self.genres, self.isKnown) = (titles, genres, isKnown)
  }

  /// The number of items.
  public var count: Int { ids.count }

  /// The title, or `item ID` where the data have none.
  public func title(_ item: Int) -> String {
    titles.isEmpty || titles[item].isEmpty ? "item \(ids[item])" : titles[item]
  }

  /// The title with the id behind it: `Toy Story (1995) [1]`.
  public func label(_ item: Int) -> String {
    titles.isEmpty || titles[item].isEmpty ? title(item) : "\(titles[item]) [\(ids[item])]"
  }

  /// The item that a text names: by id, by title, by title without its year, or by the only title
  /// that contains the text. Digits alone are an id and never a part of a title.
  ///
  /// - Throws: `ServingError` where the text names no item, or several.
  public func item(named name: String) throws(ServingError) -> Int {
    if let item = ids.lookup(name) { return item }
    if name.isEmpty { throw ServingError("an item has no name; give its id or title") }
    if name.utf8.allSatisfy({ (48...57).contains($0) }) {
      throw ServingError(
        "\(name): \(source) has no item of that id; a title that is a number is named with its "
          + "year, as \"\(name) (1997)\"")
    }
    let wanted = name.lowercased()
    let lowered = titles.map { $0.lowercased() }
    for spelling in [{ [$0] }, Self.spellings] as [(String) -> [String]] {
      let found = lowered.indices.filter { spelling(lowered[$0]).contains(wanted) }
      if found.count == 1 { return found[0] }
      if found.count > 1 { throw ambiguous(name, "titles are this", found) }
    }
    let found = lowered.indices.filter { lowered[$0].contains(wanted) }
    switch found.count {
    case 1: return found[0]
    case 0: throw ServingError("\(name): \(source) has no item of that id or title")
    default: throw ambiguous(name, "titles contain this", found)
    }
  }

  private func ambiguous(_ name: String, _ what: String, _ found: [Int]) -> ServingError {
    let shown = found.prefix(5).map { "\(titles[$0]) (id \(ids[$0]))" }
    return ServingError(
      "\(name): \(found.count) \(what), among them \(shown.joined(separator: ", ")); name one by "
        + "its id")
  }

  /// A title without its year, and with an article that stands behind it in front:
  /// `matrix, the (1999)` is also `matrix, the` and `the matrix`.
  private static func spellings(of title: String) -> [String] {
    var plain = title[...]
    if plain.hasSuffix(")"), let open = plain.lastIndex(of: "(") {
      plain = plain[..<open]
      while plain.last == " " { plain.removeLast() }
    }
    for article in ["the", "a", "an"] where plain.hasSuffix(", \(article)") {
      return [String(plain), "\(article) \(plain.dropLast(article.count + 2))"]
    }
    return [String(plain)]
  }

  /// The items of some genres.
  ///
  /// - Throws: `ServingError` where no item is of one of them.
  public func items(ofGenres names: [String]) throws(ServingError) -> Set<Int> {
    var found: Set<Int> = []
    for name in names {
      let wanted = name.lowercased()
      let items = genres.indices.filter { item in
        genres[item].contains { $0.lowercased() == wanted }
      }
      guard !items.isEmpty else {
        let all = Set(genres.joined()).sorted().joined(separator: ", ")
        throw ServingError(
          all.isEmpty
            ? "the genre \(name) is not known: \(source) names no genres"
            : "no item of \(source) is of the genre \(name); there are \(all)")
      }
      found.formUnion(items)
    }
    return found
  }
}

extension RawIDs {
  /// - Throws: `ServingError` where two are alike.
  init(distinct ids: [String], of kind: String) throws(ServingError) {
    self.init()
    for (index, id) in ids.enumerated() where intern(id) != Int32(index) {
      throw ServingError("two \(kind)s have the id \(id)")
    }
  }
}

import DRRCore

/// The genres of every item; empty where the data name none.
///
/// Names are those of the MovieLens CSV files: `Children's` of the older sets is `Children`, and
/// `(no genres listed)`, an empty field and `unknown` are all ``ItemGenres/unknown``, which is a
/// genre like the others. `IMAX` is kept: the sets list it as one.
public struct ItemGenres: Sendable, Equatable {
  /// The name of the genre of items that have none.
  public static let unknown = "unknown"

  /// The genres' names, all different.
  public private(set) var names: [String] = []
  private var ends: [Int32] = []
  private var indices: [UInt16] = []

  /// Genres of data that name none.
  public init() {}

  /// Whether the data name no genres.
  public var isEmpty: Bool { ends.isEmpty }
  /// The items with genres: all or none.
  public var itemCount: Int { ends.count }

  /// Indices into ``names`` in the order the files list them: the first is the primary genre.
  /// At least one for every item, none at all where ``isEmpty``.
  public func ofItem(_ item: Int) -> ArraySlice<UInt16> {
    guard !isEmpty else { return [] }
    return indices[(item == 0 ? 0 : Int(ends[item - 1]))..<Int(ends[item])]
  }

  /// The names of an item's genres, the primary one first.
  public func namesOfItem(_ item: Int) -> [String] {
    ofItem(item).map { names[Int($0)] }
  }

  /// One list of canonical names an item, in item order; `order` fixes the first names.
  package init(lists: [[String]], order: [String] = []) {
    var places: [String: UInt16] = [:]
    var names: [String] = []
    func place(_ name: String) -> UInt16? {
      if let known = places[name] { return known }
      guard names.count < Int(UInt16.max) else { return nil }
      places[name] = UInt16(names.count)
      names.append(name)
      return UInt16(names.count - 1)
    }
    for name in order.isEmpty ? Set(lists.joined()).sorted() : order { _ = place(name) }
    for list in lists {
      let first = indices.count
      for name in list {
        if let index = place(name), !indices[first...].contains(index) { indices.append(index) }
      }
      if indices.count == first, let index = place(Self.unknown) { indices.append(index) }
      ends.append(Int32(indices.count))
    }
    self.names = names
  }

  static func canonical(_ name: String) -> String {
    switch name {
    case "Children's": "Children"
    case "(no genres listed)", "": unknown
    default: name
    }
  }
}

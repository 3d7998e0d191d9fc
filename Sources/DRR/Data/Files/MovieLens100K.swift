/// MovieLens 100K: `u.data`, `u.item` (Latin-1, pipes, 19 genre flags), `u.genre`, and the
/// official splits `u1.base`, `u1.test` ...
public enum MovieLens100K {
  static let genreNames = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western",
  ]

  /// Two logs with one id space, that of the rows of both.
  public struct Split: Sendable {
    /// The ratings to learn from.
    public var train: RatingsLog
    /// The ratings to test on.
    public var test: RatingsLog
  }

  static let splitNames = ["u1", "u2", "u3", "u4", "u5", "ua", "ub"]

  /// One of the five official 80/20 splits, disjoint in their tests.
  ///
  /// - Parameters:
  ///   - path: the folder or the zip of MovieLens 100K.
  ///   - number: 1 ... 5.
  public static func officialSplit(_ path: String, _ number: Int) throws(DataError) -> Split {
    try officialSplit(path, named: "u\(number)")
  }

  /// Also `ua` and `ub`, whose tests have ten ratings of every user.
  public static func officialSplit(_ path: String, named name: String) throws(DataError) -> Split {
    guard splitNames.contains(name) else {
      throw .unknownSplit(name: name, known: splitNames)
    }
    let folder =
      try PosixFile.isFolder(path)
      ? try DataFolder(folder: path) : try RatingsSource.openArchive(path)
    for part in ["\(name).base", "\(name).test"] where !folder.has(part) {
      throw .missingFile(path: "\(path)/\(part)")
    }
    let (space, layout) = (IDSpace(), RatingsLayout.movieLens100K)
    var (base, baseChecksum) = try RatingsBuilder.read(
      ["\(name).base"], of: folder, layout: layout, space: space, progress: nil)
    var (test, testChecksum) = try RatingsBuilder.read(
      ["\(name).test"], of: folder, layout: layout, space: space, progress: nil)
    let users = space.users.sort()
    let items = space.items.sort()
    base.renumber(users: users, items: items)
    test.renumber(users: users, items: items)
    let list = folder.has("u.item") ? try Self.items(folder) : nil
    func log(_ builder: inout RatingsBuilder, _ part: String, _ checksum: String) -> RatingsLog {
      var log = RatingsLog(
        name: "\(folder.label)/\(name).\(part)", format: "MovieLens 100K", checksum: checksum,
        ratingRange: 1...5, hasTimes: true, columns: builder.takeColumns(),
        userIDs: space.users, itemIDs: space.items)
      list?.attach(to: &log)
      return log
    }
    return Split(
      train: log(&base, "base", baseChecksum), test: log(&test, "test", testChecksum))
  }

  static func items(_ folder: DataFolder) throws(DataError) -> ItemList {
    var names = genreNames
    if folder.has("u.genre") {
      names = []
      try TextFile(try folder.open("u.genre")).forEachLine { _, line in
        names.append(String(line.split(separator: "|", omittingEmptySubsequences: false)[0]))
      }
    }
    var list = ItemList()
    list.genreOrder = names
    let file = try TextFile(try folder.open("u.item"))
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let fields = line.split(separator: "|", omittingEmptySubsequences: false)
      guard fields.count >= 5 + names.count else {
        throw .columns(
          file: file.name, line: number, found: fields.count,
          expected: "\(5 + names.count) separated by |: 5 and \(names.count) genre flags")
      }
      // The last three before the flags are dates and an address; what is left is the title.
      let flags = fields.suffix(names.count)
      let title = fields[1..<(fields.count - names.count - 3)].joined(separator: "|")
      list.add(
        id: String(fields[0]), title: title,
        genres: zip(names, flags).filter { $0.1 == "1" }.map(\.0))
    }
    return list
  }
}

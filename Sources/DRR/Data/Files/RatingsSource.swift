import Platform
import Tensor

/// Where ratings come from: a folder, a ratings file, an archive, or generated data.
public enum RatingsSource {
  /// Bytes done and bytes in all.
  public typealias Progress = (_ bytesDone: Int, _ bytesTotal: Int) -> Void

  /// Reads a log; the layout is recognised by itself.
  ///
  /// - Parameter path: a folder, a file, a `.zip`, a `.tar.gz` or a `.gz` of a layout of
  ///   `docs/formats.md`, among them MovieLens and RecBole; or `generated:SIZE`,
  ///   `generated:SIZE:SEED`; or several of these joined by `+`, of which a later rating takes the
  ///   place of an earlier one.
  /// - Parameter range: the scale of the ratings; nil: that of the layout, or of what is beside
  ///   the file, or the usual one of such ratings.
  /// - Parameter options: how a table is read that no layout describes.
  /// - Parameter share: of one source, the users whose ratings are held; all ratings are read, and
  ///   the ids, the checksum and the scale are of all.
  public static func load(
    _ path: String, range: ClosedRange<Float>? = nil,
    reading options: ReadingOptions = ReadingOptions(), share: UserShare = .all,
    progress: Progress? = nil
  ) throws(DataError) -> RatingsLog {
    let parts = sources(path)
    if parts.count == 1 { return try loadOne(path, range, options, share, progress) }
    require(share.isWhole, "ratings: a share of the users of \(parts.count) sources")
    var joined: RatingsLog?
    for part in parts {
      let log = try loadOne(part, range ?? joined?.ratingRange, options, .all, progress)
      joined = try joined?.joined(with: log) ?? log
    }
    return joined!
  }

  /// The sources that are joined by `+`.
  static func sources(_ path: String) -> [String] {
    let parts = path.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    return parts.count > 1 && access(path, F_OK) != 0 ? parts : [path]
  }

  private static func loadOne(
    _ path: String, _ range: ClosedRange<Float>?, _ options: ReadingOptions, _ share: UserShare,
    _ progress: Progress?
  ) throws(DataError) -> RatingsLog {
    if path.hasPrefix("generated:") {
      var log = try GeneratedRatings(named: path).generate(share: share, progress: progress)
      guard let range else { return log }
      guard range.contains(1), range.contains(5) else {
        throw .setting(
          name: "rating range", value: range.spelled, expected: "1 and 5 in it for \(path)")
      }
      log.ratingRange = range
      return log
    }
    let folder: DataFolder
    var file: String?
    if try PosixFile.isFolder(path) {
      folder = try DataFolder(folder: path)
    } else if try isArchive(path) {
      folder = try openArchive(path, options.file)
    } else {
      folder = try DataFolder(folder: path.parentFolder)
      file = path.lastPathPart
    }
    let files: [String]
    if let file { files = [file] } else { files = try Self.files(of: folder, options) }
    guard !folder.isSequential || files.count <= mostSequential else {
      throw .archive(
        path: path,
        reason:
          "\(files.count) files of one set are in it, each of which is found by unpacking all "
          + "before it; unpack it and name the folder")
    }
    var log = try load(files, folder, range, options, share, progress)
    log.name = file ?? folder.label
    return log
  }

  private static func load(
    _ files: [String], _ folder: DataFolder, _ range: ClosedRange<Float>?,
    _ options: ReadingOptions, _ share: UserShare, _ progress: Progress?
  ) throws(DataError) -> RatingsLog {
    var layout = try RatingsLayout(of: files[0], in: folder, options)
    let known = try About(folder).range
    if let named = range ?? known { layout.scale = .fixed(named) }
    if case .own = layout.scale, !layout.eventRatings.isEmpty {
      let ratings = layout.eventRatings.map(\.rating)
      layout.scale = .fixed(
        RatingsLog.usualScale(
          lowest: ratings.min()!, highest: ratings.max()!,
          areWhole: ratings.allSatisfy { $0.rounded() == $0 }))
    }
    var (builder, checksum) = try RatingsBuilder.read(
      files, of: folder, layout: layout, space: IDSpace(), share: share, progress: progress)
    var log = builder.finish(checksum: checksum, range: builder.scale)
    if let items = options.items {
      let folder = try DataFolder(folder: items.parentFolder)
      try ItemList(folder, items.lastPathPart).attach(to: &log)
    } else if let items = try ItemList.beside(files[0], layout, folder) {
      items.attach(to: &log)
    }
    if let users = recBole("user", beside: files[0]).first(where: folder.has) {
      log.notes.append("\(users) is not used: nothing here learns from features of users")
    }
    return log
  }

  /// What RecBole may call its file of one kind beside a `.inter`; of other files nothing.
  static func recBole(_ kind: String, beside file: String) -> [String] {
    let name = DataFolder.unpacked(file)
    guard name.hasSuffix(".inter") else { return [] }
    let stem = name.dropLast(".inter".count)
    // A part of a split is named after the whole.
    return ["", ".train", ".valid", ".test"].filter(stem.hasSuffix)
      .map { "\(stem.dropLast($0.count)).\(kind)" }
  }

  /// Files of a compressed tar archive that are one set, at most.
  private static let mostSequential = 32

  package static func isArchive(_ path: String) throws(DataError) -> Bool {
    let start = try PosixFile(path: path).bytes(at: 0, count: 4)
    return path.lowercased().hasSuffix(".zip") || TarArchive.isNamed(path)
      || start == [0x50, 0x4b, 3, 4] || start == [0x50, 0x4b, 5, 6]
  }

  /// The folder in an archive that has ratings by name, otherwise the first with any table.
  static func openArchive(_ path: String, _ file: String? = nil) throws(DataError) -> DataFolder {
    let named = try DataFolder(archive: path) { names in
      file.map(names.contains) ?? (namedFiles(names) != nil)
    }
    guard named.names.isEmpty, file == nil else { return named }
    return try DataFolder(archive: path) { $0.contains(where: isTable) }
  }

  // MARK: - Which files of a folder

  static let lookedFor = [
    "u.data", "ratings.csv", "ratings.dat", "ratings_notime.dat", "one *.inter",
  ]
  static let lineShapes = [
    "user<TAB>item<TAB>rating<TAB>time", "user::item::rating[::time]",
    "the header userId,movieId,rating[,timestamp]",
    "the header user_id:token<TAB>item_id:token ...",
  ]

  /// Names of ratings among other files, the first of which is read.
  private static let known = [
    "u.data", "ratings.csv", "ratings.dat", "ratings_notime.dat", "Ratings.csv", "rating.csv",
    "animelist.csv", "BX-Book-Ratings.csv", "goodreads_interactions.csv", "user_artists.dat",
    "events.csv", "big_matrix.csv", "yelp_academic_dataset_review.json", "steam-200k.csv",
    "user_track_hashtag_timestamp.csv",
  ]

  /// Beginnings and ends of the names of files that are one set together.
  private static let series = [
    ("combined_data_", ".txt"), ("mv_", ".txt"), ("log_standard_", ".csv"),
    ("jester-data-", ".csv"),
  ]

  /// The files of ratings that names alone tell.
  static func namedFiles(_ names: [String]) -> [String]? {
    if let name = known.first(where: names.contains) { return [name] }
    for (start, end) in series {
      let found = names.filter { $0.hasPrefix(start) && $0.hasSuffix(end) }
      if !found.isEmpty { return inOrder(found) }
    }
    // Several are the parts of a split: which of them is meant, only the user knows.
    let inter = names.filter { $0.hasSuffix(".inter") }
    return inter.count == 1 ? inter : nil
  }

  private static func isTable(_ name: String) -> Bool {
    let isAbout = ["readme", "license", "licence"].contains { name.lowercased().contains($0) }
    return !isAbout
      && [".csv", ".tsv", ".txt", ".dat", ".json", ".jsonl"].contains { name.hasSuffix($0) }
  }

  /// In order, numbers by their value: part2 before part10.
  private static func inOrder(_ names: [String]) -> [String] {
    func key(_ name: String) -> String {
      name.replacing(/[0-9]+/) { digits in
        String(repeating: "0", count: max(0, 20 - digits.output.count)) + digits.output
      }
    }
    return names.map { (key($0), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  /// The files of a folder that are one set: by name, or those whose first lines tell one layout.
  private static func files(
    of folder: DataFolder, _ options: ReadingOptions
  ) throws(DataError) -> [String] {
    if let file = options.file {
      guard folder.has(file) else { throw .missingFile(path: "\(folder.path)/\(file)") }
      return [file]
    }
    if let files = namedFiles(folder.names) { return files }
    var (sets, refusal, refused) = ([(key: String, files: [String])](), nil as DataError?, 0)
    for name in inOrder(folder.names.filter(isTable)) where name != About.file {
      do throws(DataError) {
        let layout = try RatingsLayout(of: name, in: folder, options)
        let key = "\(layout.name) \(layout.header ?? "")"
        if let at = sets.firstIndex(where: { $0.key == key }) {
          sets[at].files.append(name)
        } else {
          sets.append((key, [name]))
        }
      } catch .empty {
        continue
      } catch {
        (refusal, refused) = (error, refused + 1)
      }
    }
    guard sets.count <= 1 else {
      throw .fault(
        folder.path,
        found:
          "tables of \(sets.count) layouts, \(sets.map { $0.files[0] }.joined(separator: ", "))",
        expected: "one; name the file that is meant, or import it by `drr data import "
          + "\(folder.path) --out FOLDER --file \(sets[0].files[0])`")
    }
    if let set = sets.first { return set.files }
    // The one table there is, whose columns may be named.
    if refused == 1, let refusal, case .unknownTable = refusal { throw refusal }
    throw .unrecognised(path: folder.path, lookedFor: lookedFor)
  }
}

/// `about.txt` beside ratings that this library wrote: their scale, where they do not tell it.
struct About {
  static let file = "about.txt"
  var range: ClosedRange<Float>?

  init(_ folder: DataFolder) throws(DataError) {
    guard folder.has(Self.file) else { return }
    let file = try TextFile(try folder.open(Self.file))
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let words = line.split(separator: " ")
      guard words.count == 4, words[0] == "ratings:", words[2] == "..." else { return }
      guard let low = Float(words[1]), let high = Float(words[3]), low < high,
        max(low.magnitude, high.magnitude) <= RatingsLog.ratingLimit
      else {
        throw .fault(
          file.name, line: number, found: "the scale \"\(quoted(line))\"",
          expected: "the lowest and the highest rating, as ratings: 1 ... 5")
      }
      range = low...high
    }
  }
}

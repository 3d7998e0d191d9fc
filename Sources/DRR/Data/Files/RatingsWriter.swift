import DRRCore

extension RatingsLog {
  /// Layouts a log can be written in.
  public enum OutputFormat: String, Sendable, CaseIterable {
    /// `ratings.csv` and `movies.csv`, as MovieLens 20M and later; ``RatingsSource`` reads it back.
    case csv
    /// RecBole's `NAME.inter` and `NAME.item`.
    case inter

    /// The file of all ratings in a folder.
    fileprivate func file(of folder: String) -> String {
      self == .csv ? "ratings.csv" : "\(folder.lastPathPart).inter"
    }

    /// The files of training, validation and test.
    fileprivate func parts(of folder: String) -> [String] {
      self == .csv
        ? ["train.csv", "validation.csv", "test.csv"]
        : ["train", "valid", "test"].map { "\(folder.lastPathPart).\($0).inter" }
    }

    /// The file of titles and genres.
    fileprivate func items(of folder: String) -> String {
      self == .csv ? "movies.csv" : "\(folder.lastPathPart).item"
    }
  }

  /// Writes the log into `folder`, made where it is absent; the parent must exist.
  ///
  /// The folder appears at the end with all files, or not at all; one of older ratings is replaced
  /// as a whole. Rows stand in the log's order, so equal times keep it. Returns the checksum of the
  /// ratings file.
  @discardableResult
  public func write(
    to folder: String, format: OutputFormat = .csv, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> String {
    let writer = try FolderWriter(ratingsIn: folder)
    let checksum = try write(format.file(of: folder), format, by: writer, progress)
    switch format {
    case .csv: if ratingRange != rangeFromStars { try writeAbout(writer) }
    case .inter: if ratingRange != usualRange { try writeAbout(writer) }
    }
    try writeItems(format, folder, writer)
    try writer.commit()
    return checksum.hexadecimal
  }

  /// Writes what a split parts into `folder`, as ``write(to:format:progress:)`` writes one file:
  /// `train.csv`, `validation.csv` and `test.csv`, or RecBole's `NAME.train.inter`,
  /// `NAME.valid.inter` and `NAME.test.inter`. Titles and genres stand beside them.
  ///
  /// - Returns: the files with their rows.
  public func write(
    _ split: UserSplit, to folder: String, format: OutputFormat = .csv,
    progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> [(file: String, rows: Int)] {
    let writer = try FolderWriter(ratingsIn: folder)
    var written: [(file: String, rows: Int)] = []
    for (part, place) in zip([nil, .validation, .test] as [UserSplit.HeldOut?], 0...) {
      let rows = indices.count { split.heldOut(row: $0) == part }
      // Nothing may be held out for validation, and no reader takes a file of no rows.
      if rows == 0 { continue }
      let file = format.parts(of: folder)[place]
      try write(file, format, by: writer, progress) { split.heldOut(row: $0) == part }
      written.append((file, rows))
    }
    try writeAbout(writer)
    try writeItems(format, folder, writer)
    try writer.commit()
    return written
  }

  private var indices: Range<Int> { 0..<count }

  /// A file of rows, and its checksum.
  @discardableResult
  private func write(
    _ name: String, _ format: OutputFormat, by writer: FolderWriter,
    _ progress: RatingsSource.Progress?, where isWritten: (Int) -> Bool = { _ in true }
  ) throws(DataError) -> UInt32 {
    try writer.write(name) { (file: OutputFile) throws(DataError) in
      switch format {
      case .csv: try writeCSVRows(file, progress, where: isWritten)
      case .inter: try writeInterRows(file, progress, where: isWritten)
      }
    }
  }

  private func writeItems(
    _ format: OutputFormat, _ folder: String, _ writer: FolderWriter
  ) throws(DataError) {
    if titles.isEmpty { return }
    try writer.write(format.items(of: folder)) { (file: OutputFile) throws(DataError) in
      switch format {
      case .csv:
        try CSVText.movies(file, itemCount, withGenres: !genres.isEmpty) { item in
          (itemIDs[item], titles[item], genres.namesOfItem(item))
        }
      case .inter: try writeInterItems(file)
      }
    }
  }

  private func writeAbout(_ writer: FolderWriter) throws(DataError) {
    try writer.write(About.file) { (file: OutputFile) throws(DataError) in
      try file.write("ratings: \(ratingRange.lowerBound) ... \(ratingRange.upperBound)\n")
    }
  }

  /// The scale the reader takes a CSV for by its ratings alone.
  private var rangeFromStars: ClosedRange<Float>? {
    if ratings.contains(where: { $0 < 0.5 || $0 > 5 }) { return nil }
    return ratings.allSatisfy { $0 >= 1 && $0.rounded() == $0 } ? 1...5 : 0.5...5
  }

  /// The scale the reader takes a `.inter` for by its ratings alone.
  private var usualRange: ClosedRange<Float> {
    Self.usualScale(
      lowest: ratings.min() ?? 1, highest: ratings.max() ?? 5,
      areWhole: ratings.allSatisfy { $0.rounded() == $0 })
  }

  /// CRC-32 of the log as CSV.
  func contentChecksum() -> String {
    let file = OutputFile()
    // Without a file behind it, writing cannot fail.
    try? writeCSVRows(file, nil)
    try? file.flush()
    return UInt32(truncatingIfNeeded: file.crc).hexadecimal
  }

  private func writeCSVRows(
    _ file: OutputFile, _ progress: RatingsSource.Progress?,
    where isWritten: (Int) -> Bool = { _ in true }
  ) throws(DataError) {
    try file.write(hasTimes ? CSVText.header : CSVText.headerWithoutTimes)
    let userTexts = userIDs.map(CSVText.quoted)
    let itemTexts = itemIDs.map(CSVText.quoted)
    for user in 0..<userCount {
      for row in rows(ofUser: user) where isWritten(row) {
        try CSVText.row(
          file, userTexts[user], itemTexts[Int(items[row])], ratings[row],
          hasTimes ? times[row] : nil)
      }
      progress?(userOffsets[user + 1], count)
    }
  }

  private func writeInterRows(
    _ file: OutputFile, _ progress: RatingsSource.Progress?,
    where isWritten: (Int) -> Bool = { _ in true }
  ) throws(DataError) {
    try file.write(
      "user_id:token\titem_id:token\trating:float" + (hasTimes ? "\ttimestamp:float\n" : "\n"))
    for id in [userIDs, itemIDs].joined() where id.utf8.contains(9) {
      throw .cannotWrite(
        path: file.path,
        reason: "the id \"\(quoted(id))\" has a tab in it, which parts columns there; use csv")
    }
    for user in 0..<userCount {
      for row in rows(ofUser: user) where isWritten(row) {
        try file.write(userIDs[user])
        file.write(9)
        try file.write(itemIDs[Int(items[row])])
        file.write(9)
        file.write(rating: ratings[row])
        if hasTimes {
          file.write(9)
          file.write(decimal: times[row])
        }
        try file.endLine()
      }
      progress?(userOffsets[user + 1], count)
    }
  }

  private func writeInterItems(_ file: OutputFile) throws(DataError) {
    try file.write(
      "item_id:token\tmovie_title:token_seq" + (genres.isEmpty ? "\n" : "\tgenre:token_seq\n"))
    for item in 0..<itemCount {
      try file.write(
        "\(itemIDs[item])\t\(Self.token(titles[item], space: " "))")
      if !genres.isEmpty {
        let names = genres.namesOfItem(item).map { Self.token($0, space: "_") }
        try file.write("\t\(names.joined(separator: " "))")
      }
      try file.endLine()
    }
  }

  /// Text without the characters that part fields, lines and, for genres, words.
  private static func token(_ text: String, space: Unicode.Scalar) -> String {
    let parting: Set<Unicode.Scalar> = [" ", "\t", "\n", "\r"]
    let scalars = text.unicodeScalars.map { parting.contains($0) ? space : $0 }
    return String(String.UnicodeScalarView(scalars))
  }
}

extension FolderWriter {
  /// A folder of ratings in any layout that is written.
  init(ratingsIn folder: String) throws(DataError) {
    let formats = RatingsLog.OutputFormat.allCases
    try self.init(
      folder: folder,
      marks: formats.map { $0.file(of: folder) } + formats.map { $0.parts(of: folder)[0] },
      others: formats.flatMap { $0.parts(of: folder).dropFirst() + [$0.items(of: folder)] }
        + [About.file])
  }
}

/// The lines of the CSV layout.
enum CSVText {
  static let header = "userId,movieId,rating,timestamp\n"
  static let headerWithoutTimes = "userId,movieId,rating\n"

  static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 34 || $0 == 44 || $0 == 10 || $0 == 13 }) else {
      return text
    }
    // Byte by byte: a quotation mark with an accent behind it is one character.
    let doubled = text.utf8.flatMap { $0 == 34 ? [34, 34] : [$0] }
    return "\"\(String(decoding: doubled, as: UTF8.self))\""
  }

  @inline(__always)
  static func row(
    _ file: OutputFile, _ user: String, _ item: String, _ rating: Float, _ time: Int64?
  ) throws(DataError) {
    try file.write(user)
    file.write(44)
    try file.write(item)
    file.write(44)
    file.write(rating: rating)
    if let time {
      file.write(44)
      file.write(decimal: time)
    }
    try file.endLine()
  }

  static func movies(
    _ file: OutputFile, _ count: Int, withGenres: Bool,
    _ item: (Int) -> (id: String, title: String, genres: [String])
  ) throws(DataError) {
    try file.write(withGenres ? "movieId,title,genres\n" : "movieId,title\n")
    for index in 0..<count {
      let (id, title, genres) = item(index)
      guard withGenres else {
        try file.write("\(quoted(id)),\(quoted(title))\n")
        continue
      }
      let names =
        genres.isEmpty || genres == [ItemGenres.unknown]
        ? "(no genres listed)" : genres.joined(separator: "|")
      try file.write("\(quoted(id)),\(quoted(title)),\(quoted(names))\n")
    }
  }
}

import DRRCore

extension RatingsLog {
  /// Layouts a log can be written in.
  public enum OutputFormat: String, Sendable, CaseIterable {
    /// `ratings.csv` and `movies.csv`, as MovieLens 20M and later; ``RatingsSource`` reads it back.
    case csv
    /// RecBole's `NAME.inter` and `NAME.item`.
    case inter
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
    let checksum: UInt32
    switch format {
    case .csv:
      checksum = try writer.write("ratings.csv") { (file: OutputFile) throws(DataError) in
        try writeCSVRows(file, progress)
      }
      if !titles.isEmpty {
        try writer.write("movies.csv") { (file: OutputFile) throws(DataError) in
          try CSVText.movies(file, itemCount, withGenres: !genres.isEmpty) { item in
            (itemIDs[item], titles[item], genres.namesOfItem(item))
          }
        }
      }
      if ratingRange != rangeFromStars { try writeAbout(writer) }
    case .inter:
      let name = folder.lastPathPart
      checksum = try writer.write("\(name).inter") { (file: OutputFile) throws(DataError) in
        try writeInterRows(file, progress)
      }
      if !titles.isEmpty {
        try writer.write("\(name).item") { (file: OutputFile) throws(DataError) in
          try writeInterItems(file)
        }
      }
      if ratingRange != usualRange { try writeAbout(writer) }
    }
    try writer.commit()
    return checksum.hexadecimal
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
    _ file: OutputFile, _ progress: RatingsSource.Progress?
  ) throws(DataError) {
    try file.write(hasTimes ? CSVText.header : CSVText.headerWithoutTimes)
    let userTexts = userIDs.map(CSVText.quoted)
    let itemTexts = itemIDs.map(CSVText.quoted)
    for user in 0..<userCount {
      for row in rows(ofUser: user) {
        try CSVText.row(
          file, userTexts[user], itemTexts[Int(items[row])], ratings[row],
          hasTimes ? times[row] : nil)
      }
      progress?(userOffsets[user + 1], count)
    }
  }

  private func writeInterRows(
    _ file: OutputFile, _ progress: RatingsSource.Progress?
  ) throws(DataError) {
    try file.write(
      "user_id:token\titem_id:token\trating:float" + (hasTimes ? "\ttimestamp:float\n" : "\n"))
    for id in [userIDs, itemIDs].joined() where id.utf8.contains(9) {
      throw .cannotWrite(
        path: file.path,
        reason: "the id \"\(quoted(id))\" has a tab in it, which parts columns there; use csv")
    }
    for user in 0..<userCount {
      for row in rows(ofUser: user) {
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
    let name = folder.lastPathPart
    try self.init(
      folder: folder, marks: ["ratings.csv", "\(name).inter"],
      others: ["movies.csv", "\(name).item", About.file])
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

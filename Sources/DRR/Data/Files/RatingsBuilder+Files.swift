internal import CZlib

extension RatingsBuilder {
  /// Reads all files of one layout, one after the other.
  static func read(
    _ files: [String], of folder: DataFolder, layout: RatingsLayout, space: IDSpace,
    share: UserShare = .all, progress: RatingsSource.Progress?
  ) throws(DataError) -> (builder: RatingsBuilder, checksum: String) {
    var builder = RatingsBuilder(layout: layout, space: space, share: share)
    var sizes: [Int] = []
    for file in files { sizes.append(try folder.size(file)) }
    let total = sizes.reduce(0, +)
    var (done, crc) = (0, 0 as UInt)
    for (file, size) in zip(files, sizes) {
      if let header = layout.header, files.count > 1, case let line = try folder.firstLine(file),
        line != header
      {
        throw .header(
          file: try folder.open(file).name, found: quoted(line),
          expected: "\(quoted(header)), as \(files[0]) has")
      }
      let before = done
      let (part, bytes) = try builder.read(
        try folder.open(file), of: total, isAlone: files.count == 1
      ) { progress?(before + $0, total) }
      crc = crc32_combine(crc, part, bytes)
      done += size
    }
    try builder.endFiles()
    return (builder, UInt32(truncatingIfNeeded: crc).hexadecimal)
  }

  /// Returns the CRC-32 of the file's bytes and how many there are.
  private mutating func read(
    _ source: any ByteSource, of total: Int, isAlone: Bool, progress: @escaping (Int) -> Void
  ) throws(DataError) -> (crc: UInt, bytes: Int) {
    begin(file: source.name)
    if case .json(isList: true) = layout.form { return try readList(source, progress) }
    var separator: Separator? = layout.separator
    if case .json = layout.form { separator = nil }
    let scanner = LineScanner(source, by: separator) { done, _ in progress(done) }
    var isHeaded = layout.header != nil
    var isReserved = !isAlone
    try scanner.forEachBlock { (block: Bytes) throws(DataError) -> Void in
      guard let rows = try Self.belowHeader(block, scanner, &isHeaded) else { return }
      guard layout.isPlain else { return try addLines(rows, scanner) }
      try addPlain(rows, scanner)
      if !isReserved, count > 0 {
        let share = Double(total) / Double(max(source.doneBytes, 1))
        // Only address space until it is filled; above this the columns grow as they need.
        reserve(min(Int(share * Double(count) * 1.02), 1 << 26))
        isReserved = true
      }
    }
    return (scanner.crc, scanner.bytes)
  }

  /// One list of objects.
  private mutating func readList(
    _ source: any ByteSource, _ progress: (Int) -> Void
  ) throws(DataError) -> (crc: UInt, bytes: Int) {
    var all = try source.readAll()
    progress(source.doneBytes)
    let (crc, count) = (crc32_z(0, all, all.count), all.count)
    if all.starts(with: [0xef, 0xbb, 0xbf]) { all.replaceSubrange(0..<3, with: [32, 32, 32]) }
    try JSONRows.forEachObject(of: &all, source.name) { (object, line) throws(DataError) in
      try add(object: object, line)
    }
    return (crc, count)
  }

  /// What a block has below the header, a row that may go over several lines; nil where it does not
  /// end in the block.
  private static func belowHeader(
    _ block: Bytes, _ scanner: LineScanner, _ isHeaded: inout Bool
  ) throws(DataError) -> Bytes? {
    // Up to where lines were looked at, and up to where they were read.
    var (end, start) = (0, 0)
    while isHeaded, end < block.count {
      end = block[end...].firstIndex(of: 10).map { $0 + 1 } ?? block.count
      try scanner.forEachLine(of: Bytes(rebasing: block[start..<end])) { _ in isHeaded = false }
      start = end - scanner.open
    }
    return isHeaded ? nil : Bytes(rebasing: block[start...])
  }

  private mutating func addLines(
    _ lines: Bytes, _ scanner: LineScanner
  ) throws(DataError) {
    try scanner.forEachLine(of: lines) { (line: Bytes) throws(DataError) -> Void in
      try add(line, scanner.line)
    }
  }

  /// Plain rows, many at a time, and the lines between them.
  private mutating func addPlain(_ block: Bytes, _ scanner: LineScanner) throws(DataError) {
    var start = 0
    for (bytes, rows) in PlainRows.read(block, layout, events, space) {
      // Plain lines in a field that is open before them are its text.
      if let rows, start == bytes.lowerBound, count + rows.ratings.count <= Int(Int32.max),
        add(rows, of: Bytes(rebasing: block[bytes]))
      {
        scanner.skip(lines: rows.ratings.count)
      } else {
        try addLines(Bytes(rebasing: block[start..<bytes.upperBound]), scanner)
      }
      start = bytes.upperBound - scanner.open
    }
  }
}

import DRRCore

/// Titles and genres of items, as a file beside the ratings lists them.
struct ItemList {
  private(set) var ids = RawIDs()
  private(set) var titles: [String] = []
  private(set) var genres: [[String]] = []
  /// The order of the genre names where the data fix one.
  var genreOrder: [String] = []

  mutating func add(id: String, title: String, genres: [String]) {
    let index = Int(ids.intern(id))
    guard index == titles.count else { return }
    titles.append(title.printable)
    let canonical = genres.map { ItemGenres.canonical($0.printable) }
    self.genres.append(canonical.count > 1 ? canonical.filter { $0 != "unknown" } : canonical)
  }

  func attach(to log: inout RatingsLog) {
    let places = (0..<log.itemCount).map { ids.lookup(log.itemIDs[$0]) }
    log.titles = places.map { $0.map { titles[$0] } ?? "" }
    if genres.contains(where: { !$0.isEmpty }) {
      log.genres = ItemGenres(
        lists: places.map { $0.map { genres[$0] } ?? [] },
        order: genreOrder.map(ItemGenres.canonical))
    }
    log.listedItemCount = ids.count + places.count(where: { $0 == nil })
  }
}

/// A whole small text file: UTF-8 where all of it is valid, otherwise Latin-1.
///
/// MovieLens 100K and 1M write Latin-1, the later sets UTF-8; accented Latin-1 text is not valid
/// UTF-8, so the bytes tell which.
struct TextFile {
  let name: String
  let text: String

  init(_ source: any ByteSource) throws(DataError) {
    name = source.name
    var bytes = try source.readAll()[...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    let decoded = String(decoding: bytes, as: UTF8.self)
    if decoded.utf8.elementsEqual(bytes) {
      text = decoded
    } else {
      var latin = String.UnicodeScalarView()
      latin.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
      text = String(latin)
    }
  }

  /// A field of a megabyte is no title, and an archive can hold one of a gigabyte in little room.
  private func requireLength(_ count: Int, _ line: Int) throws(DataError) {
    guard count <= LineScanner.lineLimit else {
      throw .lineTooLong(file: name, line: line, limit: LineScanner.lineLimit)
    }
  }

  /// Line number and line, blank ones left out.
  func forEachLine(_ body: (Int, String) throws(DataError) -> Void) throws(DataError) {
    var number = 0
    for line in text.utf8.split(separator: 10, omittingEmptySubsequences: false) {
      number += 1
      var line = line
      while line.last == 13 { line = line.dropLast() }
      try requireLength(line.count, number)
      if !line.isEmpty { try body(number, String(Substring(line))) }
    }
  }

  /// Fields of all records by RFC 4180: quotes, doubled quotes, commas and line ends in quotes.
  func forEachCSVRecord(
    _ body: (_ line: Int, _ fields: [String]) throws(DataError) -> Void
  ) throws(DataError) {
    let bytes = Array(text.utf8)
    var at = 0
    var line = 1
    while at < bytes.count {
      var fields: [String] = []
      let first = line
      var more = true
      while more {
        var field: [UInt8] = []
        if at < bytes.count, bytes[at] == 34 {
          let (opened, start) = (line, at)
          at += 1
          while true {
            guard at < bytes.count else { throw .quoting(file: name, line: opened) }
            if bytes[at] == 34 {
              at += 1
              if at >= bytes.count || bytes[at] != 34 { break }
            }
            if bytes[at] == 10 { line += 1 }
            field.append(bytes[at])
            at += 1
            try requireLength(at - start, line)
          }
          if at < bytes.count, ![44, 10, 13].contains(bytes[at]) {
            let rest = bytes[at...].prefix { $0 != 10 }
            let fault = rest.withUnsafeBufferPointer {
              LineFault.behindQuote(file: name, line: line, $0)
            }
            throw .line(fault)
          }
        }
        let start = at
        while at < bytes.count, bytes[at] != 44, bytes[at] != 10 {
          field.append(bytes[at])
          at += 1
          try requireLength(at - start, line)
        }
        more = at < bytes.count && bytes[at] == 44
        if !more, field.last == 13 { field.removeLast() }
        at += 1
        fields.append(String(decoding: field, as: UTF8.self))
      }
      line += 1
      if fields != [""] { try body(first, fields) }
    }
  }
}

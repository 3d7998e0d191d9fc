import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Bytes that come so many at a time, so that a block ends behind each of them.
private final class Drops: ByteSource {
  let name = "x.csv"
  var totalBytes: Int { bytes.count }
  private(set) var doneBytes = 0
  private let bytes: [UInt8]
  private let size: Int

  init(_ text: String, _ size: Int) { (bytes, self.size) = (Array(text.utf8), size) }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(size, bytes.count - doneBytes)
    buffer.copyBytes(from: bytes[doneBytes..<doneBytes + count])
    doneBytes += count
    return count
  }
}

@Suite("Rows over several lines")
struct QuotedRowsTests {
  let temporary = TemporaryFolder()

  /// Each row with the line that it begins in, fields parted by `|`.
  private func rows(_ text: String, by size: Int) throws -> [String] {
    var rows: [String] = []
    try HeadedRows(Drops(text, size)).forEach { (_) throws(DataError) in
    } row: { (row) throws(DataError) in
      let fields = (0..<row.fields.count).map { String(decoding: row.fields[$0], as: UTF8.self) }
      rows.append("\(row.line) \(fields.joined(separator: "|"))")
    }
    return rows
  }

  @Test("line ends in quotation marks belong to the field, wherever a block ends")
  func blocks() throws {
    let text =
      "\u{feff}a,b,c\r\n\"x\ny\",\"1\r\n\r\n2\",\r\n\r\n\"\"\"\n\"\"\",5\" disc,\"a \"\"b\"\"\nc\"\n"
      + "\"\",\"\n\",\"9,9\n9,9,9\n\"\n1,2,3"
    let expected = [
      "2 x\ny|1\r\n\r\n2|", "7 \"\n\"|5\" disc|a \"b\"\nc", "10 |\n|9,9\n9,9,9\n", "14 1|2|3",
    ]
    for size in 1...text.utf8.count { #expect(try rows(text, by: size) == expected) }
  }

  /// Fields of what a reader may stumble over.
  private func nasty(_ seed: UInt64, _ count: Int) -> String {
    var generator = SeededGenerator(seed)
    let pieces = ["\n", "\r\n", "\"\"", ",", "\"\",\"\"", " ", "ab", "é", "1,2\n4,5\n", "\\\"\""]
    func field() -> String {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: return ["", "7", "x\"y", "z\""].randomElement(using: &generator)!
      case 1: return "\"\""
      default:
        let count = Int.random(in: 0..<6, using: &generator)
        let text = (0..<count).map { _ in pieces.randomElement(using: &generator)! }
        return "\"\(text.joined())\""
      }
    }
    return "a,b,c\n"
      + (0..<count).map { _ in
        "1,\(field()),\(field())" + ["\n", "\r\n", "\n\n"].randomElement(using: &generator)!
      }.joined()
  }

  @Test("rows and their lines are those of Python's csv module")
  func python() throws {
    let text = nasty(1, 3000)
    let path = try temporary.write("n.csv", text)
    let script = """
      import csv, sys
      reader, line = csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True), 1
      for row in reader:
          if row and line > 1:
              print(line, "|".join(row).encode().hex())
          line = reader.line_num + 1
      """
    guard let said = try Python.output(of: script, [path], importing: "csv") else { return }
    let expected = said.split(separator: "\n").map(String.init)
    #expect(expected.count == 3000)
    for size in [61, 4099, 1 << 22] {
      let found = try rows(text, by: size).map { row in
        let parts = row.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        return "\(parts[0]) " + parts[1].utf8.map { String(format: "%02x", $0) }.joined()
      }
      #expect(found == expected)
    }
  }

  // MARK: - Ratings

  private let header = "userId,movieId,rating,timestamp,note\n"
  private let odd = "2,2,4,6,\"a\n9,9,5,9,9\n\"\"b\"\",\r\n\n\"\n"

  /// Rows of 18 bytes, a user each, and one that makes up what is left.
  private func filler(_ bytes: Int, from user: Int = 0) -> String {
    var text = ""
    text.reserveCapacity(bytes)
    for row in 0..<bytes / 18 - 1 { text += "\(1_000_000 + user + row),3,4,5,x\n" }
    return text + "1999999,3,4,5,\(String(repeating: "x", count: bytes - text.utf8.count - 15))\n"
  }

  /// The row that is not filler, once the numbers are right.
  private func check(_ text: String, rows: Int) throws {
    let log = try RatingsSource.load(try temporary.write("r/ratings.csv", text))
    #expect(log.count == rows && log.userIndex("9") == nil)
    #expect(log.spelled.first == "2 2 4.0 6")
  }

  @Test("a row over several lines is one wherever a part that a core reads ends")
  func parts() throws {
    for shift in 1...odd.utf8.count + 1 {
      let before = filler((1 << 19) - header.utf8.count - shift)
      let count = before.utf8.count / 18
      try check(header + before + odd + filler(1800, from: 500_000), rows: count + 101 - 1)
    }
    for shift in [1, 20, odd.utf8.count] {
      let before = filler((1 << 22) - header.utf8.count - shift)
      try check(header + before + odd, rows: before.utf8.count / 18 + 1)
    }
  }

  @Test("plain rows in a field that is longer than a part are its text")
  func long() throws {
    let text = String(repeating: "9,9,5,9,9\n", count: 90_000)
    try check("\(header)2,2,4,6,\"\(text)\"\n3,3,3,3,x\n", rows: 2)
    try check("\(header)1000000,1,1,1,x\n2,2,4,6,\"\(text)\"\n", rows: 2)
  }

  @Test("and in a .gz, a .zip and a set of several files, whose header may be such a row too")
  func packed() throws {
    let (first, second) = (Data((header + odd).utf8), Data((header + "3,3,3,3,\"\n\"\n").utf8))
    let packed = try temporary.write("p/ratings.csv.gz", Gzip.packed(first))
    #expect(try RatingsSource.load(packed).spelled == ["2 2 4.0 6"])
    var builder = ZipBuilder()
    builder.files = [.init(name: "a.csv", data: first), .init(name: "b.csv", data: second)]
    let both = ["2 2 4.0 6", "3 3 3.0 3"]
    #expect(try RatingsSource.load(temporary.write("s.zip", builder.build())).spelled == both)
    let set = try temporary.folder("s", ["a.csv": first, "b.csv": second])
    #expect(try RatingsSource.load(set).spelled == both)
    let headed = "\"user\nid\",\"item\r\nid\",rating,\"no\n\"\"te\"\"\"\r\n1,2,3,\"\n\"\n"
    let path = try temporary.write("headed.csv", headed)
    #expect(try RatingsSource.load(path).spelled == ["1 2 3.0 0"])
  }

  @Test("a title over several lines stands in one")
  func titles() throws {
    let folder = try temporary.folder(
      "t",
      [
        "ratings.csv": "userId,movieId,rating\n1,1,1\n1,2,2\n",
        "movies.csv": "movieId,title,note\n1,\"Red\r\n\"\"War\"\"\",\"a\n\n1,b,c\"\n2,Blue,\n",
      ])
    #expect(try RatingsSource.load(folder).titles == ["Red \"War\"", "Blue"])
  }

  // MARK: - Errors

  private func said(_ text: String, _ name: String = "ratings.csv") throws -> String {
    loadingError(try temporary.write("e/\(name)", text)) ?? ""
  }

  @Test("a field that does not close is named by the line it opens in, however much follows")
  func unclosed() throws {
    let unclosed =
      "a quoted field opens here and is not closed within the 1048576 bytes of a row, expected a "
      + "closing mark; one inside a field is written twice"
    let (rows, small) = (filler(3 << 20, from: 1), "1,2,3,4,\"a\nb\"\n")
    for (text, line) in [
      ("1,2,3,4,\"open", 2), ("\(small)1,2,3,4,\"open\n\n", 4), ("\"1\n\",2,3,4,\"open\nx", 3),
      ("1,2,3,4,\"\(rows)", 2), ("\(small)1,2,3,\"4\n\",\"open\n\(rows)", 5),
      ("\(rows)1,2,3,4,\"open\n\(rows)", rows.utf8.count { $0 == 10 } + 2),
    ] {
      #expect(try said(header + text) == "e/ratings.csv, line \(line): \(unclosed)")
    }
    // The next field that opens closes it.
    #expect(
      try said("\(header)\(small)1,2,3,4,\"open\n1,2,3,4,x\n1,2,3,4,\"y\"\n")
        == "e/ratings.csv, line 4: a quoted field that opens here, and \"y\"\" behind the mark that "
        + "closes it in line 6, expected a comma or the end of the line there; a mark inside a field "
        + "is written twice")
    // Of lists of titles likewise.
    try temporary.write("m/movies.csv", "movieId,title\n1,\"A\n")
    try temporary.write("m/ratings.csv", "userId,movieId,rating\n1,1,1\n")
    #expect(loadingError("\(temporary.path)/m") == "m/movies.csv, line 2: \(unclosed)")
  }

  @Test("errors behind rows over several lines name their own line")
  func lines() throws {
    let rows = "1,2,3,4,\"a\r\n\n\"\n\n2,2,3,4,\"\n\"\n"
    let faulty = try said("\(header)\(rows)1,2,x,4,5\n")
    #expect(faulty == "e/ratings.csv, line 8: rating \"x\" is not a number")
    #expect(try said("\(header)\(rows)1,2,\"\n\",4\n").hasPrefix("e/ratings.csv, line 8: 4 fields"))
    let long = String(repeating: "x\n", count: 1 << 19)
    #expect(
      try said("\(header)\(rows)1,2,3,4,\"\(long)\"\n").hasPrefix(
        "e/ratings.csv, line 8: a quoted field opens here and is not closed within"))
    let wide = String(repeating: "x", count: 1 << 20)
    #expect(
      try said("\(header)\(rows)1,2,3,4,\"\n\"\n1,2,3,4,\(wide)\n")
        == "e/ratings.csv, line 10: longer than 1048576 bytes, expected one rating a line")
    // An id has no line end, in marks or not.
    #expect(
      try said("\(header)\(rows)\"1\n\",2,3,4,5\n")
        == "e/ratings.csv, line 8: user \"1?\", expected an id without control characters")
  }
}

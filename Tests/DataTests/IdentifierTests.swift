import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Ids are told apart byte by byte.
@Suite("Ids that look alike")
struct IdentifierTests {
  let temporary = TemporaryFolder()
  /// An é of one scalar and of two: equal as strings, and two ids.
  static let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")

  @Test("two spellings of one word stay two ids in every layout")
  func forms() throws {
    let text =
      "userId,movieId,rating\n\(Self.composed),\(Self.decomposed),4\n"
      + "\(Self.decomposed),\(Self.composed),3\n\(Self.composed),\(Self.composed),2\n"
    let log = try RatingsSource.load(try temporary.folder("forms", ["ratings.csv": text]))
    #expect(log.userCount == 2 && log.itemCount == 2 && log.count == 3)
    for format in RatingsLog.OutputFormat.allCases {
      let folder = "\(temporary.path)/\(format)"
      try log.write(to: folder, format: format)
      let read = try RatingsSource.load(folder)
      #expect(read.ratings == log.ratings && read.users == log.users && read.items == log.items)
      #expect(read.userIDs.map { Array($0.utf8) } == log.userIDs.map { Array($0.utf8) })
    }
    #expect(log.userIndex(Self.composed) != log.userIndex(Self.decomposed))
  }

  @Test("a quotation mark under an accent is doubled like any other")
  func quotation() throws {
    let id = "a\"\u{301},b"
    let text = "userId,movieId,rating\n1,\"a\"\"\u{301},b\",4\n"
    let log = try RatingsSource.load(try temporary.folder("quote", ["ratings.csv": text]))
    #expect(Array(log.itemIDs) == [id])
    try log.write(to: "\(temporary.path)/again")
    #expect(Array(try RatingsSource.load("\(temporary.path)/again").itemIDs) == [id])
  }

  @Test("bytes that are no UTF-8 are refused with their line")
  func latin() throws {
    for (name, separator, header) in [
      ("u.data", "\t", ""), ("ratings.csv", ",", "userId,movieId,rating,timestamp\n"),
    ] {
      let folder = try temporary.folder("latin-\(name)", ["empty": ""])
      for word in [[0x63, 0x61, 0x66, 0xe9], [0x63, 0x61, 0x66, 0xe8]] as [[UInt8]] {
        var bytes = Data((header + "1\(separator)2\(separator)3\(separator)4\n").utf8)
        bytes += Data(word)
        bytes += Data("\(separator)2\(separator)3\(separator)4\n".utf8)
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        let line = name == "u.data" ? 2 : 3
        let error = #expect(throws: DataError.self) { try RatingsSource.load(folder) }
        let byte = word[3] == 0xe9 ? "E9" : "E8"
        #expect(
          error?.description
            == "latin-\(name)/\(name), line \(line): user \"caf\\x\(byte)\", expected an id in UTF-8"
        )
      }
    }
  }

  @Test("an id that a layout cannot hold is refused and not changed into another")
  func tab() throws {
    let text = "userId,movieId,rating\n1,a\tb,4\n1,a b,2\n"
    let log = try RatingsSource.load(try temporary.folder("tab", ["ratings.csv": text]))
    #expect(log.itemCount == 2)
    let error = #expect(throws: DataError.self) {
      try log.write(to: "\(temporary.path)/inter", format: .inter)
    }
    #expect(error?.description.contains("the id \"a?b\" has a tab in it") == true)
    try log.write(to: "\(temporary.path)/csv")
    #expect(try RatingsSource.load("\(temporary.path)/csv").itemCount == 2)
  }
}

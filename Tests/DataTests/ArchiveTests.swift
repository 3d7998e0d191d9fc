import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Archives of ratings")
struct ArchiveTests {
  let temporary = TemporaryFolder()

  @Test("a gzip file of several members is one; a damaged one is refused")
  func gzip() throws {
    let text = "1\t2\t3\t4\n2\t2\t3\t4\n"
    let whole = Gzip.packed(Data(text.prefix(8).utf8)) + Gzip.packed(Data(text.dropFirst(8).utf8))
    let path = try temporary.write("z/u.data.gz", whole + Data(count: 100))
    #expect(try RatingsSource.load(path).count == 2)
    #expect(
      try RatingsSource.load("\(temporary.path)/z").checksum == hexadecimal(referenceCRC(text.utf8))
    )
    for (data, part) in [
      (whole.dropLast(5), "it ends in the middle of its data; damaged gzip file"),
      (Data("1\t2\t3\t4\n".utf8), "it does not inflate (zlib -3), expected a whole gzip file"),
      (Data(), "it is empty, expected a gzip file"),
    ] {
      try temporary.write("z/u.data.gz", data)
      #expect(loadingError(path) == "z/u.data.gz: \(part)")
    }
    var flipped = [UInt8](whole)
    flipped[flipped.count - 6] ^= 1
    try temporary.write("z/u.data.gz", Data(flipped))
    #expect(
      loadingError(path) == "z/u.data.gz: it does not inflate (zlib -3), expected a whole gzip file"
    )
  }

  @Test("long names of tar archives are whole, and a damaged one is refused")
  func tar() throws {
    let rows = Data("1\t2\t3\t4\n".utf8)
    let long = String(repeating: "folder/", count: 30) + "u.data"
    for isPax in [true, false] {
      let tar = Gzip.tar([(long, rows)], isPax: isPax)
      #expect(try RatingsSource.load(try temporary.write("a.tgz", Gzip.packed(tar))).count == 1)
    }
    let tar = Gzip.tar([("m/u.data", rows), ("m/u.genre", Data("unknown|0\n".utf8))])
    for (data, part) in [
      (tar.prefix(700), "it is cut off; damaged archive"),
      (
        Data("x".utf8) + tar.dropFirst(), "byte 0 begins no entry of a tar archive; damaged archive"
      ),
      (Data(count: 1_024), "no files in it, expected a tar archive with some"),
      (
        Gzip.tar([("m/u.data", rows), ("m/u.data", rows)]),
        "it holds two files named m/u.data, expected one of each name"
      ),
    ] {
      let path = try temporary.write("a.tar", data)
      #expect(loadingError(path) == "\(path): \(part)")
    }
  }

  @Test("the first file that is wanted is read in one pass, and the rest of its archive behind it")
  func first() throws {
    func text(_ path: String) throws(DataError) -> String? {
      let source = try DataFolder.file(path) { $0.hasSuffix(".txt") }
      return try source.map { (source) throws(DataError) in
        String(decoding: try source.readAll(), as: UTF8.self)
      }
    }
    let rows = String(repeating: "a row of some length\n", count: 40_000)
    let long = String(repeating: "folder/", count: 30) + "a.txt"
    let tar = Gzip.tar([
      ("m/readme", Data("x".utf8)), (long, Data(rows.utf8)), ("b.txt", Data("other".utf8)),
    ])
    for (name, data) in [("a.tar", tar), ("a.tar.gz", Gzip.packed(tar))] {
      #expect(try text(try temporary.write(name, data)) == rows)
    }
    let plain = try temporary.write("z/c.txt", "c")
    #expect(try text(plain) == "c")
    #expect(try text(try temporary.write("z/d.txt.gz", Gzip.packed(Data("d".utf8)))) == "d")
    let none = Gzip.tar([("m/a.csv", Data("x".utf8))])
    #expect(try text(try temporary.write("none.tar", none)) == nil)
    // The last bytes of a gzip file are its checksum and length.
    var damaged = Gzip.packed(tar)
    damaged[damaged.count - 6] ^= 1
    for (data, part) in [
      (damaged, "it does not inflate (zlib -3)"),
      (Gzip.packed(tar).dropLast(5), "it ends in the middle of its data"),
      (Gzip.packed(tar.prefix(5_000)), "it is cut off; damaged archive"),
    ] {
      let path = try temporary.write("damaged.tgz", data)
      let error = #expect(throws: DataError.self) { try text(path) }
      #expect(error?.description.hasPrefix("\(path): \(part)") == true, "\(error as Any)")
    }
  }
}

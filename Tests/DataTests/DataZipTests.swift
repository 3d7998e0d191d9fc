import DRRData
import DRRTestSupport
import Foundation
import Testing

@Suite("Zip archives")
struct DataZipTests {
  let temporary = TemporaryFolder()
  /// Long enough for several reads of the scanner.
  static let rows = Data(
    (0..<60_000).map { "\($0 % 700)\t\($0 / 700)\t\($0 % 5 + 1)\t\($0)\n" }.joined().utf8)

  private func load(_ builder: ZipBuilder, as name: String = "set.zip") throws -> RatingsLog {
    try RatingsSource.load(try temporary.write(name, builder.build()))
  }

  private func failure(_ data: Data) throws -> String? {
    let path = try temporary.write("bad.zip", data)
    return loadingError(path)?.replacingOccurrences(of: path, with: "ZIP")
  }

  @Test(arguments: [true, false], [true, false])
  func entriesStoredOrDeflated(_ deflated: Bool, _ zip64: Bool) throws {
    var builder = ZipBuilder(zip64End: zip64)
    builder.files = [
      .init(name: "any/", data: Data(), deflated: false),
      .init(name: "any/deeper/u.data", data: Data("1\t1\t1\t1\n".utf8)),
      .init(name: "any/u.data", data: Self.rows, deflated: deflated, zip64: zip64),
      .init(name: "__MACOSX/u.data", data: Data([0, 1, 2])),
    ]
    let log = try load(builder)
    #expect(log.count == 60_000 && log.userCount == 700 && log.name == "set")
    #expect(log.checksum == hexadecimal(referenceCRC(Self.rows)))
    let plain = try RatingsSource.load(try temporary.folder("plain", ["u.data": Self.rows]))
    #expect(log.spelled == plain.spelled)
  }

  @Test func anArchiveIsKnownWithoutItsSuffix() throws {
    let builder = ZipBuilder(files: [.init(name: "u.data", data: Self.rows)])
    #expect(try load(builder, as: "download").count == 60_000)
  }

  @Test func damageIsNamed() throws {
    var file = ZipBuilder.File(name: "m/u.data", data: Self.rows)
    func message(_ change: (inout ZipBuilder.File) -> Void) throws -> String? {
      var changed = file
      change(&changed)
      return try failure(ZipBuilder(files: [changed]).build())
    }
    let crc = hexadecimal(referenceCRC(Self.rows))
    let size = Self.rows.count
    #expect(
      try message { $0.crc = 1 }
        == "ZIP: m/u.data has CRC-32 \(crc), expected 00000001; damaged archive")
    #expect(
      try message { $0.size = size - 1 }
        == "ZIP: m/u.data is longer than \(size - 1) bytes; damaged archive")
    #expect(
      try message { $0.size = size + 1 }
        == "ZIP: m/u.data has \(size) bytes, expected \(size + 1); damaged archive")
    #expect(
      try message { $0.size = 0xffff_fff0 }?.hasPrefix(
        "ZIP: m/u.data would unpack to 4294967280 bytes, ") == true)
    #expect(
      try message { $0.flags = 1 }
        == "ZIP: m/u.data is encrypted, expected an archive without a password")
    #expect(
      try message { $0.method = 12 }
        == "ZIP: m/u.data uses compression method 12, expected deflate")
    #expect(
      try message { $0.method = 0 }
        == "ZIP: m/u.data is stored with two different sizes; damaged archive")
    file.data = Data("nothing\n".utf8)
    file.name = "readme"
    #expect(
      try failure(ZipBuilder(files: [file]).build())
        == "ZIP: no known ratings layout; looked for u.data, ratings.csv, ratings.dat,"
        + " ratings_notime.dat, one *.inter")
  }

  @Test func damageIsToldBeforeTheOddLinesItMakes() throws {
    var archive = ZipBuilder(files: [.init(name: "u.data", data: Self.rows, deflated: false)])
      .build()
    archive[30 + 6 + 2] = 0x58
    #expect(try failure(archive)?.contains("has CRC-32") == true)
  }

  @Test func cutArchives() throws {
    let whole = ZipBuilder(files: [.init(name: "u.data", data: Self.rows)]).build()
    let noEnd = "ZIP: not a zip archive or one that is cut off: it has no directory at its end"
    for count in [0, 3, 21, 30, whole.count / 2, whole.count - 1] {
      #expect(try failure(whole.prefix(count)) == noEnd)
    }
    var moved = whole
    moved.removeSubrange(100..<200)
    #expect(try failure(moved)?.contains("the archive is cut off or damaged") == true)
    var inner = ZipBuilder.deflate(Self.rows)
    inner.removeLast(inner.count / 3)
    let file = ZipBuilder.File(
      name: "u.data", data: inner, deflated: false, method: 8, size: Self.rows.count)
    #expect(
      try failure(ZipBuilder(files: [file]).build())
        == "ZIP: u.data ends in the middle of its data; damaged archive")
  }
}

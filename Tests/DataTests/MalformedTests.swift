import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Each of these once was read in silence, or ended the process.
@Suite("Malformed files")
struct MalformedTests {
  let temporary = TemporaryFolder()

  private func said(_ files: [String: String], _ name: String = "x") throws -> String {
    let folder = try temporary.folder(name, files)
    let error = #expect(throws: DataError.self) { try RatingsSource.load(folder) }
    return error?.description ?? ""
  }

  @Test(
    "a byte order mark alone is an empty file",
    arguments: ["ratings.csv", "u.data", "ratings.dat", "x.inter", "x"])
  func mark(name: String) throws {
    let file = try temporary.write("mark/\(name)", "\u{feff}")
    for path in [file, temporary.path + "/mark"] where name != "x" || path == file {
      let error = #expect(throws: DataError.self) { try RatingsSource.load(path) }
      #expect(error?.description == "mark/\(name): no ratings in it")
    }
  }

  @Test(
    "quotation marks that do not go together are refused",
    arguments: [
      ("\"1\"x,2,3", "\"x,2,3\" behind a closing quotation mark, expected a comma or the end"),
      ("\"1,2,3", "a quoted field opens here and is not closed within the 1048576 bytes of a row"),
      ("1,\"2\"\"\",3,\"", "a quoted field opens here and is not closed within"),
    ])
  func quotes(line: String, part: String) throws {
    let text = "userId,movieId,rating\n1,1,1\n\(line)\n"
    #expect(try said(["ratings.csv": text]).hasPrefix("x/ratings.csv, line 3: \(part)"))
  }

  @Test("a title behind its closing mark, and a field of a megabyte, are refused")
  func titles() throws {
    let ratings = "userId,movieId,rating\n1,1,1\n"
    func movies(_ title: String) throws -> String {
      try said(["ratings.csv": ratings, "movies.csv": "movieId,title\n1,\(title)\n"])
    }
    #expect(try movies("\"A\"B").hasPrefix("x/movies.csv, line 2: \"B\" behind a closing"))
    let long = String(repeating: "x", count: 1 << 20 + 1)
    #expect(try movies(long).hasPrefix("x/movies.csv, line 2: longer than 1048576 bytes"))
    #expect(try movies("\"\(long)\"").hasPrefix("x/movies.csv, line 2: a quoted field opens here"))
  }

  @Test(
    "two columns of one name or meaning are refused",
    arguments: [
      ("ratings.csv", "userId,movieId,rating,rating\n1,2,3,4\n", "two columns named rating"),
      (
        "ratings.csv", "userId,user,movieId,rating\n1,2,3,4\n",
        "the columns userId and user, which mean the same"
      ),
      (
        "s.inter", "user_id:token\titem_id:token\titem_id:token\trating:float\na\tb\tc\t1\n",
        "two columns named item_id"
      ),
    ])
  func columns(name: String, text: String, part: String) throws {
    #expect(try said([name: text]) == "x/\(name), line 1: \(part), expected one of them")
  }

  @Test(
    "an id with a control character is refused, and quoted without it",
    arguments: ["a\0", "\u{1b}[31m", "a\u{9b}", "\u{202e}a", "a\u{7f}"])
  func controls(id: String) throws {
    for text in ["\(id),1", "1,\(id)"] {
      let found = try said(["ratings.csv": "userId,movieId,rating\n\(text),1\n"])
      #expect(found.hasSuffix("\", expected an id without control characters"))
      #expect(found.contains("?") && found.unicodeScalars.allSatisfy { $0.value >= 32 })
    }
  }

  @Test("titles and genres are kept without control characters")
  func printable() throws {
    let folder = try temporary.folder(
      "x",
      [
        "ratings.csv": "userId,movieId,rating\n1,1,1\n1,2,2\n",
        "movies.csv": "movieId,title,genres\n1,\u{1b}[31mRed\u{9b},\u{7}War\n2,Bl\u{e4}u,\n",
      ])
    let log = try RatingsSource.load(folder)
    #expect(log.titles == ["?[31mRed?", "Bl\u{e4}u"])
    #expect(log.genres.names.contains("?War"))
  }

  @Test(
    "a scale in about.txt that is none is refused",
    arguments: ["-inf ... inf", "1 ... inf", "nan ... 5", "5 ... 1", "0x ... 5", "0 ... 1e7"])
  func scale(text: String) throws {
    let files = [
      "ratings.csv": "userId,movieId,rating\n1,1,1\n", "about.txt": "ratings: \(text)\n",
    ]
    #expect(
      try said(files)
        == "x/about.txt, line 1: the scale \"ratings: \(text)\", expected the lowest and the "
        + "highest rating, as ratings: 1 ... 5")
  }

  // MARK: - Archives

  private func archive(_ entries: [(name: String, data: Data)]) throws -> String {
    var builder = ZipBuilder()
    for (name, data) in entries {
      builder.files.append(.init(name: name, data: data, deflated: true))
    }
    return try temporary.write("a.zip", builder.build())
  }

  @Test("an archive with two entries of one name is refused")
  func twice() throws {
    let rows = Data("1\t1\t3\t5\n".utf8)
    let path = try archive([("m/u.data", rows), ("m/u.data", rows)])
    let error = #expect(throws: DataError.self) { try RatingsSource.load(path) }
    #expect(
      error?.description
        == "\(path): it holds two files named m/u.data, expected one of each name")
  }

  @Test("names that look alike are entries of their own")
  func alike() throws {
    let rows = Data("1\t1\t3\t5\n".utf8)
    let path = try archive([
      ("caf\u{e9}/u.data", rows), ("cafe\u{301}/u.data", Data("1\t1\t3\t5\n2\t1\t3\t5\n".utf8)),
    ])
    #expect(try RatingsSource.load(path).count == 1)
  }

  @Test("an entry that unpacks to two hundred times its size is refused by name before it is")
  func bomb() throws {
    let rows = Data("1\t1\t3\t5\n".utf8)
    let path = try archive([("m/u.data", rows), ("m/u.item", Data(count: 17 << 20))])
    let error = #expect(throws: DataError.self) { try RatingsSource.load(path) }
    let text = try #require(error?.description)
    #expect(text.hasPrefix("\(path): m/u.item would unpack to 17825792 bytes, 10"))
    #expect(text.hasSuffix("unpack it and name the folder"))
    // What is small may be of anything.
    let small = try archive([("m/u.data", rows), ("m/u.genre", Data(count: 1 << 20))])
    #expect(try RatingsSource.load(small).count == 1)
  }
}

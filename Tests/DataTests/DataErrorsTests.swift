import DRRTestSupport
import Foundation
import Testing

@Suite("Ratings errors")
struct DataErrorsTests {
  let temporary = TemporaryFolder()

  static let scale = "; another scale is named by --rating-range LOW,HIGH"
  static let lines: [(file: String, text: String, message: String)] = [
    ("u.data", "1\t2\t9\t4\n", "m/u.data, line 1: rating \"9\" is outside 1 ... 5\(scale)"),
    (
      "u.data", "1\t2\t5\t4\n\n1\t2\t-1\t4\n",
      "m/u.data, line 3: rating \"-1\" is outside 1 ... 5\(scale)"
    ),
    ("u.data", "1\t2\tx\t4\n", "m/u.data, line 1: rating \"x\" is not a number"),
    ("u.data", "1\t2\t\t4\n", "m/u.data, line 1: rating \"\" is not a number"),
    ("u.data", "1\t2\tnan\t4\n", "m/u.data, line 1: rating \"nan\" is not a number"),
    ("u.data", "1\t2\t3\tnoon\n", "m/u.data, line 1: time \"noon\" is not a number"),
    (
      "u.data", "1\t2\t3\t99999999999999999999\n",
      "m/u.data, line 1: time \"99999999999999999999\" is not a number"
    ),
    (
      "u.data", "1\t2\t3\t4\n1\t2\t3\n",
      "m/u.data, line 2: 3 fields, expected 4 separated by tabs: user, item, rating, time"
    ),
    ("u.data", "\t2\t3\t4\n", "m/u.data, line 1: user is empty"),
    ("u.data", "1\t-7\t3\t4\n", "m/u.data, line 1: item \"-7\" is negative, expected an id"),
    ("u.data", "\n\r\n", "m/u.data: no ratings in it"),
    (
      "ratings.dat", "1::2::3::4\n1::2::3\n",
      "m/ratings.dat, line 2: 3 fields, expected 4 separated by ::, user, item, rating, time"
    ),
    (
      "ratings.dat", "1::2::5.5::4\n",
      "m/ratings.dat, line 1: rating \"5.5\" is outside 0.5 ... 5\(scale)"
    ),
    (
      "ratings.dat", "1::0104257::11::4\n",
      "m/ratings.dat, line 1: rating \"11\" is outside 0 ... 10\(scale)"
    ),
    ("ratings.csv", "", "m/ratings.csv: no ratings in it"),
    ("ratings.csv", "userId,movieId,rating,timestamp\n", "m/ratings.csv: no ratings in it"),
    (
      "ratings.csv", "userId,movieId,rating\n1,2,3,4\n",
      "m/ratings.csv, line 2: 4 fields, expected 3 separated by commas: userId, movieId, rating"
    ),
    (
      "x.inter", "user_id\titem_id\n1\t2\n",
      "m/x.inter, line 1: the header is \"user_id?item_id\", expected columns by tabs, each with its"
        + " type, as user_id:token and rating:float"
    ),
    (
      "x.inter", "user_id:token\titem_id:token\trating:float\n1\t2\n",
      "m/x.inter, line 2: 2 fields, expected 3 separated by tabs: user_id, item_id, rating"
    ),
    (
      "x.inter", "user_id:token\titem_id:token\trating:float\n1\t2\t1e99\n",
      "m/x.inter, line 2: rating \"1e99\" is not a number"
    ),
  ]

  @Test(arguments: lines.indices)
  func lineMessages(_ index: Int) throws {
    let (file, text, expected) = Self.lines[index]
    let folder = try temporary.folder("m", [file: text])
    #expect(loadingError(folder) == expected)
  }

  @Test("a table that is not known is refused with its first line and the import that reads it")
  func unknownTables() throws {
    for (file, text, line, words) in [
      (
        "ratings.csv", "1,2,3,4\n", "1,2,3,4",
        "--no-header --user-column 1 --item-column 2 --rating-column 3"
      ),
      (
        "x.inter", "user_id:token\titem_id:token\n1\t2\n", "user_id:token?item_id:token",
        "--user-column user_id --item-column item_id --rating-column none"
      ),
      (
        "a.tsv", "who\tdid\twhat song\tat\n", "who?did?what song?at",
        "--user-column who --item-column 3 --rating-column none"
      ),
    ] {
      let folder = try temporary.folder("m-\(file)", [file: text])
      #expect(
        loadingError("\(folder)/\(file)")
          == "\(folder)/\(file): no known ratings layout, its first line is \"\(line)\"; name its "
          + "columns, as `drr data import \(folder)/\(file) --out FOLDER \(words)`")
    }
  }

  @Test func itemFileMessages() throws {
    let data = "1\t2\t3\t4\n"
    let rows = "userId,movieId,rating\n1,2,3\n"
    let inter = "user_id:token\titem_id:token\trating:float\n1\t2\t3\n"
    for (files, expected) in [
      (
        ["u.data": data, "u.item": "1|Title|x\n"],
        "m/u.item, line 1: 3 fields, expected 24 separated by |: 5 and 19 genre flags"
      ),
      (
        ["ratings.dat": "1::2::3::4\n", "movies.dat": "1::A::War\n2::B\n"],
        "m/movies.dat, line 2: 2 fields, expected 3 separated by ::, id, title, genres"
      ),
      (
        ["ratings.csv": rows, "movies.csv": "a,b\n1,2\n"],
        "m/movies.csv, line 1: the header is \"a,b\", expected movieId,title[,genres]"
      ),
      (
        ["ratings.csv": rows, "movies.csv": "movieId,title\n1,A\n2,\"open\nend"],
        "m/movies.csv, line 3: a quoted field opens here and is not closed within the 1048576 bytes "
          + "of a row, expected a closing mark; one inside a field is written twice"
      ),
      (
        ["ratings.csv": rows, "movies.csv": "movieId,title\n1,A,B\n"],
        "m/movies.csv, line 2: 3 fields, expected 2 separated by commas, as in the header"
      ),
      (
        ["x.inter": inter, "x.item": "item_id:token\n1\t2\n"],
        "m/x.item, line 2: 2 fields, expected 1 separated by tabs, as in the header"
      ),
      (
        ["x.inter": inter, "x.item": "id\n1\n"],
        "m/x.item, line 1: the header is \"id\", expected item_id:token among its"
          + " tab-separated columns"
      ),
    ] {
      let inner = TemporaryFolder()
      #expect(loadingError(try inner.folder("m", files)) == expected)
    }
  }

  @Test func placesThatHoldNoRatings() throws {
    let empty = try temporary.folder("none", ["readme.txt": "hello\n"])
    #expect(
      loadingError(empty) == "\(empty): no known ratings layout; looked for u.data, ratings.csv,"
        + " ratings.dat, ratings_notime.dat, one *.inter")
    let parts = try temporary.folder("parts", ["a.train.inter": "", "a.test.inter": ""])
    #expect(loadingError(parts)?.hasSuffix("one *.inter") == true)
    #expect(loadingError("\(empty)/absent") == "\(empty)/absent: no such file or folder")
    #expect(loadingError("\(empty)/readme.txt")?.contains("user::item::rating[::time]") == true)
    let blank = try temporary.write("blank.tsv", Data())
    #expect(loadingError(blank)?.hasSuffix("blank.tsv: no ratings in it") == true)
    let pipe = "\(temporary.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(loadingError(pipe) == "\(pipe): cannot be read: not a regular file")
    #expect(loadingError("/dev/null") == "/dev/null: cannot be read: not a regular file")
  }

  @Test func aLineWithoutEndIsRefused() throws {
    let folder = try temporary.folder(
      "m", ["u.data": "1\t2\t3\t4\n" + String(repeating: "7", count: 1_100_000)])
    #expect(
      loadingError(folder)
        == "m/u.data, line 2: longer than 1048576 bytes, expected one rating a line")
  }

  @Test func longAndUnprintableValuesAreCut() throws {
    let folder = try temporary.folder(
      "m", ["u.data": "1\t2\t\u{1}" + String(repeating: "x", count: 100) + "\t4\n"])
    let shown = "?" + String(repeating: "x", count: 39) + "..."
    #expect(loadingError(folder) == "m/u.data, line 1: rating \"\(shown)\" is not a number")
  }

  @Test func unknownGeneratedNames() {
    for name in ["generated:", "generated:huge", "generated:small:x", "generated:small:1:2"] {
      #expect(
        loadingError(name) == "generated data \"\(name)\" is unknown, expected generated:SIZE or"
          + " generated:SIZE:SEED with SIZE one of tiny, small, medium, large and SEED a whole"
          + " number")
    }
  }
}

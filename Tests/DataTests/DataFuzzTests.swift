import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Damaged input gives a log or a ``DataError``, never a crash; a log that comes out is whole.
@Suite("Damaged input")
struct DataFuzzTests {
  static let sets: [(name: String, files: [String: String])] = [
    (
      "100k",
      [
        "u.data": "1\t1\t3\t5\n2\t2\t4\t6\n1\t2\t5\t4\n",
        "u.item": "1|A (1)|d||u|1|0\n2|B|d||u|0|1\n", "u.genre": "unknown|0\nWar|1\n",
      ]
    ),
    (
      "1m",
      [
        "ratings.dat": "1::1::3::5\n2::2::4.5::6\n1::2::5::4\n",
        "movies.dat": "1::A::War|IMAX\n2::B::C::Drama\n",
      ]
    ),
    ("notime", ["ratings_notime.dat": "1::1::3\n2::2::4\n1::2::5\n"]),
    ("tweets", ["ratings.dat": "1::0000001::10::5\n2::0000002::0::6\n"]),
    (
      "csv",
      [
        "ratings.csv": "userId,movieId,rating,timestamp\r\n1,\"1\",3.5,5\r\n2,2,4.0,6\r\n",
        "movies.csv":
          "movieId,title,genres\n1,\"A, \"\"B\"\"\",War|Drama\n2,C,(no genres listed)\n",
        "about.txt": "ratings: 0.5 ... 5\n",
      ]
    ),
    (
      "inter",
      [
        "s.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\na\tb\t1.5\t1e9\n",
        "s.item": "item_id:token\tmovie_title:token_seq\tgenre:token_seq\nb\tT T\tWar Drama\n",
      ]
    ),
  ]

  private func check(_ path: String) -> Bool {
    do throws(DataError) {
      let log = try RatingsSource.load(path)
      #expect(log.count > 0 && log.userOffsets.last == log.count)
      #expect(log.users.count == log.count && log.items.count == log.count)
      #expect(log.items.allSatisfy { (0..<log.itemCount).contains(Int($0)) })
      #expect(log.ratings.allSatisfy { log.ratingRange.contains($0) })
      #expect(log.titles.isEmpty || log.titles.count == log.itemCount)
      #expect(log.genres.isEmpty || log.genres.itemCount == log.itemCount)
      return true
    } catch {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
      return false
    }
  }

  @Test(arguments: sets.indices)
  func files(_ index: Int) throws {
    let (name, files) = Self.sets[index]
    let temporary = TemporaryFolder()
    var random = SeededGenerator(UInt64(index) + 1)
    #expect(check(try temporary.folder(name, files)))
    var loaded = 0
    let rounds = 400
    for _ in 0..<rounds {
      let victim = files.keys.sorted().randomElement(using: &random) ?? ""
      var changed = files.mapValues { Data($0.utf8) }
      changed[victim] = (changed[victim] ?? Data()).damaged(&random)
      if check(try temporary.folder(name, changed)) { loaded += 1 }
    }
    #expect(loaded > 0 && loaded < rounds)
  }

  @Test(arguments: LayoutSample.all)
  func layouts(_ sample: LayoutSample) throws {
    let temporary = TemporaryFolder()
    var random = SeededGenerator(sample.name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    for _ in 0..<60 {
      var changed = sample.data
      let victim = changed.keys.sorted().randomElement(using: &random) ?? ""
      changed[victim] = (changed[victim] ?? Data()).damaged(&random)
      _ = check(try temporary.folder("x", changed))
    }
  }

  @Test("a damaged gzip or tar file is a log or an error")
  func packed() throws {
    let temporary = TemporaryFolder()
    var random = SeededGenerator(21)
    let files = Self.sets[0].files.map { ("m/\($0.key)", Data($0.value.utf8)) }.sorted {
      $0.0 < $1.0
    }
    let rows = Gzip.packed(files[0].1)
    var loaded = 0
    for (name, whole) in [
      ("u.data.gz", rows), ("a.tar", Gzip.tar(files)), ("a.tgz", Gzip.packed(Gzip.tar(files))),
    ] {
      #expect(check(try temporary.write(name, whole)))
      for _ in 0..<400 where check(try temporary.write(name, whole.damaged(&random))) {
        loaded += 1
      }
    }
    #expect(loaded > 0 && loaded < 1_200)
  }

  @Test("tables read by options, damaged")
  func tables() throws {
    let temporary = TemporaryFolder()
    var random = SeededGenerator(22)
    for text in [
      "u;i;e;t\n1;\"a\";view;2019-11-24T00:03:13Z\n2;b;buy;2019-11-24\n",
      "{\"u\":1,\"i\":\"a\\u00e9\",\"e\":\"view\",\"t\":\"2019-11-24\",\"x\":[{\"y\":[]}]}\n",
      "[{\"u\":1,\"i\":2,\"e\":\"buy\",\"t\":\"2019-11-24\"},\n{\"u\":1,\"i\":3,\"e\":\"buy\"}]",
    ] {
      for _ in 0..<400 {
        let path = try temporary.write("x", Data(text.utf8).damaged(&random))
        var options = ReadingOptions()
        (options.user, options.item) = (.named("u"), .named("i"))
        (options.event, options.time) = (.named("e"), .named("t"))
        options.eventRatings = [EventRating("view", 1), EventRating("buy", 5)]
        options.missing = .skip
        options.encoding = Bool.random(using: &random) ? .latin1 : .utf8
        do throws(DataError) {
          let log = try RatingsSource.load(path, reading: options)
          #expect(log.count > 0 && log.ratings.allSatisfy { log.ratingRange.contains($0) })
        } catch {
          #expect(!error.description.isEmpty && !error.description.contains("\n"))
        }
      }
    }
  }

  @Test(arguments: [true, false], [true, false])
  func archives(_ deflated: Bool, _ zip64: Bool) throws {
    let temporary = TemporaryFolder()
    var random = SeededGenerator(deflated ? 11 : 12)
    var builder = ZipBuilder(zip64End: zip64)
    for (name, text) in Self.sets[0].files.sorted(by: { $0.key < $1.key }) {
      builder.files.append(
        .init(name: "m/\(name)", data: Data(text.utf8), deflated: deflated, zip64: zip64))
    }
    let whole = builder.build()
    #expect(check(try temporary.write("a.zip", whole)))
    var loaded = 0
    let rounds = 1_500
    for _ in 0..<rounds {
      if check(try temporary.write("a.zip", whole.damaged(&random))) { loaded += 1 }
    }
    #expect(loaded < rounds)
  }

  @Test func noise() throws {
    let temporary = TemporaryFolder()
    var random = SeededGenerator(3)
    for name in ["u.data", "ratings.csv", "ratings.dat", "x.inter", "x.zip", "x"] {
      for count in [1, 2, 3, 40, 5_000] {
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(!check(try temporary.write(name, Data(bytes))))
      }
    }
  }
}

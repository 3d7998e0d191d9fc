import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Several sources of ratings as one")
struct JoinedRatingsTests {
  let temporary = TemporaryFolder()

  private func csv(_ name: String, _ rows: [String], movies: [String] = []) throws -> String {
    var files = [
      "ratings.csv": "userId,movieId,rating,timestamp\n" + rows.joined(separator: "\n") + "\n"
    ]
    if !movies.isEmpty {
      files["movies.csv"] = "movieId,title,genres\n" + movies.joined(separator: "\n") + "\n"
    }
    return try temporary.folder(name, files)
  }

  @Test("users and items are those of both, and of two ratings the later counts")
  func joined() throws {
    let first = try csv(
      "a", ["1,10,4,100", "1,20,3,300", "2,10,5,100"],
      movies: ["10,Ten,Drama|War", "20,Twenty,Comedy", "30,Thirty,War"])
    let second = try csv(
      "b", ["2,10,1,50", "1,20,2,400", "7,40,3,10"], movies: ["40,Forty,Western"])
    let log = try RatingsSource.load("\(first)+\(second)")
    #expect(log.spelled == ["1 10 4.0 100", "1 20 2.0 400", "2 10 5.0 100", "7 40 3.0 10"])
    #expect(log.duplicateCount == 2 && log.name == "a + b" && log.ratingRange == 1...5)
    #expect((0..<log.itemCount).map { log.title(ofItem: $0) } == ["Ten", "Twenty", "Forty"])
    #expect(
      (0..<log.itemCount).map { log.genres.namesOfItem($0) }
        == [["Drama", "War"], ["Comedy"], ["Western"]])
    #expect(log.listedItemCount == 4)
    // Their contents are told apart from those of either, and from the reverse.
    let sums = try [first, second, "\(second)+\(first)"].map { try RatingsSource.load($0).checksum }
    #expect(Set(sums + [log.checksum]).count == 4)
  }

  @Test("three sources, against all rows in one file", arguments: [1, 2, 3] as [UInt64])
  func three(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let parts = (0..<3).map { _ in
      (0..<200).map { _ in
        "u\(Int.random(in: 0..<20, using: &random)),i\(Int.random(in: 0..<30, using: &random)),"
          + "\(Int.random(in: 1...5, using: &random)),\(Int.random(in: 0..<50, using: &random))"
      }
    }
    let joined = try RatingsSource.load(
      parts.enumerated().map { try csv("p\($0)", $1) }.joined(separator: "+"))
    let whole = try RatingsSource.load(try csv("whole", parts.flatMap { $0 }))
    #expect(joined.spelled == whole.spelled && joined.duplicateCount == whole.duplicateCount)
  }

  @Test("without times the second source is the later one")
  func order() throws {
    let first = try temporary.folder("a", ["ratings.csv": "user,item,rating\n1,10,4\n1,20,3\n"])
    let second = try temporary.folder("b", ["ratings.csv": "user,item,rating\n1,10,2\n1,5,1\n"])
    let log = try RatingsSource.load("\(first)+\(second)")
    #expect(!log.hasTimes)
    #expect(
      log.items.map { log.itemIDs[Int($0)] } == ["20", "10", "5"] && log.ratings == [3, 2, 1])
  }

  @Test("rows at hand are as their file is read")
  func rows() throws {
    let rows = [
      RatingsLog.Row(user: "anna", item: "x,y", rating: 4.5, time: 9),
      RatingsLog.Row(user: "7", item: "z", rating: 1, time: 3),
      RatingsLog.Row(user: "anna", item: "z", rating: 10, time: 1),
    ]
    let log = RatingsLog(name: "served", rows: rows, range: 0...10)
    let folder = temporary.path + "/served"
    try log.write(to: folder)
    let read = try RatingsSource.load(folder)
    #expect(read.spelled == log.spelled && read.checksum == log.checksum)
    #expect(read.ratingRange == 0...10 && read.name == "served")
  }

  @Test("what cannot be joined is refused in a sentence")
  func refused() throws {
    let timed = try csv("timed", ["1,10,4,100"])
    let untimed = try temporary.folder("plain", ["ratings.csv": "user,item,rating\n1,10,2\n"])
    let halves = try csv("halves", ["1,10,0.5,100"])
    func sentence(_ source: String) -> String {
      do {
        _ = try RatingsSource.load(source)
        return ""
      } catch {
        return error.description
      }
    }
    #expect(
      sentence("\(timed)+\(untimed)")
        == "the second of timed and plain is without times, expected times as the first has, so "
        + "that it can be told which rating is later")
    #expect(sentence("\(timed)+\(halves)").contains("rating \"0.5\" is outside 1 ... 5"))
    #expect(sentence("\(timed)+nowhere").contains("nowhere: no such file or folder"))
  }

  @Test("a path that has a plus in it is a path")
  func plus() throws {
    let folder = try csv("a+b", ["1,10,4,100"])
    #expect(try RatingsSource.load(folder).count == 1)
  }
}

import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Writing ratings")
struct DataWriterTests {
  let temporary = TemporaryFolder()

  private func odd() throws -> RatingsLog {
    try RatingsSource.load(
      try temporary.folder(
        "odd",
        [
          "ratings.csv":
            "userId,movieId,rating,timestamp\n\"a,b\",\"x\"\"y\",3.5,9\nzoë,10,4,8\nzoë,9,0.5,8\n",
          "movies.csv":
            "movieId,title,genres\n\"x\"\"y\",\"One, \"\"Two\"\"\",War|IMAX\n"
            + "10,Ü,(no genres listed)\n",
        ]))
  }

  private func same(_ a: RatingsLog, _ b: RatingsLog) {
    #expect(a.spelled == b.spelled && a.ratingRange == b.ratingRange && a.hasTimes == b.hasTimes)
    #expect(a.titles == b.titles)
    for item in 0..<a.itemCount {
      #expect(a.genres.namesOfItem(item) == b.genres.namesOfItem(item))
    }
  }

  @Test func csvReadsBackTheSame() throws {
    let log = try odd()
    let folder = "\(temporary.path)/out"
    let checksum = try log.write(to: folder)
    same(try RatingsSource.load(folder), log)
    let text = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/ratings.csv"))
    #expect(checksum == hexadecimal(referenceCRC(text)))
    #expect(
      String(decoding: text, as: UTF8.self)
        == "userId,movieId,rating,timestamp\n\"a,b\",\"x\"\"y\",3.5,9\nzoë,10,4.0,8\nzoë,9,0.5,8\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
  }

  @Test func otherScalesAreKept() throws {
    let folder = "\(temporary.path)/scales"
    for range in [0...10, -2.5...40, 1...5, 0.5...5] as [ClosedRange<Float>] {
      let log = RatingsLog(
        name: "scale", ratingRange: range, users: [0, 0, 1], items: [0, 1, 1],
        ratings: [range.lowerBound, range.upperBound, 3.7], times: [-5, 0, 1 << 36])
      try log.write(to: folder)
      let read = try RatingsSource.load(folder)
      #expect(read.spelled == log.spelled && read.titles.isEmpty && read.genres.isEmpty)
      #expect(read.ratingRange == range)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["ratings.csv"])
  }

  @Test func ratingsKeepEveryBit() throws {
    var random = SeededGenerator(8)
    var ratings = (0..<500).map { _ in Float.random(in: 0...10, using: &random) }
    ratings += [Float(3.7).nextUp, Float(3.7).nextDown, 1e-7, 3.7, 9.5]
    let log = RatingsLog(
      name: "fine", ratingRange: 0...10, users: ratings.map { _ in 0 },
      items: ratings.indices.map { Int32($0) }, ratings: ratings)
    for format in RatingsLog.OutputFormat.allCases {
      let folder = "\(temporary.path)/fine-\(format)"
      try log.write(to: folder, format: format)
      #expect(try RatingsSource.load(folder).ratings == ratings)
    }
  }

  @Test func interReadsBackTheSame() throws {
    let log = GeneratedRatings.generate(size: .tiny)
    let folder = "\(temporary.path)/tiny"
    try log.write(to: folder, format: .inter)
    let read = try RatingsSource.load(folder)
    same(read, log)
    #expect(read.format == "RecBole" && read.name == "tiny")
  }

  @Test func logsWithoutTimesStayWithout() throws {
    let log = RatingsLog(name: "n", users: [0, 0, 1], items: [2, 0, 1], ratings: [1, 2, 5])
    for format in RatingsLog.OutputFormat.allCases {
      let folder = "\(temporary.path)/\(format)"
      try log.write(to: folder, format: format)
      same(try RatingsSource.load(folder), log)
    }
  }

  @Test("the parts of a split, each read on its own, hold the rows that it parts")
  func parts() throws {
    let log = GeneratedRatings.generate(size: .tiny)
    for format in RatingsLog.OutputFormat.allCases {
      for kind in [EvaluationProtocol.Split.users, .latest, .rows, .time] {
        var evaluation = EvaluationProtocol(for: log)
        evaluation.choose(kind)
        evaluation.splitSeed = 3
        if kind == .rows { evaluation.validationShare = 0 }
        let split = UserSplit(log, evaluation)
        let folder = "\(temporary.path)/\(kind)-\(format)"
        let files = try log.write(split, to: folder, format: format)
        var seen: [String: Set<String>] = [:]
        for file in files {
          let read = try RatingsSource.load("\(folder)/\(file.file)")
          let rows = (0..<read.count).map { row in
            "\(read.userIDs[Int(read.users[row])]) \(read.itemIDs[Int(read.items[row])]) "
              + "\(read.ratings[row]) \(read.times[row])"
          }
          #expect(rows.count == file.rows && read.ratingRange == log.ratingRange)
          #expect(read.titles.count == read.itemCount)
          let part = ["train", "val", "test"].first { file.file.contains($0) }
          seen[try #require(part)] = Set(rows)
        }
        var expected: [String: Set<String>] = [:]
        for row in 0..<log.count {
          let part = split.heldOut(row: row).map { $0 == .test ? "test" : "val" } ?? "train"
          expected[part, default: []].insert(
            "\(log.userIDs[Int(log.users[row])]) \(log.itemIDs[Int(log.items[row])]) "
              + "\(log.ratings[row]) \(log.times[row])")
        }
        #expect(seen == expected, "\(kind), \(format)")
      }
    }
    let parts = "\(temporary.path)/users-inter"
    try log.write(to: parts)
    #expect(try temporary.names("users-inter") == ["movies.csv", "ratings.csv"])
  }

  @Test func aFullDiskIsAnError() throws {
    let file = try OutputFile(path: "/dev/full")
    #expect(
      throws: DataError.cannotWrite(path: "/dev/full", reason: "No space left on device")
    ) {
      try file.write("some text")
      try file.finish()
    }
  }

  @Test("what lies in the way of older programs' temporary files is not written through")
  func links() throws {
    let victim = try temporary.write("victim", "precious")
    let folder = try temporary.folder("data", [String: String]())
    for name in [".ratings.csv.part", ".movies.csv.part"] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/\(name)", withDestinationPath: victim)
    }
    try GeneratedRatings(size: .tiny).write(to: folder)
    #expect(try temporary.text("victim") == "precious")
    #expect(try temporary.names("data") == ["movies.csv", "ratings.csv"])
  }

  @Test("ratings of one kind replace those of another, and a new file is its owner's alone")
  func replaced() throws {
    let log = GeneratedRatings.generate(size: .tiny)
    let folder = "\(temporary.path)/tiny"
    try log.write(to: folder)
    try log.write(to: folder, format: .inter)
    #expect(try temporary.names("tiny") == ["tiny.inter", "tiny.item"])
    try GeneratedRatings(size: .tiny, seed: 2).write(to: folder)
    #expect(try temporary.names("tiny") == ["movies.csv", "ratings.csv"])
    #expect(temporary.names == ["tiny"])
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/ratings.csv")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func nothingHalfWrittenStays() throws {
    let log = GeneratedRatings.generate(size: .tiny)
    #expect(
      throws: DataError.cannotWrite(
        path: "\(temporary.path)/no/where", reason: "No such file or directory")
    ) { try log.write(to: "\(temporary.path)/no/where") }
    let taken = try temporary.folder("taken", ["keep.txt": "mine"])
    try FileManager.default.createDirectory(
      atPath: "\(taken)/movies.csv/in", withIntermediateDirectories: true)
    #expect(throws: DataError.self) { try log.write(to: taken) }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: taken).sorted()
        == ["keep.txt", "movies.csv"])
    let file = try temporary.write("plain", Data([1]))
    #expect(throws: DataError.self) { try GeneratedRatings(size: .tiny).write(to: file) }
    #expect(temporary.names == ["plain", "taken"])
  }
}

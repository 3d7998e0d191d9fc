import DRRData
import Foundation
import TestSupport
import Testing

@Suite("Layouts of ratings")
struct LayoutTests {
  let temporary = TemporaryFolder()

  private func check(_ log: RatingsLog, _ sample: LayoutSample) {
    #expect(log.format == sample.format && log.spelled == sample.rows)
    #expect(log.ratingRange == sample.range && log.hasTimes == sample.hasTimes)
    #expect(log.titles == sample.titles)
    if !sample.genres.isEmpty { #expect(log.genres.namesOfItem(0) == sample.genres) }
    #expect(log.notes.count == sample.notes.count)
    for (said, start) in zip(log.notes, sample.notes) { #expect(said.hasPrefix(start), "\(said)") }
  }

  @Test("a folder of each is read as it is", arguments: LayoutSample.all)
  func folder(_ sample: LayoutSample) throws {
    let folder = try temporary.folder("set", sample.data)
    let log = try RatingsSource.load(folder)
    check(log, sample)
    // What is written is read back as the same ratings.
    for format in RatingsLog.OutputFormat.allCases {
      try log.write(to: "\(temporary.path)/\(format)", format: format)
      let read = try RatingsSource.load("\(temporary.path)/\(format)")
      #expect(read.ratingRange == log.ratingRange && read.ratings == log.ratings)
      #expect(Array(read.userIDs) == Array(log.userIDs))
      #expect(Array(read.itemIDs) == Array(log.itemIDs))
      if log.hasTimes { #expect(read.times == log.times) }
    }
  }

  @Test("each is among the files that fuzzing begins with")
  func fuzzed() throws {
    let corpus = packageRoot.appendingPathComponent("Tests/Campaign/Fuzz/Corpus")
    var formats: Set<String> = []
    for name in try FileManager.default.subpathsOfDirectory(atPath: corpus.path)
    where name.hasPrefix("ratings-") {
      // A folder has none. Files are parted by a control character, ratings first.
      let seed = (try? Data(contentsOf: corpus.appendingPathComponent(name))) ?? Data()
      let ratings = try temporary.write("data", Data(seed.prefix { $0 != 0x1c }))
      if let log = try? RatingsSource.load(ratings) { formats.insert(log.format) }
    }
    #expect(Set(LayoutSample.all.map(\.format)).subtracting(formats).isEmpty, "\(formats)")
  }

  @Test("the same inside a zip, a tar.gz and as .gz", arguments: LayoutSample.all)
  func packed(_ sample: LayoutSample) throws {
    var zip = ZipBuilder()
    for (name, data) in sample.data.sorted(by: { $0.key < $1.key }) {
      zip.files.append(.init(name: "a set/\(name)", data: data))
    }
    check(try RatingsSource.load(try temporary.write("a.zip", zip.build())), sample)
    let tar = Gzip.tar(sample.data.map { ("a set/\($0.key)", $0.value) }.sorted { $0.0 < $1.0 })
    check(try RatingsSource.load(try temporary.write("a.tar", tar)), sample)
    check(try RatingsSource.load(try temporary.write("a.tar.gz", Gzip.packed(tar))), sample)
    let each = sample.data.map { ("\($0.key).gz", Gzip.packed($0.value)) }
    let folder = try temporary.folder("set", Dictionary(uniqueKeysWithValues: each))
    check(try RatingsSource.load(folder), sample)
    if sample.files.count == 1, let name = sample.files.keys.first {
      check(try RatingsSource.load("\(folder)/\(name).gz"), sample)
    }
  }

  @Test("every layout stands in docs/formats.md")
  func documented() throws {
    let page = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/formats.md"), encoding: .utf8)
    for sample in LayoutSample.all {
      #expect(page.contains("| \(sample.name) |"), "\(sample.name)")
    }
  }
}

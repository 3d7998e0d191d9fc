import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Counts and means are the published ones; checksums are those `unzip -v` prints; times, ties and
/// first rows were computed by a few lines of Python from the text files.
@Suite("Real data")
struct DataRealTests {
  @Test func movieLens100K() throws {
    try RealData.with("ml-100k.zip") { path in
      let log = try RatingsSource.load(path)
      #expect(log.count == 100_000 && log.userCount == 943 && log.itemCount == 1_682)
      #expect(log.checksum == "55baee78" && log.name == "ml-100k" && log.duplicateCount == 0)
      #expect(
        log.spelled.prefix(4) == [
          "1 168 5.0 874965478", "1 172 5.0 874965478", "1 165 5.0 874965518",
          "1 156 4.0 874965556",
        ])
      #expect(log.spelled.last == "943 234 3.0 888693184")
      #expect(log.titles[0] == "Toy Story (1995)" && log.titles[542] == "Misérables, Les (1995)")
      #expect(log.genres.namesOfItem(0) == ["Animation", "Children", "Comedy"])
      let summary = log.describe()
      #expect(abs(summary.mean - 3.52986) < 1e-9 && summary.positiveShare == 0.55375)
      #expect(summary.histogram.map(\.count) == [6_110, 11_370, 27_145, 34_174, 21_201])
      #expect(summary.firstTime == 874_724_710 && summary.lastTime == 893_286_638)
      #expect(summary.tiedShare == 50_561.0 / 99_057)
      #expect(summary.perUser.least == 20 && summary.perUser.most == 737)
    }
  }

  @Test(arguments: 1...5)
  func movieLens100KSplits(_ number: Int) throws {
    try RealData.with("ml-100k.zip") { path in
      let split = try MovieLens100K.officialSplit(path, number)
      #expect(split.train.count == 80_000 && split.test.count == 20_000)
      #expect(split.train.itemCount == 1_682 && split.test.userCount == 943)
      let whole = Set(try RatingsSource.load(path).spelled)
      let train = Set(split.train.spelled)
      let test = Set(split.test.spelled)
      #expect(train.isDisjoint(with: test) && train.union(test) == whole)
    }
  }

  @Test(arguments: ["ua", "ub"])
  func movieLens100KTenEach(_ name: String) throws {
    try RealData.with("ml-100k.zip") { path in
      let split = try MovieLens100K.officialSplit(path, named: name)
      #expect(split.train.count == 90_570 && split.test.count == 9_430)
      #expect((0..<943).allSatisfy { split.test.rows(ofUser: $0).count == 10 })
    }
  }

  @Test func movieLensLatestSmall() throws {
    try RealData.with("ml-latest-small.zip") { path in
      let log = try RatingsSource.load(path)
      #expect(log.count == 100_836 && log.userCount == 610)
      #expect(log.itemCount == 9_724 && log.listedItemCount == 9_742)
      #expect(log.checksum == "424eef27" && log.ratingRange == 0.5...5)
      #expect(
        log.spelled.prefix(4) == [
          "1 804 4.0 964980499", "1 1210 5.0 964980499", "1 2018 5.0 964980523",
          "1 2628 4.0 964980523",
        ])
      let item = try #require(log.itemIndex("29"))
      #expect(
        log.titles[item] == "City of Lost Children, The (Cité des enfants perdus, La) (1995)")
      #expect(log.genres.names.contains("IMAX") && log.genres.names.contains("Children"))
      #expect(log.genres.names.contains(ItemGenres.unknown) && log.genres.names.count == 20)
      let summary = log.describe()
      #expect(abs(summary.mean - 3.501556983616962) < 1e-9)
      #expect(summary.tiedShare == 15_790.0 / 100_226)
      #expect(abs(summary.positiveShare - 0.6120433178626681) < 1e-12)
    }
  }

  @Test func movieLens1MWithoutTimes() throws {
    try RealData.with("ml-1m-notime.zip") { path in
      let log = try RatingsSource.load(path)
      #expect(log.count == 1_000_209 && log.userCount == 6_040)
      #expect(log.itemCount == 3_706 && log.listedItemCount == 3_883)
      #expect(log.checksum == "a23b9a2e" && !log.hasTimes && log.ratingRange == 1...5)
      #expect(log.spelled.first == "1 1193 5.0 0" && log.spelled.last == "6040 1097 4.0 1000208")
      let item = try #require(log.itemIndex("73"))
      #expect(log.titles[item] == "Misérables, Les (1995)")
      let summary = log.describe()
      #expect(abs(summary.mean - 3.581564453029317) < 1e-9 && summary.tiedShare == nil)
      #expect(summary.genres.count == 18)
    }
  }

  @Test func movieTweetings100K() throws {
    try RealData.with("movietweetings-100k.zip") { path in
      let log = try RatingsSource.load(path)
      #expect(log.count == 100_000 && log.userCount == 16_554 && log.itemCount == 10_506)
      #expect(log.checksum == "636239ea" && log.ratingRange == 0...10)
      let item = try #require(log.itemIndex("0002844"))
      #expect(log.titles[item] == "Fantômas - À l'ombre de la guillotine (1913)")
      let summary = log.describe()
      #expect(abs(summary.mean - 7.32482) < 1e-9 && summary.positiveShare == 0.85715)
      #expect(summary.positiveAbove == 5.5 && summary.histogram.first?.count == 12)
      #expect(summary.tiedShare == 2.0 / 83_446)
    }
  }
}

import DRRData
import Foundation
import Testing

@Suite("Summary of a log")
struct DataSummaryTests {
  static let log = RatingsLog(
    name: "four", users: [0, 0, 0, 1], items: [0, 1, 2, 1], ratings: [3, 4, 5, 2],
    times: [10, 10, 30, 5])

  @Test func numbersByHand() {
    let summary = Self.log.describe()
    #expect(summary.ratings == 4 && summary.users == 2 && summary.items == 3)
    #expect(summary.density == 4.0 / 6 && summary.mean == 3.5 && summary.positiveShare == 0.5)
    #expect(summary.histogram.map(\.rating) == [2, 3, 4, 5])
    #expect(summary.histogram.map(\.count) == [1, 1, 1, 1])
    #expect(summary.perUser.mean == 2 && summary.perUser.least == 1 && summary.perUser.most == 3)
    #expect(summary.perItem.most == 2 && summary.perItem.median == 1)
    #expect(summary.firstTime == 5 && summary.lastTime == 30 && summary.tiedShare == 0.5)
    #expect(summary.genres.isEmpty && summary.duplicates == 0 && summary.positiveAbove == 3)
  }

  @Test func itTravelsAsJSON() throws {
    let summary = GeneratedRatings.generate(size: .tiny).describe()
    let json = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(RatingsSummary.self, from: json) == summary)
    #expect(String(decoding: json, as: UTF8.self).contains("\"positiveShare\":"))
  }

  @Test func manyDifferentRatingsAreBinned() {
    let count = 1_000
    let log = RatingsLog(
      name: "fine", ratingRange: 0...10, users: (0..<count).map { Int32($0) },
      items: (0..<count).map { _ in 0 }, ratings: (0..<count).map { Float($0) / 100 })
    let bins = log.describe().histogram
    #expect(bins.count == 20 && bins.allSatisfy { (49...51).contains($0.count) })
    #expect(bins[1].rating == 0.5 && log.describe().tiedShare == nil)
  }

  @Test func emptyPartsHaveASummary() {
    let empty = Self.log.keepingRows { _ in false }.describe()
    #expect(empty.ratings == 0 && empty.mean == 0 && empty.histogram.isEmpty)
    #expect(empty.firstTime == nil && empty.tiedShare == 0)
  }
}

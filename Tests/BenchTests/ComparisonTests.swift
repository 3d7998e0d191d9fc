import Benchmarks
import Testing

@Suite("bench compare")
struct ComparisonTests {
  static func report(_ times: [String: [Double]], launches: Int = 20, threads: Int = 1) -> Report {
    let figures = times.sorted { $0.key < $1.key }.map { name, values in
      var figure = Figure("updates", name)
      figure.seconds = Spread(values)
      figure.counts = ["launches": launches]
      return figure
    }
    return Report(stamp: Stamps.stamp(threads: threads), figures: figures, skipped: [])
  }

  private func verdicts(_ comparison: Comparison) -> [String: Comparison.Verdict] {
    Dictionary(
      uniqueKeysWithValues: comparison.rows.map {
        (String($0.name.dropFirst("updates: ".count)), $0.verdict)
      })
  }

  @Test("a median counts as moved where it leaves the spread, and by five in a hundred")
  func times() {
    let before = Self.report([
      "steady": [1, 1.01, 0.99], "slow": [1, 1.01, 0.99], "fast": [1, 1.01, 0.99],
      "wide": [1, 1.5, 0.6], "slight": [1, 1, 1],
    ])
    let after = Self.report([
      "steady": [1.005, 1.01, 1], "slow": [1.3, 1.31, 1.29], "fast": [0.5, 0.51, 0.49],
      "wide": [1.3, 1.9, 0.8], "slight": [1.03, 1.03, 1.03],
    ])
    let place = " [cpu, 1 threads]"
    let found = verdicts(Comparison(before, after))
    #expect(found["steady" + place] == .same && found["wide" + place] == .same)
    #expect(found["slow" + place] == .slower && found["fast" + place] == .faster)
    #expect(found["slight" + place] == .same)
    #expect(Comparison(before, after).isWorse)
    #expect(verdicts(Comparison(before, after, least: 0.01))["slight" + place] == .slower)
    #expect(!Comparison(before, before).isWorse)
    #expect(Comparison(before, before).text.hasPrefix("nothing moved"))
  }

  @Test("every count counts, and alone where times are left out")
  func counts() {
    let before = Self.report(["a": [1]], launches: 20)
    let more = Comparison(before, Self.report(["a": [9]], launches: 21), countsOnly: true)
    #expect(more.isWorse && more.rows.map(\.verdict) == [.more])
    let fewer = Comparison(before, Self.report(["a": [9]], launches: 19), countsOnly: true)
    #expect(!fewer.isWorse && fewer.rows.map(\.verdict) == [.fewer])
    #expect(fewer.text.contains("20") && fewer.text.contains("19"))
  }

  @Test("what is only in one of the two is named, and is not worse")
  func difference() {
    let comparison = Comparison(Self.report(["a": [1]]), Self.report(["b": [1]]))
    #expect(comparison.rows.map(\.verdict) == [.missing, .added] && !comparison.isWorse)
    // Of two figures of one name the first counts, on both sides.
    var twice = Self.report(["a": [1]])
    twice.figures += Self.report(["a": [9]]).figures
    #expect(!Comparison(twice, twice).isWorse && Comparison(twice, twice).rows.count == 2)
    // The same work on other threads is other work.
    let threads = Comparison(Self.report(["a": [1]]), Self.report(["a": [9]], threads: 2))
    #expect(threads.rows.map(\.verdict) == [.missing, .added])
  }
}

enum Stamps {
  static func stamp(threads: Int) -> Stamp {
    Stamp(
      drr: "0", device: "cpu", kind: "cpu", name: "a <processor> & more", driver: "none",
      processor: "a processor", openBLAS: "none", coreType: nil, threads: threads, cores: 4,
      lastLevelCacheBytes: 1 << 20)
  }
}

import Benchmarks
import Testing

@Suite("Medians and quartiles")
struct SpreadTests {
  @Test("they are those of the sorted values, between which they are interpolated")
  func values() throws {
    let spread = try #require(Spread([5, 1, 3, 2, 4]))
    #expect(spread.median == 3 && spread.lowQuartile == 2 && spread.highQuartile == 4)
    #expect(spread.least == 1 && spread.rounds == 5)
    let even = try #require(Spread([4, 1, 2, 3]))
    #expect(even.median == 2.5 && even.lowQuartile == 1.75 && even.highQuartile == 3.25)
    let one = try #require(Spread([7]))
    #expect(one.median == 7 && one.lowQuartile == 7 && one.highQuartile == 7)
    #expect(Spread([]) == nil)
  }

  @Test("one wild round moves the median little")
  func outlier() throws {
    let spread = try #require(Spread([1, 1.1, 0.9, 1, 50]))
    #expect(spread.median == 1 && spread.highQuartile == 1.1)
  }
}

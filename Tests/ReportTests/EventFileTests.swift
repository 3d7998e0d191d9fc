import DRRCore
import Report
import Testing

@Suite("Event files") struct EventFileTests {
  /// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
  @Test("checksums are those of RFC 3720") func checksums() {
    #expect(castagnoliChecksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(castagnoliChecksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(castagnoliChecksum([UInt8](0..<32)) == 0x46dd_794e)
    #expect(castagnoliChecksum([UInt8]((0..<32).reversed())) == 0x113f_db5c)
    #expect(castagnoliChecksum(Array("123456789".utf8)) == 0xe306_9283)
    #expect(castagnoliChecksum([]) == 0)
  }

  @Test("a histogram counts values between its edges") func histogram() throws {
    let found = try #require(Histogram([0, 1, 1.5, 2, 10, 9.99], ranges: 10))
    #expect(found.edges == (0...10).map(Double.init))
    #expect(found.counts == [1, 2, 1, 0, 0, 0, 0, 0, 0, 2])
    let same = try #require(Histogram([3, 3], ranges: 2))
    #expect(same.edges == [2.5, 3, 3.5] && same.counts == [0, 2])
    for large in [1e30, -3e38, 16_777_216] as [Float] {
      #expect(Histogram([large, large], ranges: 2)?.counts.reduce(0, +) == 2)
    }
    #expect(
      Histogram([]) == nil && Histogram([1, .nan]) == nil && Histogram([1, .infinity]) == nil)
  }
}

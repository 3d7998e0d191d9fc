import DRRCore
import Tensor
import TestSupport
import Testing

@Suite("A part of a batch") struct BatchPartTests {
  @Test("drops out what the whole drops out there", arguments: [0..<3, 2..<6, 6..<7, 0..<7])
  func dropout(rows: Range<Int>) throws {
    let backend = CPUBackend()
    let (width, key) = (5, RandomKey(seed: 3, stream: 2, counter: 9))
    let values = (0..<7 * width).map { Float($0 + 1) }
    let all = try Tensor(values, shape: [7, 5], on: backend).dropout(0.4, key).host()
    #expect(all.contains(0) && all.contains { $0 > 0 })
    let own = rows.lowerBound * width..<rows.upperBound * width
    let part = Tensor(Array(values[own]), shape: [rows.count, 5], on: backend)
    let found = try part.dropout(0.4, key, of: BatchPart(rows, of: 7)).host()
    #expect(found == Array(all[own]))
  }
}

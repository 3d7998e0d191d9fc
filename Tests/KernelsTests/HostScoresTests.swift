import CLoops
import Kernels
import Testing

/// The host's scores and best items, in whole numbers, so that every sum is exact and many are
/// equal: against a stable full sort.
@Suite struct HostScoresTests {
  struct Case: CustomTestStringConvertible {
    var b: Int, n: Int, e: Int, k: Int
    var threads: Int32 = 1
    var testDescription: String { "b \(b), n \(n), e \(e), k \(k), \(threads) threads" }
  }
  /// Every width of the register tiles, short last tiles, and shares of several threads.
  static let cases = [
    Case(b: 1, n: 1, e: 1, k: 3), Case(b: 1, n: 333, e: 37, k: 10), Case(b: 3, n: 47, e: 16, k: 50),
    Case(b: 2, n: 2011, e: 5, k: 7), Case(b: 4, n: 333, e: 20, k: 5),
    Case(b: 17, n: 100, e: 33, k: 9),
    Case(b: 48, n: 203, e: 16, k: 4), Case(b: 64, n: 509, e: 7, k: 12),
    Case(b: 131, n: 77, e: 30, k: 20), Case(b: 5, n: 30, e: 0, k: 3), Case(b: 2, n: 0, e: 4, k: 2),
    Case(b: 2, n: 90_001, e: 33, k: 30, threads: 3),
    Case(b: 70, n: 15_001, e: 16, k: 8, threads: 2),
    Case(b: 1, n: 300_000, e: 16, k: 100, threads: 5), Case(b: 1, n: 90_001, e: 45, k: 10),
  ]

  @Test(arguments: cases)
  func areTheHeadOfAStableSort(_ c: Case) {
    var random = Philox(seed: UInt64(c.b * c.n + c.e))
    func draw(_ count: Int, _ bound: UInt32) -> [Float] {
      (0..<count).map { _ in Float(random.nextWord() % bound) - Float(bound / 2) }
    }
    let words = (c.n + 31) / 32
    let query = draw(c.b * c.e, 5)
    let items = draw(c.n * c.e, 3)
    var bias = draw(c.n, 3)
    for i in stride(from: 7, to: c.n, by: 61) { bias[i] = i % 2 == 0 ? .nan : -.infinity }
    // Few are allowed to the first query, so that its list may stay short.
    let allowed = (0..<c.b * words).map { i in
      i < words ? random.nextWord() & random.nextWord() & random.nextWord() : random.nextWord()
    }
    for (hasOptions, level) in [false, true].flatMap({ o in librariesByLevel().map { (o, $0) } }) {
      var library = level
      library.threads = c.threads
      var index = [Int32](repeating: 9, count: c.b * c.k)
      var scores = [Float](repeating: 9, count: c.b * c.k)
      query.withUnsafeBufferPointer { query in
        items.withUnsafeBufferPointer { items in
          bias.withUnsafeBufferPointer { bias in
            allowed.withUnsafeBufferPointer { allowed in
              index.withUnsafeMutableBufferPointer { index in
                scores.withUnsafeMutableBufferPointer { scores in
                  var request = top_request(
                    query: query.baseAddress, items: items.baseAddress,
                    bias: hasOptions ? bias.baseAddress : nil,
                    allowed: hasOptions ? allowed.baseAddress : nil, b: Int64(c.b),
                    n: Int64(c.n), e: Int64(c.e), k: Int64(c.k), best: index.baseAddress,
                    scores: scores.baseAddress)
                  let count = Int(top_scratch(&library, &request))
                  withUnsafeTemporaryAllocation(of: Float.self, capacity: count) {
                    host_score_top(&library, &request, $0.baseAddress)
                  }
                }
              }
            }
          }
        }
      }
      for q in 0..<c.b {
        let exact = (0..<c.n).map { i -> Float in
          var sum = hasOptions ? bias[i] : 0
          for p in 0..<c.e { sum += query[q * c.e + p] * items[i * c.e + p] }
          return sum.isNaN ? -.infinity : sum
        }
        let open = (0..<c.n).filter {
          !hasOptions || allowed[q * words + $0 / 32] >> ($0 % 32) & 1 == 1
        }
        let best = open.sorted { (exact[$0], $1) > (exact[$1], $0) }.prefix(c.k)
        let padding = c.k - best.count
        let row = q * c.k..<(q + 1) * c.k
        #expect(
          Array(index[row]) == best.map { Int32($0) } + Array(repeating: -1, count: padding))
        #expect(
          Array(scores[row])
            == best.map { exact[$0] } + Array(repeating: -.infinity, count: padding))
      }
    }
  }
}

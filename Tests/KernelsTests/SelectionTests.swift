import Kernels
import TestSupport
import Testing

@Suite struct SelectionTests {
  /// Real-valued scores: the k values are the k best of a full sort, best first, each carried by
  /// the item named beside it, no item twice, none that is not allowed.
  @Test(arguments: TestDevices.all)
  func isTheHeadOfAFullSort(_ device: TestDevice) throws {
    let backend = try device.make()
    for (b, n, e, k) in [(5, 1683, 100, 20), (1, 20_011, 16, 10), (33, 65, 129, 64)] {
      var generator = SeededGenerator(UInt64(n))
      let query = generator.floats(b * e)
      let items = generator.floats(n * e)
      let bias = generator.floats(n)
      let words = (n + 31) / 32
      let allowed = (0..<b * words).map { _ in UInt32.random(in: 0...UInt32.max, using: &generator)
      }
      let run = OpRun(
        [
          .input("query", query), .input("items", items), .input("bias", bias),
          .input("allowed", allowed), .indexOutput("index", b * k), .output("scores", b * k),
        ], on: backend)
      let a = run.arguments
      backend.scoreTopK(
        a["query"], items: a["items"], bias: a["bias"], allowed: a[bits: "allowed"], b: b, n: n,
        e: e, k: k, into: a[indices: "index"], scores: a["scores"])
      let index = try backend.read(a[indices: "index"])
      let scores = try backend.read(a["scores"])
      for q in 0..<b {
        func isAllowed(_ i: Int) -> Bool { allowed[q * words + i / 32] >> (i % 32) & 1 == 1 }
        let exact = (0..<n).map { i in
          (0..<e).reduce(Double(bias[i])) {
            $0 + Double(query[q * e + $1]) * Double(items[i * e + $1])
          }
        }
        let sorted = (0..<n).filter(isAllowed).map { exact[$0] }.sorted(by: >)
        let row = q * k..<min(q * k + k, q * k + sorted.count)
        let chosen = index[row].map(Int.init)
        let bound = Bound(4, terms: e, scale: 1)
        #expect(Set(chosen).count == chosen.count, "n \(n), query \(q): an item twice")
        #expect(chosen.allSatisfy { isAllowed($0) }, "n \(n), query \(q)")
        let actual = scores[row].map(Double.init)
        #expect(bound.violation(actual, Array(sorted.prefix(k))) == nil, "n \(n), query \(q)")
        #expect(bound.violation(actual, chosen.map { exact[$0] }) == nil, "n \(n), query \(q)")
        #expect(zip(actual, actual.dropFirst()).allSatisfy { $0 >= $1 }, "n \(n), query \(q)")
      }
      #expect(try run.damage() == [])
    }
  }

  /// All scores equal: the first allowed items in order, then nothing.
  @Test(arguments: TestDevices.all)
  func tiesGoToTheLowerIndex(_ device: TestDevice) throws {
    let backend = try device.make()
    let n = 5003
    var allowed = [UInt32](repeating: 0, count: (n + 31) / 32)
    let open = [4999, 3, 31, 32, 1024, 4097]
    for item in open { allowed[item / 32] |= 1 << (item % 32) }
    let run = OpRun(
      [
        .input("query", [Float(0)]), .input("items", [Float](repeating: 1, count: n)),
        .input("allowed", allowed), .indexOutput("index", 8), .output("scores", 8),
      ], on: backend)
    let a = run.arguments
    backend.scoreTopK(
      a["query"], items: a["items"], bias: nil, allowed: a[bits: "allowed"], b: 1, n: n, e: 1,
      k: 8, into: a[indices: "index"], scores: a["scores"])
    #expect(try backend.read(a[indices: "index"]) == [3, 31, 32, 1024, 4097, 4999, -1, -1])
    let nothing = -Float.infinity
    #expect(try backend.read(a["scores"]) == [0, 0, 0, 0, 0, 0, nothing, nothing])
  }

  /// More columns than lists that are merged have in one go, and more of the best than half a sorted
  /// block: they are found in a drawn order, and of equals the lower columns.
  @Test(arguments: TestDevices.all)
  func findsTheBestOfMillions(_ device: TestDevice) throws {
    let backend = try device.make()
    let (n, k) = (2_100_000, 1_300)
    var generator = SeededGenerator(UInt64(n))
    let scores = (0..<n).map { _ in Float(UInt32.random(in: 0..<1 << 20, using: &generator)) }
    let run = OpRun(
      [.input("scores", scores), .indexOutput("index", k)], on: backend)
    let a = run.arguments
    backend.topKRows(
      a["scores"], gumbel: nil, b: 1, n: n, k: k, width: k, into: a[indices: "index"])
    let sorted = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    #expect(try backend.read(a[indices: "index"]) == sorted.prefix(k).map(Int32.init))
    #expect(try run.damage() == [])
  }
}

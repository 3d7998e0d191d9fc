internal import COpenBLAS

extension CPUBackend {
  public func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats
  ) {
    guard begin() else { return }
    require(k >= 0, "scoreTopK: k is \(k)")
    let words = (n + 31) / 32
    let query = pointer(query, b * e, "scoreTopK", "query")
    let items = pointer(items, n * e, "scoreTopK", "items")
    let bias = bias.map { pointer($0, n, "scoreTopK", "bias") }
    let allowed = allowed.map { pointer($0, b * words, "scoreTopK", "allowed") }
    let index = pointer(index, b * k, "scoreTopK", "index")
    let scores = pointer(scores, b * k, "scoreTopK", "scores")
    guard k > 0 else { return }
    // A block of scores of at most 1 MiB: it stays in cache between the product and the scan.
    let rows = 128
    let columns = 2048
    withScratch(min(rows, b) * min(columns, n)) { block in
      for firstRow in stride(from: 0, to: b, by: rows) {
        let m = min(rows, b - firstRow)
        var best = (firstRow..<firstRow + m).map {
          TopScores(capacity: k, index: index + $0 * k, scores: scores + $0 * k)
        }
        for first in stride(from: 0, to: n, by: columns) {
          let width = min(columns, n - first)
          product(
            Rows(query + firstRow * e, e), Rows(items + first * e, e), transposeB: true, m: m,
            n: width, k: e, bias: bias.map { UnsafePointer($0 + first) },
            into: Rows(block, width))
          for i in 0..<m {
            let flags = allowed.map { $0 + (firstRow + i) * words + first / 32 }
            best[i].add(block + i * width, first: first, count: width, allowed: flags)
          }
        }
        for i in 0..<m { best[i].finish() }
      }
    }
  }
}

/// The best scores of one row, in the row's own place: a heap whose root is the worst kept.
private struct TopScores {
  let capacity: Int
  let index: UnsafeMutablePointer<Int32>
  let scores: UnsafeMutablePointer<Float>
  private var count = 0

  init(
    capacity: Int, index: UnsafeMutablePointer<Int32>, scores: UnsafeMutablePointer<Float>
  ) {
    self.capacity = capacity
    self.index = index
    self.scores = scores
  }

  /// Items come in the order of their numbers, so one that equals the worst kept is worse.
  mutating func add(
    _ row: UnsafePointer<Float>, first: Int, count n: Int, allowed: UnsafePointer<UInt32>?
  ) {
    for start in stride(from: 0, to: n, by: 32) {
      let width = min(32, n - start)
      var flags = allowed.map { $0[start / 32] } ?? .max
      if width < 32 { flags &= (1 << UInt32(width)) - 1 }
      if flags == 0 { continue }
      if count == capacity, !host_any_above(row + start, scores[0], Int64(width)) { continue }
      while flags != 0 {
        let bit = flags.trailingZeroBitCount
        flags &= flags - 1
        let score = row[start + bit]
        let ranked = score.isNaN ? -.infinity : score
        if count < capacity {
          count += 1
          rise(count - 1, ranked, Int32(first + start + bit))
        } else if ranked > scores[0] {
          sink(ranked, Int32(first + start + bit), within: capacity)
        }
      }
    }
  }

  /// Best first; −1 and −∞ behind the last.
  mutating func finish() {
    for last in stride(from: count - 1, to: 0, by: -1) {
      let (score, item) = (scores[last], index[last])
      (scores[last], index[last]) = (scores[0], index[0])
      sink(score, item, within: last)
    }
    for i in count..<capacity { (scores[i], index[i]) = (-.infinity, -1) }
  }

  private static func isWorse(
    _ a: (score: Float, item: Int32), _ b: (score: Float, item: Int32)
  ) -> Bool {
    a.score < b.score || (a.score == b.score && a.item > b.item)
  }

  private func rise(_ start: Int, _ score: Float, _ item: Int32) {
    var hole = start
    while hole > 0 {
      let parent = (hole - 1) / 2
      guard Self.isWorse((score, item), (scores[parent], index[parent])) else { break }
      (scores[hole], index[hole]) = (scores[parent], index[parent])
      hole = parent
    }
    (scores[hole], index[hole]) = (score, item)
  }

  /// Puts an entry in the root's place.
  private func sink(_ score: Float, _ item: Int32, within size: Int) {
    var hole = 0
    while true {
      var child = 2 * hole + 1
      guard child < size else { break }
      if child + 1 < size,
        Self.isWorse((scores[child + 1], index[child + 1]), (scores[child], index[child]))
      {
        child += 1
      }
      guard Self.isWorse((scores[child], index[child]), (score, item)) else { break }
      (scores[hole], index[hole]) = (scores[child], index[child])
      hole = child
    }
    (scores[hole], index[hole]) = (score, item)
  }
}

import Foundation
import Kernels

extension ReferenceBackend {
  public func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats
  ) {
    let cells = launch("scoreTopK")
    let words = (n + 31) / 32
    let (query, items) = (cells(query, b * e), cells(items, n * e))
    let (index, scores) = (cells(index, b * k), cells(scores, b * k))
    let bias = bias.map { cells($0, n) }
    let allowed = allowed.map { cells($0, b * words) }
    itemScores += b * n
    for q in 0..<b {
      var ranked: [(item: Int, score: Double)] = []
      for i in 0..<n {
        if let allowed, UInt32(allowed[q * words + i / 32]) >> UInt32(i % 32) & 1 == 0 { continue }
        var score = bias?[i] ?? 0
        for d in 0..<e { score += query[q * e + d] * items[i * e + d] }
        ranked.append((i, score.isNaN ? -.infinity : score))
      }
      ranked.sort { $0.score != $1.score ? $0.score > $1.score : $0.item < $1.item }
      for r in 0..<k {
        index[q * k + r] = r < ranked.count ? Double(ranked[r].item) : -1
        scores[q * k + r] = r < ranked.count ? ranked[r].score : -.infinity
      }
    }
  }

  public func excludeItems(
    _ rows: Indices, b: Int, w: Int, first: Int, n: Int, into allowed: Bits
  ) {
    let cells = launch("excludeItems")
    let words = (n + 31) / 32
    let (rows, allowed) = (cells(rows, b * w), cells(allowed, b * words))
    for i in 0..<b {
      let named = Set((first..<w).map { rows[i * w + $0] })
      for word in 0..<words {
        allowed[i * words + word] = (0..<32).reduce(0.0) { sum, bit in
          let item = word * 32 + bit
          return item < n && !named.contains(Double(item)) ? sum + Double(1 << bit) : sum
        }
      }
    }
  }

  public func replaceWords(places: Indices, words: Bits, c: Int, into target: Bits) {
    let cells = launch("replaceWords")
    let size = target.count
    let (places, words, target) = (cells(places, c), cells(words, c), cells(target, size))
    for i in 0..<c {
      if let place = cells.row(places[i], of: size) { target[place] = words[i] }
    }
  }

  public func topKRows(
    _ scores: Floats, gumbel: RandomKey?, b: Int, n: Int, k: Int, width: Int, into index: Indices
  ) {
    let cells = launch("topKRows")
    let (scores, index) = (cells(scores, b * n), cells(index, b * width))
    let noise = gumbel.map { random in
      ReferencePhilox.draws(random, b * n).map { -log(-log(($0 + 0.5) / 0x1p24)) }
    }
    for row in 0..<b {
      var ranked: [(column: Int, score: Double)] = []
      for column in 0..<n {
        let j = row * n + column
        let score = scores[j] + (noise?[j] ?? 0)
        if score > -.infinity { ranked.append((column, score)) }
      }
      ranked.sort { $0.score != $1.score ? $0.score > $1.score : $0.column < $1.column }
      for r in 0..<k {
        index[row * width + r] = r < ranked.count ? Double(ranked[r].column) : -1
      }
    }
  }
}

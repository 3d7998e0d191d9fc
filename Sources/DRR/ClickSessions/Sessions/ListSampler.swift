import DRRCore
import Platform
import Tensor

/// Lists around a click for logs that do not tell what was shown.
struct ListSampler {
  private let size: Int
  private var random: Philox
  private let itemCount: Int
  /// Sums of the clicks on items 0 ... i; empty where all are equally likely.
  private var sums: [Int] = []
  private let counts: [Int]

  init(_ counts: [Int], size: Int, _ options: SessionOptions) {
    self.size = size
    self.counts = counts
    itemCount = counts.count
    random = Philox(seed: options.seed, stream: Streams.sampledLists)
    guard options.negatives == .popularity else { return }
    var sum = 0
    sums = counts.map { count in
      sum += count
      return sum
    }
  }

  /// The click at a place that is drawn, and different other items.
  mutating func list(with click: Int32) -> [Int32] {
    var list = negatives(besides: click)
    list.insert(click, at: Int.random(in: 0..<size, using: &random))
    return list
  }

  private mutating func negatives(besides click: Int32) -> [Int32] {
    // Where most of the catalogue is wanted, drawing again would take for ever.
    if 2 * size > itemCount { return keyed(besides: click) }
    var list: [Int32] = []
    var draws = 0
    while list.count < size - 1 {
      draws += 1
      if draws > 50 * size { return keyed(besides: click) }
      let item = draw()
      if item != click, !list.contains(item) { list.append(item) }
    }
    return list
  }

  private mutating func draw() -> Int32 {
    guard let total = sums.last, total > 0 else {
      return Int32.random(in: 0..<Int32(itemCount), using: &random)
    }
    let place = Int.random(in: 0..<total, using: &random)
    var (low, high) = (0, itemCount - 1)
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > place { high = middle } else { low = middle + 1 }
    }
    return Int32(low)
  }

  /// Weighted sampling without replacement by random keys (Efraimidis & Spirakis 2006); items
  /// without a click come last.
  private mutating func keyed(besides click: Int32) -> [Int32] {
    let keys = counts.indices.map { item in
      let wait = -log1p(-Double.random(in: 0..<1, using: &random))
      return sums.isEmpty ? wait : counts[item] > 0 ? wait / Double(counts[item]) : 1e9 + wait
    }
    return counts.indices.map(Int32.init).filter { $0 != click }
      .sorted { (keys[Int($0)], $0) < (keys[Int($1)], $1) }.prefix(size - 1).map { $0 }
  }
}

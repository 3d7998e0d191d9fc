import DRRCore
import TestSupport

/// What ranks do together, beside what each finds by itself of the others' messages, which are drawn
/// from their numbers.
public struct CollectiveTrial {
  private let ranks: any Collective
  private var turn = 0
  /// What differed.
  public private(set) var faults: [String] = []

  private init(_ ranks: any Collective) { self.ranks = ranks }

  /// What went wrong in so many turns; every rank calls it.
  public static func faults(_ ranks: any Collective, turns: Int) throws -> [String] {
    var trial = CollectiveTrial(ranks)
    for turn in 0..<turns {
      trial.turn = turn
      try trial.exchange()
      try trial.sum()
    }
    return trial.faults
  }

  private func random(_ from: Int, _ to: Int) -> SeededGenerator {
    SeededGenerator(UInt64(turn) << 16 | UInt64(from) << 8 | UInt64(to))
  }

  /// What one rank sends another: often nothing, seldom much.
  private func message(_ from: Int, _ to: Int) -> [UInt32] {
    var random = random(from, to)
    let count = Int.random(in: 0..<[1, 5, 40, 3_000][turn % 4], using: &random)
    return (0..<count).map { _ in UInt32.random(in: 0 ... .max, using: &random) }
  }

  private mutating func expect<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: String) {
    if found != wanted { faults.append("\(what), turn \(turn), rank \(ranks.rank)") }
  }

  private mutating func exchange() throws {
    let (rank, all) = (ranks.rank, 0..<ranks.size)
    let (sent, received) = (Parcels<UInt32>(ranks: all.count), Parcels<UInt32>(ranks: all.count))
    // In room that held something else.
    for turn in 0..<2 {
      sent.removeAll()
      for to in all { for element in message(turn * rank, to) { sent.append(element, to: to) } }
      try ranks.allToAll(sent, into: received)
      expect(
        all.map { Array($0 == rank ? sent[$0] : received[$0]) },
        all.map { message(turn * $0, rank) }, "all-to-all")
    }
    expect(received.counts[rank], 0, "what a rank sends itself")
    expect(try ranks.allGather(message(rank, 0)), all.map { message($0, 0) }, "all-gather")
    let root = turn % ranks.size
    expect(
      try ranks.broadcast(rank == root ? message(root, 1) : [], root: root), message(root, 1),
      "broadcast")
    let lists = all.map { from in (0..<from + turn % 3).map { message(from, $0 + 2) } }
    expect(try ranks.gather(lists[rank]), lists.flatMap { $0 }, "lists")
    // In place: each knows its own part.
    let messages = all.map { message($0, 300) }
    let ends = messages.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    let parts = all.map { ends[$0]..<ends[$0 + 1] }
    var whole = [UInt32](repeating: 0, count: ends.last!)
    whole.replaceSubrange(parts[rank], with: messages[rank])
    try ranks.gather(&whole, parts: parts)
    expect(whole, messages.flatMap { $0 }, "parts in place")
    try ranks.barrier()
  }

  /// Sums of numbers of very different sizes, so that every order has bits of its own.
  private mutating func sum() throws {
    var random = random(255, 255)
    let width = Int.random(in: 0..<50, using: &random)
    let each = [1, 2, 4][turn % 3]
    let parts = (0..<ranks.size * each).map { _ in
      (0..<width).map { _ in
        Float.random(in: -1...1, using: &random)
          * [1e-6, 1, 1e7].randomElement(using: &random)!
      }
    }
    let own = ranks.share(of: parts.count)
    let sums = PartSums(ranks, own: own.count)
    sums.begin(width: width)
    for (place, part) in own.enumerated() { _ = sums[part: place].update(from: parts[part]) }
    try sums.add()
    let total = Array(sums[part: 0])
    expect(total, (0..<width).map { at in Self.tree(parts.map { $0[at] }) }, "sum of floats")
    let doubles = parts.map { $0.map(Double.init) }
    expect(
      try ranks.allReduce(doubles[ranks.rank]),
      (0..<width).map { at in Self.tree(doubles[0..<ranks.size].map { $0[at] }) },
      "sum of doubles")
  }

  /// By the definition of the order.
  private static func tree<Number: FloatingPoint>(_ numbers: [Number]) -> Number {
    guard numbers.count > 1 else { return numbers[0] }
    // The largest power of two below the count.
    let half = 1 << (Int.bitWidth - 1 - (numbers.count - 1).leadingZeroBitCount)
    return tree(Array(numbers[..<half])) + tree(Array(numbers[half...]))
  }
}

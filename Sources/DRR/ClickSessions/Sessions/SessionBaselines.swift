import DRRCore
import Tensor

/// How often each item was clicked, starts not counted.
public final class PopularityScorer: SessionScorer {
  public let name = "popularity"
  private let row: [Float]

  /// - Parameter sessions: those that may be learned from.
  public init(_ log: SessionLog, sessions: some Sequence<Int>) {
    row = ClickCounts.ranks(ClickCounts.ofItems(log, sessions))
  }

  public func scores(
    at positions: ArraySlice<SessionPosition>, of log: SessionLog
  ) -> [Float] { positions.flatMap { _ in row } }
}

/// How often each item was clicked next after the click before; among equals, and where nothing is
/// known, how often it was clicked at all.
public final class MarkovScorer: SessionScorer {
  public let name = "Markov"
  private let popularity: [Float]
  /// Items clicked after item i: offsets[i] ..< offsets[i + 1].
  private var offsets: [Int] = [0]
  private var followers: [Int32] = []
  /// 1 and more, above all popularities.
  private var scores: [Float] = []

  /// - Parameter sessions: those that may be learned from.
  public init(_ log: SessionLog, sessions: some Sequence<Int>) {
    let sessions = Array(sessions)
    let clicks = ClickCounts.ofItems(log, sessions)
    popularity = ClickCounts.ranks(clicks)
    var pairs: [UInt64] = []
    for session in sessions {
      for step in log.steps(of: session).dropFirst() {
        pairs.append(UInt64(log.clicks[step - 1]) << 32 | UInt64(log.clicks[step]))
      }
    }
    pairs.sort()
    var counts: [(item: Int32, count: Int)] = []
    var place = 0
    for item in 0..<log.itemCount {
      counts.removeAll(keepingCapacity: true)
      while place < pairs.count, pairs[place] >> 32 == item {
        let next = Int32(truncatingIfNeeded: pairs[place])
        if counts.last?.item == next {
          counts[counts.count - 1].count += 1
        } else {
          counts.append((next, 1))
        }
        place += 1
      }
      counts.sort {
        ($0.count, clicks[Int($0.item)], $1.item) < ($1.count, clicks[Int($1.item)], $0.item)
      }
      var score: Float = 0
      for (rank, entry) in counts.enumerated() {
        let before = rank > 0 ? counts[rank - 1] : nil
        if before?.count != entry.count
          || before.map({ clicks[Int($0.item)] }) != clicks[Int(entry.item)]
        {
          score += 1
        }
        followers.append(entry.item)
        scores.append(score)
      }
      offsets.append(followers.count)
    }
  }

  public func scores(
    at positions: ArraySlice<SessionPosition>, of log: SessionLog
  ) -> [Float] {
    var all: [Float] = []
    all.reserveCapacity(positions.count * popularity.count)
    for position in positions {
      let first = all.count
      all.append(contentsOf: popularity)
      let before = Int(log.clicks[position.step - 1])
      for place in offsets[before]..<offsets[before + 1] {
        all[first + Int(followers[place])] = scores[place]
      }
    }
    return all
  }
}

private enum ClickCounts {
  static func ofItems(_ log: SessionLog, _ sessions: some Sequence<Int>) -> [Int] {
    var counts = [Int](repeating: 0, count: log.itemCount)
    for session in sessions {
      for step in log.steps(of: session).dropFirst() { counts[Int(log.clicks[step])] += 1 }
    }
    return counts
  }

  /// Numbers in [0, 1) in the order of the counts, equal where they are: exact however high they
  /// are.
  static func ranks(_ counts: [Int]) -> [Float] {
    let different = Set(counts).sorted()
    var places: [Int: Int] = [:]
    for (place, count) in different.enumerated() { places[count] = place }
    return counts.map { Float(places[$0] ?? 0) / Float(different.count) }
  }
}

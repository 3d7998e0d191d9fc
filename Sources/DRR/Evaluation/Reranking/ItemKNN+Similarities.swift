import DRRCore
import DRRData

/// The similarities of the most rated items with each other.
struct SimilarityTable: Sendable {
  /// By item: its place in the table; −1 of one that is not in it.
  fileprivate var places: [Int32]
  /// The triangle below the diagonal.
  fileprivate var values: [Float] = []

  /// Of nothing.
  init(items: Int) { places = Array(repeating: -1, count: items) }

  fileprivate subscript(a: Int32, b: Int32) -> Float {
    a == b ? 0 : values[triangle(Int(max(a, b)) - 1) + Int(min(a, b))]
  }
}

/// Similarities between the items of sessions.
///
/// Those of one item with all others take time in proportion to the ratings of its raters, most of
/// which is spent on the items with the most of them. These are looked at once and kept; where one
/// of two items is not among them, the similarity is found from that one.
extension ItemKNN {
  /// Of each session [candidates, its profile's items and then, where asked for, its candidates].
  struct Similarities: Sendable {
    fileprivate var weights: [Float]
    fileprivate let firsts: [Int]
    fileprivate let widths: [Int]

    /// 0 where two items have no likeness.
    func weight(_ session: Int, _ candidate: Int, _ other: Int) -> Float {
      weights[firsts[session] + candidate * widths[session] + other]
    }
  }

  /// Products and numbers of common users of one item with every other.
  private typealias Row = [SIMD2<Float>]

  /// The same, with the similarities of the most rated of the items that these sessions ask for.
  ///
  /// - Parameters:
  ///   - most: items at most; those of 8,192 take 128 MiB.
  ///   - ranks: who share the items, about as many ratings of their raters each; each has all
  ///     similarities.
  public func remembering(
    _ sessions: [Session], most: Int = 8_192, among ranks: any Collective = SoleCollective()
  ) throws(CollectiveError) -> ItemKNN {
    var isAsked = [Bool](repeating: false, count: norms.count)
    for session in sessions {
      for item in session.candidates { isAsked[Int(item)] = true }
      for rated in profile(ofUser: Int(session.user)) { isAsked[Int(rated.index)] = true }
    }
    func raters(_ item: Int) -> Int { itemOffsets[item + 1] - itemOffsets[item] }
    let items = isAsked.indices.filter { isAsked[$0] && raters($0) > 0 }
      .sorted { (-raters($0), $0) < (-raters($1), $1) }.prefix(most)
    var copy = self
    copy.table = SimilarityTable(items: norms.count)
    for (place, item) in items.enumerated() { copy.table.places[item] = Int32(place) }
    copy.table.values = Array(repeating: 0, count: triangle(max(items.count - 1, 0)))
    let shares = ranks.shares(ofWork: work(of: Array(items)))
    copy.table.values.withUnsafeMutableBufferPointer { values in
      nonisolated(unsafe) let values = values
      let own = shares[ranks.rank]
      let parts = min(64, own.count)
      _ = concurrentMap(parts) { part in
        var row = Row(repeating: .zero, count: norms.count)
        for place in stride(from: own.lowerBound + part, to: own.upperBound, by: parts) {
          fill(&row, of: items[place])
          for other in 0..<place {
            values[triangle(place - 1) + other] = similarity(
              of: items[place], with: items[other], row)
          }
          clear(&row, of: items[place])
        }
      }
    }
    // A row of the triangle follows the other.
    func first(of place: Int) -> Int { triangle(max(place - 1, 0)) }
    try ranks.gather(
      &copy.table.values,
      parts: shares.map { first(of: $0.lowerBound)..<first(of: $0.upperBound) })
    return copy
  }

  /// What the row of each item takes: it is filled and cleared, and read at the items before.
  private func work(of items: [Int]) -> [Int] {
    var pairs = [Int](repeating: 0, count: norms.count)
    for user in userOffsets.indices.dropLast() {
      let profile = profile(ofUser: user)
      for rated in profile { pairs[Int(rated.index)] += profile.count }
    }
    return items.enumerated().map { place, item in 1 + place + 2 * pairs[item] }
  }

  /// Consecutive sessions, so many that their similarities take 64 MiB.
  func blocks(of sessions: [Session]) -> [[Session]] {
    var blocks: [[Session]] = []
    var size = Int.max
    for session in sessions {
      let count = session.candidates.count
      let added = count * (profile(ofUser: Int(session.user)).count + count)
      if size > 1 << 24 - min(added, 1 << 24) {
        blocks.append([])
        size = 0
      }
      blocks[blocks.count - 1].append(session)
      size += added
    }
    return blocks
  }

  /// An item outside the table, and the candidate of a session that it is, or the place among the
  /// others that it has.
  private struct Question {
    var item: Int32
    var session: Int
    var place: Int
    var isCandidate: Bool
  }

  func similarities(_ sessions: [Session], amongCandidates: Bool) -> Similarities {
    let others = concurrentMap(sessions.count) { at in
      profile(ofUser: Int(sessions[at].user)).map(\.index)
        + (amongCandidates ? sessions[at].candidates : [])
    }
    var firsts = [0]
    for (session, others) in zip(sessions, others) {
      firsts.append(firsts.last! + session.candidates.count * others.count)
    }
    var found = Similarities(
      weights: Array(repeating: 0, count: firsts.last!), firsts: firsts,
      widths: others.map(\.count))
    let (questions, ends) = questions(sessions, others)
    found.weights.withUnsafeMutableBufferPointer { [firsts] weights in
      nonisolated(unsafe) let weights = weights
      _ = concurrentMap(sessions.count) { at in
        for (candidate, item) in sessions[at].candidates.enumerated() {
          let (place, first) = (table.places[Int(item)], firsts[at] + candidate * others[at].count)
          guard place >= 0 else { continue }
          for (column, other) in others[at].enumerated() where table.places[Int(other)] >= 0 {
            weights[first + column] = table[place, table.places[Int(other)]]
          }
        }
      }
      let parts = min(64, ends.count)
      _ = concurrentMap(parts) { part in
        var row = Row(repeating: .zero, count: norms.count)
        for group in stride(from: part, to: ends.count, by: parts) {
          let asked = questions[(group == 0 ? 0 : ends[group - 1])..<ends[group]]
          let item = Int(asked.first!.item)
          fill(&row, of: item)
          for question in asked {
            let (others, first) = (others[question.session], firsts[question.session])
            if question.isCandidate {
              for (column, other) in others.enumerated() {
                weights[first + question.place * others.count + column] = similarity(
                  of: item, with: Int(other), row)
              }
            } else {
              for (candidate, other) in sessions[question.session].candidates.enumerated()
              where table.places[Int(other)] >= 0 {
                weights[first + candidate * others.count + question.place] = similarity(
                  of: item, with: Int(other), row)
              }
            }
          }
          clear(&row, of: item)
        }
      }
    }
    return found
  }

  /// What the table does not answer, by item, and the end of each item's questions.
  private func questions(
    _ sessions: [Session], _ others: [[Int32]]
  ) -> (questions: [Question], ends: [Int]) {
    func isMissing(_ item: Int32) -> Bool { table.places[Int(item)] < 0 }
    var questions: [Question] = []
    for (at, session) in sessions.enumerated() {
      for (place, item) in session.candidates.enumerated() where isMissing(item) {
        questions.append(Question(item: item, session: at, place: place, isCandidate: true))
      }
      guard session.candidates.contains(where: { !isMissing($0) }) else { continue }
      for (place, item) in others[at].enumerated() where isMissing(item) {
        questions.append(Question(item: item, session: at, place: place, isCandidate: false))
      }
    }
    questions.sort { $0.item < $1.item }
    let ends = questions.indices.filter {
      $0 + 1 == questions.count || questions[$0].item != questions[$0 + 1].item
    }
    return (questions, ends.map { $0 + 1 })
  }

  /// 0 where two items have no likeness.
  private func similarity(of item: Int, with other: Int, _ row: Row) -> Float {
    let (product, count) = (row[other].x, row[other].y)
    guard product > 0, other != item else { return 0 }
    return product / (norms[item] * norms[other]) * count / (count + Self.shrinkage)
  }

  /// Calls `body` with the value of each rater of an item, and each item of theirs.
  @inline(__always)
  private func forEachPair(_ item: Int, _ body: (Float, Residual) -> Void) {
    byUser.withUnsafeBufferPointer { byUser in
      userOffsets.withUnsafeBufferPointer { offsets in
        byItem.withUnsafeBufferPointer { byItem in
          for at in itemOffsets[item]..<itemOffsets[item + 1] {
            let own = Int(byItem[at])
            let value = byUser[own].value
            let user = Self.user(of: own, offsets)
            for place in offsets[user]..<offsets[user + 1] { body(value, byUser[place]) }
          }
        }
      }
    }
  }

  /// Whose a place in `byUser` is.
  @inline(__always)
  private static func user(of place: Int, _ offsets: UnsafeBufferPointer<Int>) -> Int {
    var (user, past) = (0, offsets.count - 1)
    while past - user > 1 {
      let middle = (user + past) / 2
      if offsets[middle] > place { past = middle } else { user = middle }
    }
    return user
  }

  private func fill(_ row: inout Row, of item: Int) {
    row.withUnsafeMutableBufferPointer { row in
      forEachPair(item) { row[Int($1.index)] += SIMD2($0 * $1.value, 1) }
    }
  }

  private func clear(_ row: inout Row, of item: Int) {
    row.withUnsafeMutableBufferPointer { row in
      forEachPair(item) { row[Int($1.index)] = .zero }
    }
  }
}

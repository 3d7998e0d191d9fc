/// What each decision could choose from, where every decision had candidates of its own, told from
/// one another by nothing but their features.
public struct Candidates: Sendable {
  /// Where the candidates of each decision end.
  private var ends: [Int] = []
  /// The row of each in the table of features; empty where they have none.
  private var rows: [Int32] = []
  /// The most that a decision has.
  public private(set) var most = 0

  /// Whether there are none, since every decision could take every action.
  public var isEmpty: Bool { ends.isEmpty }

  /// How many a decision has, on average.
  public var mean: Double { Double(ends.last ?? 0) / Double(Swift.max(ends.count, 1)) }

  /// Adds a decision with candidates of these rows.
  mutating func append(rows: [Int32]) {
    self.rows += rows
    append(count: rows.count)
  }

  /// Adds a decision of a log without features.
  mutating func append(count: Int) {
    ends.append((ends.last ?? 0) + count)
    most = Swift.max(most, count)
  }

  private func start(_ decision: Int) -> Int { decision == 0 ? 0 : ends[decision - 1] }

  func count(of decision: Int) -> Int { ends[decision] - start(decision) }

  /// The row of a candidate in the table of features, 0 where there is none.
  @inline(__always)
  func row(_ decision: Int, _ candidate: Int) -> Int {
    rows.isEmpty ? 0 : Int(rows[start(decision) + candidate])
  }
}

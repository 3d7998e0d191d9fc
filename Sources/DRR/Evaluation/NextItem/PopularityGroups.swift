import DRRData

/// Items by how often they were rated in training: a third of the ratings falls on each group.
public struct PopularityGroups: Sendable {
  /// The groups' names, most rated first.
  public static let names = ["head", "middle", "tail"]
  /// By item, as an index of ``names``.
  public let groups: [Int]

  /// The groups of what a split lets be seen.
  public init(_ log: RatingsLog, _ split: UserSplit) {
    var counts = [Int](repeating: 0, count: log.itemCount)
    for row in split.visibleRows(in: log) { counts[Int(log.items[Int(row)])] += 1 }
    let total = counts.reduce(0, +)
    var groups = [Int](repeating: Self.names.count - 1, count: log.itemCount)
    var seen = 0
    // Items of one count are of one group: the first of them decides.
    let order = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
    var (previous, group) = (-1, 0)
    for item in order where counts[item] > 0 {
      if counts[item] != previous {
        (previous, group) = (counts[item], min(seen * Self.names.count / total, 2))
      }
      groups[item] = group
      seen += counts[item]
    }
    self.groups = groups
  }
}

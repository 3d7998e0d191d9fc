import DRRCore
import Tables
import Testing

@Suite("What many tables learned")
struct LearnedTableTests {
  /// Three tables of five items: 0 and 1 are of the first, 2 of the second, 3 of both, 4 of none.
  private let tables = ItemTables(
    names: ["Drama", "Comedy", "Empty"], ofItems: [[0], [0], [1], [0, 1], []])
  /// Keys of one item or two: the table, then the items plus one, 28 bits each.
  private func key(_ table: UInt64, _ items: UInt64...) -> UInt64 {
    table << 56 | (items[0] + 1) << 28 | (items.count > 1 ? items[1] + 1 : 0)
  }

  private func scorer(_ aggregation: MultiTableConfiguration.Aggregation) -> MultiTableScorer {
    var configuration = MultiTableConfiguration()
    configuration.aggregation = aggregation
    configuration.shrinkage = 10
    let table = QTable()
    for (key, action, value, visits) in [
      (key(0, 0), 1, 2.0, 10), (key(0, 0), 2, 0.5, 30), (key(0, 0, 1), 3, 4, 5),
      (key(0, 1), 4, -1, 5), (key(1, 2), 0, 1, 90), (key(1, 2), 3, 1, 90),
    ] as [(UInt64, UInt32, Float, UInt32)] {
      table.set(key, QTable.Cell(action: action, value: value, visits: visits))
    }
    return MultiTableScorer(
      configuration, tables, table, MultiTableBackOff(popularity: [0, 0, 0, 0, 0], followers: [:]))
  }

  @Test("is counted by table, weighed by visits, and goes where scores go: by hand")
  func byHand() throws {
    let found = scorer(.shrunk).learned(strongest: 2)
    // The table that nothing was learned of is left out; that with most visits comes first.
    #expect(found.map(\.name) == ["Comedy", "Drama"])
    let (comedy, drama) = (found[0], found[1])
    #expect((drama.rows, drama.cells, drama.visits) == (3, 4, 50))
    #expect((comedy.rows, comedy.cells, comedy.visits) == (1, 2, 180))
    #expect(abs(drama.meanValue - (20 + 15 + 20 - 5) / 50.0) < 1e-12 && comedy.meanValue == 1)
    // Q n / (n + 10): 1 to item 1 (Drama), .375 to 2 (Comedy), 4/3 to 3 (half each); what is below 0 is
    // no recommendation of item 4.
    let wanted = [1 + 2 / 3.0, 0.375 + 2 / 3.0, 0, 0]
    #expect(zip(drama.gains, wanted).allSatisfy { abs($0 - $1) < 1e-6 }, "\(drama.gains)")
    // Both of Comedy's are worth .9: to item 0 (Drama), and to 3 (half each).
    #expect(zip(comedy.gains, [1.35, 0.45, 0, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(
      drama.strongest.map(\.items) == [[0, 1], [0]] && drama.strongest.map(\.next) == [3, 1])
    #expect(drama.strongest[0].visits == 5 && drama.strongest[0].value == 4)
    // Of equals the lower item.
    #expect(comedy.strongest.map(\.next) == [0, 3])
  }

  @Test("by visits alone, values have no say") func visits() {
    let found = scorer(.visits).learned(strongest: 1)
    let drama = found[1]
    #expect(drama.strongest.map(\.next) == [2] && drama.strongest[0].gain == 30)
    // 10 to item 1, 30 to 2, 5 to 3 in halves, 5 to 4, which has no table.
    #expect(drama.gains == [12.5, 32.5, 0, 5])
  }

  @Test("the strongest of many entries are found, whatever order they come in") func many() {
    let table = QTable()
    for item in 0..<400 {
      table.set(
        key(0, 0), QTable.Cell(action: UInt32(item), value: Float(item * 7 % 400), visits: 1))
    }
    var configuration = MultiTableConfiguration()
    configuration.aggregation = .mean
    let scorer = MultiTableScorer(
      configuration,
      ItemTables(names: ["all"], ofItems: (0..<400).map { _ in [0] }), table,
      MultiTableBackOff(popularity: Array(repeating: 0, count: 400), followers: [:]))
    let found = scorer.learned(strongest: 3)[0].strongest
    #expect(found.map(\.value) == [399, 398, 397])
    #expect(found.allSatisfy { Int($0.next) * 7 % 400 == Int($0.value) })
  }
}

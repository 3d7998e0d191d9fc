import Tables
import Tensor
import TestSupport
import Testing

@Suite("Sparse tables of action values") struct QTableTests {
  /// A table that is nothing but dictionaries.
  struct Plain {
    var rows: [UInt64: [UInt32: QTable.Cell]] = [:]

    mutating func learn(_ key: UInt64, _ action: UInt32, _ target: Float, _ rate: Float) {
      var cell = rows[key]?[action] ?? QTable.Cell(action: action, value: 0, visits: 0)
      cell.visits += 1
      cell.value += rate * (target - cell.value)
      rows[key, default: [:]][action] = cell
    }

    func best(_ key: UInt64) -> QTable.Best? {
      rows[key]?.values.min { ($1.value, $0.action) < ($0.value, $1.action) }
        .map { QTable.Best(value: $0.value, action: $0.action) }
    }
  }

  @Test("hold what dictionaries hold, whatever is done", arguments: [1, 2, 3] as [UInt64])
  func randomOperations(seed: UInt64) {
    var random = SeededGenerator(seed)
    let table = QTable()
    var plain = Plain()
    // Few keys and actions, so that cells meet again; some keys have long rows.
    for _ in 0..<30_000 {
      let key = 1 + random.next() % 300
      let action = UInt32(random.next() % (key < 10 ? 2_000 : 12))
      let rate: Float = random.next() % 2 == 0 ? 0.5 : 1
      let target = Float(Int(random.next() % 7)) - 3
      table.learn(key, action, target: target, start: 0) { _ in rate }
      plain.learn(key, action, target, rate)
      let asked = 1 + random.next() % 310
      #expect(table.best(asked) == plain.best(asked))
      #expect(table.cell(asked, action) == plain.rows[asked]?[action])
    }
    #expect(table.contents == plain.rows)
    #expect(table.rowCount == plain.rows.count)
    #expect(table.cellCount == plain.rows.values.reduce(0) { $0 + $1.count })
  }

  @Test("know the largest value after it fell, the lower action of equal ones")
  func fallingBest() {
    let table = QTable()
    func learn(_ action: UInt32, _ target: Float) {
      table.learn(1, action, target: target, start: 0) { _ in 1 }
    }
    learn(7, 3)
    learn(2, 1)
    #expect(table.best(1) == QTable.Best(value: 3, action: 7))
    learn(7, 0.5)
    #expect(table.best(1) == QTable.Best(value: 1, action: 2))
    learn(7, 1)
    #expect(table.best(1) == QTable.Best(value: 1, action: 2))
    learn(1, 1)
    #expect(table.best(1) == QTable.Best(value: 1, action: 1))
    #expect(table.best(2) == nil)
  }

  @Test("take 12 to 16 bytes a cell where rows are long")
  func memory() {
    let table = QTable()
    for key in 1...40 as ClosedRange<UInt64> {
      for action in 0..<UInt32(key) * 100 {
        table.learn(key, action, target: 1, start: 0) { _ in 1 }
      }
    }
    let perCell = Double(table.bytes) / Double(table.cellCount)
    #expect(perCell >= 12 && perCell <= 18, "\(perCell)")
  }

  @Test("start from the value given and count visits")
  func start() {
    let table = QTable()
    table.learn(1, 4, target: 1, start: 9) { 1 / Float($0 + 1) }
    #expect(table.cell(1, 4) == QTable.Cell(action: 4, value: 5, visits: 1))
    table.learn(1, 4, target: 2, start: 9) { 1 / Float($0 + 1) }
    #expect(table.cell(1, 4) == QTable.Cell(action: 4, value: 4, visits: 2))
  }

  @Test("have one checksum whatever the order, and another when a bit differs")
  func checksum() {
    var random = SeededGenerator(4)
    var cells: [(key: UInt64, cell: QTable.Cell)] = []
    for _ in 0..<500 {
      let cell = QTable.Cell(
        action: UInt32(random.next() % 1_000), value: random.floats(1, in: -1...1)[0],
        visits: 1 + UInt32(random.next() % 9))
      cells.append((1 + random.next() % 40, cell))
    }
    var unique: [[UInt64]: (key: UInt64, cell: QTable.Cell)] = [:]
    for entry in cells { unique[[entry.key, UInt64(entry.cell.action)]] = entry }
    func table(_ cells: some Sequence<(key: UInt64, cell: QTable.Cell)>) -> QTable {
      let table = QTable()
      for (key, cell) in cells { table.set(key, cell) }
      return table
    }
    let forth = table(unique.values.sorted { $0.key < $1.key })
    let back = table(unique.values.sorted { $0.key > $1.key })
    #expect(forth.checksum == back.checksum && forth.contents == back.contents)
    let first = unique.values.first!
    back.set(
      first.key,
      QTable.Cell(
        action: first.cell.action, value: first.cell.value.nextUp, visits: first.cell.visits))
    #expect(forth.checksum != back.checksum)
  }
}

import DRRData
import DRRTestSupport
import Tables
import Testing

@Suite("Sub-states") struct SubStateTests {
  typealias Worlds = MultiTableWorlds

  private func keys(
    _ history: [Int32], _ change: (inout MultiTableConfiguration) -> Void = { _ in }
  ) -> [UInt64] {
    Worlds.subStates(history, Worlds.settings(change)).map(\.key).sorted()
  }

  @Test("of three items all of other genres: three singles")
  func different() {
    let found = keys([0, 3, 5]) { $0.subStates = .largest }
    #expect(found == [Worlds.key(0, 0), Worlds.key(1, 3), Worlds.key(2, 5)])
  }

  @Test("of three items two alike: a pair and a single")
  func twoAlike() {
    let found = keys([4, 0, 3]) { $0.subStates = .largest }
    #expect(found == [Worlds.key(0, 0), Worlds.key(1, 3, 4)])
  }

  @Test("of three items all alike: three pairs")
  func allAlike() {
    let found = keys([2, 0, 1]) { $0.subStates = .largest }
    #expect(found == [Worlds.key(0, 0, 1), Worlds.key(0, 0, 2), Worlds.key(0, 1, 2)])
  }

  @Test("of all sizes: the singles too")
  func allSizes() {
    let found = keys([2, 0, 3]) { $0.subStates = .all }
    #expect(
      found
        == [
          Worlds.key(0, 0), Worlds.key(0, 0, 2), Worlds.key(0, 2), Worlds.key(1, 3),
        ].sorted())
  }

  @Test("know how long ago their items were, and only the window's, each once")
  func lags() {
    let found = Worlds.subStates([5, 1, 3, 0, 0], Worlds.settings { $0.subStates = .largest })
    #expect(found.map(\.key) == [Worlds.key(0, 0), Worlds.key(1, 3)])
    #expect(found.map(\.newest) == [1, 3] && found.map(\.oldest) == [1, 3])
    let pair = Worlds.subStates([1, 3, 0], Worlds.settings { $0.subStates = .largest })[0]
    #expect(pair.newest == 1 && pair.oldest == 3 && pair.table == 0 && pair.weight == 1)
  }

  @Test("of items of several genres weigh 1 / g for each")
  func weights() {
    let tables = ItemTables(names: ["a", "b"], ofItems: [[0, 1], [0]])
    let found = Worlds.subStates([0, 1], Worlds.settings { $0.genres = .all }, tables)
    let weights = Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.weight) })
    #expect(
      weights == [
        Worlds.key(0, 0): 0.5, Worlds.key(0, 1): 1, Worlds.key(0, 0, 1): 0.5,
        Worlds.key(1, 0): 0.5,
      ])
  }

  @Test("are as many as combinations, and their keys tell their items", arguments: 1...7)
  func orders(order: Int) {
    let count = 9
    let tables = ItemTables(names: ["a"], ofItems: (0..<count).map { _ in [0] })
    let settings = Worlds.settings {
      $0.window = count
      $0.order = order
      $0.subStates = .largest
    }
    let found = Worlds.subStates((0..<Int32(count)).reversed(), settings, tables)
    var combinations = 1
    for chosen in 0..<order { combinations = combinations * (count - chosen) / (chosen + 1) }
    #expect(found.count == combinations && Set(found.map(\.key)).count == combinations)
    let code = SubStateKey(order: order)
    for subState in found {
      let items = code.items(subState.key)
      #expect(items.count == order && items == items.sorted())
      #expect(Int(subState.newest) == Int(items[0]) + 1)
      #expect(Int(subState.oldest) == Int(items[order - 1]) + 1)
    }
  }

  @Test("of MovieLens 100K are 2.54 an event with three items before it")
  func movieLens() throws {
    try RealData.with("ml-100k.zip") { path in
      let log = try RatingsSource.load(path)
      let split = UserSplit(log, EvaluationProtocol())
      let settings = Worlds.settings { $0.subStates = .largest }
      let tables = try ItemTables(log, settings, Histories(log, split))
      let splitter = SubStateSplitter(settings, tables)
      var (events, subStates) = (0, 0)
      for user in 0..<log.userCount {
        let items = log.rows(ofUser: user).map { log.items[$0] }
        items.withUnsafeBufferPointer { items in
          for at in 3..<max(items.count, 3) {
            events += 1
            splitter.forEach(UnsafeBufferPointer(rebasing: items[..<at])) { _ in subStates += 1 }
          }
        }
      }
      #expect(abs(Double(subStates) / Double(events) - 2.54) < 0.005)
    }
  }
}

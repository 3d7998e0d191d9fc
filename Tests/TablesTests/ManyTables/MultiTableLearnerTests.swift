import DRRTestSupport
import Tables
import Tensor
import Testing

@Suite("Q-learning in many tables") struct MultiTableLearnerTests {
  typealias Worlds = MultiTableWorlds

  /// One event a round, one user: 0 (5 stars), 3 (4), 1 (2), 0 again is never.
  private func learned(
    _ users: [[(item: Int32, rating: Float)]],
    _ change: (inout MultiTableConfiguration) -> Void
  ) throws -> QTable {
    let learner = Worlds.learner(
      Worlds.settings {
        $0.roundSize = 1
        change(&$0)
      }, Histories(users))
    for round in 0..<learner.roundCount { try learner.learn(round: round) }
    return learner.shards[0]
  }

  @Test("moves Q by α of the way to r + γ max Q, in every sub-state")
  func arithmetic() throws {
    let users: [[(item: Int32, rating: Float)]] = [
      [(0, 5), (3, 4), (1, 2)], [(0, 1), (3, 5)],
    ]
    let table = try learned(users) {
      $0.subStates = .largest
      $0.stepSize = .constant(0.5)
      $0.discount = 0.4
      $0.window = 2
    }
    // (0) → 3: r = 0.5, {3} is new. {0} and {3} → 1: r = −0.5, {0, 1} is new. Then (0) → 3 again:
    // r = 1, and the end looks ahead to {3}, whose best is 1 at −0.25.
    let zero = Worlds.key(0, 0)
    let three = Worlds.key(1, 3)
    #expect(table.rowCount == 2)
    #expect(table.cell(zero, 1) == QTable.Cell(action: 1, value: -0.25, visits: 1))
    #expect(table.cell(three, 1) == QTable.Cell(action: 1, value: -0.25, visits: 1))
    let second: Float = 0.25 + 0.5 * (1 + 0.4 * -0.25 - 0.25)
    #expect(table.cell(zero, 3) == QTable.Cell(action: 3, value: second, visits: 2))
  }

  /// {0} and {3} are worth 2 and 1 before item 4 is watched after 0, 3: of the next state {0}, {3, 4}
  /// and, of all sizes, {3}, {4}.
  @Test(
    "looks ahead to the sub-states that the rule names",
    arguments: MultiTableConfiguration.Bootstrap.allCases)
  func bootstraps(bootstrap: MultiTableConfiguration.Bootstrap) throws {
    let settings = Worlds.settings {
      $0.bootstrap = bootstrap
      $0.discount = 0.5
      $0.roundSize = 16
    }
    let learner = Worlds.learner(settings, Histories([[(0, 3), (3, 3), (4, 3)]]))
    learner.shards[0].set(Worlds.key(0, 0), QTable.Cell(action: 5, value: 2, visits: 1))
    learner.shards[0].set(Worlds.key(1, 3), QTable.Cell(action: 5, value: 1, visits: 1))
    // {3, 4} is worth −0.5, and {4} nothing.
    learner.shards[0].set(Worlds.key(1, 3, 4), QTable.Cell(action: 5, value: -0.5, visits: 1))
    try learner.learn(round: 0)
    // actionTable: {3, 4} and {4}: (−0.5 + 0) / 2; sameGenre of table 1: (1 − 0.5 + 0) / 3;
    // the mean of all four: (2 + 1 − 0.5 + 0) / 4.
    let expected: (zero: Float, three: Float) =
      switch bootstrap {
      case .actionTable: (-0.25, -0.25)
      case .sameGenre: (2, 0.5 / 3)
      case .meanOfSubstates: (2.5 / 4, 2.5 / 4)
      }
    let table = learner.shards[0]
    #expect(table.cell(Worlds.key(0, 0), 4)?.value == 0.5 * expected.zero)
    #expect(abs(table.cell(Worlds.key(1, 3), 4)!.value - 0.5 * expected.three) < 1e-7)
  }

  @Test("is worth nothing beyond an end that is terminal, and looks ahead from one cut off")
  func ends() throws {
    let users: [[(item: Int32, rating: Float)]] = [[(0, 5), (3, 5), (5, 5)], [(0, 5), (3, 5)]]
    for isTerminal in [true, false] {
      let table = try learned(users) {
        $0.stepSize = .constant(1)
        $0.discount = 0.5
        $0.endsAreTerminal = isTerminal
      }
      // The last update of (0) → 3 sees {3} worth 1.
      #expect(table.cell(Worlds.key(0, 0), 3)?.value == (isTerminal ? 1 : 1.5))
    }
  }

  @Test("is optimistic of what was never tried")
  func optimism() throws {
    let table = try learned([[(0, 1), (3, 1)], [(0, 1), (3, 1)]]) {
      $0.optimisticStart = 4
      $0.stepSize = .constant(0.5)
      $0.discount = 0.5
    }
    // From 4 half the way to −1 + 0.5 · 4, twice.
    #expect(table.cell(Worlds.key(0, 0), 3)?.value == 1.75)
  }

  @Test("rewards by the mapping that was named")
  func rewards() throws {
    for (reward, expected) in [
      (MultiTableConfiguration.Reward.stars, [Float(0.5), -0.5]), (.liked, [1, 0]),
      (.watched, [1, 1]),
    ] {
      let table = try learned([[(0, 3), (3, 4), (5, 2)]]) {
        $0.reward = reward
        $0.discount = 0
        $0.window = 2
      }
      #expect(
        [
          table.cell(Worlds.key(0, 0), 3)?.value, table.cell(Worlds.key(1, 3), 5)?.value,
        ] == expected)
    }
  }

  @Test("credits what was watched, and punishes what was recommended and passed over")
  func published() throws {
    func table(_ users: [[(item: Int32, rating: Float)]], seed: UInt64) throws -> QTable {
      try learned(users) {
        $0 = .published
        $0.roundSize = 1
        $0.seed = seed
      }
    }
    // There is nothing but 3 to recommend.
    #expect(
      try table([[(0, 3), (3, 3)]], seed: 0).contents
        == [Worlds.key(0, 0): [3: QTable.Cell(action: 3, value: 12, visits: 1)]])
    var seen: Set<[Float]> = []
    for seed in 0..<20 as Range<UInt64> {
      let found = try table([[(0, 3), (3, 3)], [(0, 3), (5, 3)]], seed: seed)
      let three = try #require(found.cell(Worlds.key(0, 0), 3))
      let five = try #require(found.cell(Worlds.key(0, 0), 5))
      // Passed over after it was watched: 12 + 0.8 (−5 − 12); before: −4 + 0.8 (15 + 4).
      #expect(abs(three.value - (three.visits == 1 ? 12 : -1.6)) < 1e-5)
      #expect(abs(five.value - (five.visits == 1 ? 12 : 11.2)) < 1e-5)
      seen.insert([three.value, five.value])
    }
    #expect(seen.count > 1)
  }

  @Test("recommends by ε and by Q < ε, never what is in the window")
  func recommending() throws {
    let histories = Worlds.random(users: 30, events: 40, seed: 3)
    for epsilon in [Float(0), 1] {
      let learner = Worlds.learner(
        Worlds.settings {
          $0.reward = .clicks
          $0.epsilon = epsilon
        }, histories)
      for round in 0..<learner.roundCount { try learner.learn(round: round) }
      #expect(learner.counts.recommended > 0 && learner.counts.clicked > 0)
      #expect(learner.counts.recommended <= learner.counts.subStates)
    }
  }

  static let variants: [(MultiTableConfiguration.Reward, MultiTableConfiguration.Bootstrap, Bool)] =
    [
      (.stars, .actionTable, false), (.stars, .sameGenre, false),
      (.watched, .meanOfSubstates, true), (.clicks, .actionTable, false),
    ]

  @Test("of 1, 2, 3 and 4 shards come to the same bits", arguments: variants)
  func shards(
    reward: MultiTableConfiguration.Reward, bootstrap: MultiTableConfiguration.Bootstrap,
    doubleQ: Bool
  ) throws {
    let tables = ItemTables(
      names: ["a", "b", "c"], ofItems: (0..<40).map { [UInt8($0 % 3)] })
    let histories = Worlds.random(users: 40, events: 30, items: 40, seed: 9)
    let settings = Worlds.settings {
      $0.reward = reward
      $0.bootstrap = bootstrap
      $0.doubleQ = doubleQ
      $0.roundSize = 70
      $0.epochs = 2
      $0.discount = 0.7
      $0.stepSize = .power(0.7)
    }
    let alone = try Worlds.learned(settings, histories, shards: 1, tables: tables)
    for shards in 2...4 {
      let split = try Worlds.learned(settings, histories, shards: shards, tables: tables)
      #expect(split.checksum == alone.checksum, "\(shards) shards")
      #expect(split.rows.reduce(0, +) == alone.rows[0] && split.rows.allSatisfy { $0 > 0 })
      #expect(split.counts.reduce(0) { $0 + $1.updates } == alone.counts[0].updates)
      #expect(split.counts.allSatisfy { $0.messages > 0 })
    }
    #expect(alone.counts[0].messages == 0)
  }

  @Test("ask others once a round for a key, and send them their updates")
  func messages() throws {
    let tables = ItemTables(
      names: ["a", "b", "c"], ofItems: (0..<40).map { [UInt8($0 % 3)] })
    let (users, events, shards) = (12, 9, 3)
    let histories = Worlds.random(users: users, events: events, items: 40, seed: 4)
    let settings = Worlds.settings {
      $0.roundSize = users * events
      $0.discount = 0.5
    }
    /// The finalizer of SplitMix64, and a range of its low half a shard.
    func owner(_ subState: SubState) -> Int {
      var bits = subState.key
      bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
      bits ^= bits >> 31
      return Int((bits & 0xFFFF_FFFF) * UInt64(shards) / (1 << 32))
    }
    let split = try Worlds.learned(settings, histories, shards: shards, tables: tables)
    for rank in 0..<shards {
      var (asked, sent) = (Set<UInt64>(), 0)
      let rows = users * events * rank / shards..<users * events * (rank + 1) / shards
      for row in rows where row % events > 0 {
        let items = Array(histories.items[row - row % events...row])
        let next = Worlds.subStates(items, settings, tables)
        asked.formUnion(next.filter { $0.newest == 1 && owner($0) != rank }.map(\.key))
        sent += Worlds.subStates(items.dropLast(), settings, tables).count { owner($0) != rank }
      }
      #expect(split.counts[rank].messages == asked.count + sent)
    }
  }
}

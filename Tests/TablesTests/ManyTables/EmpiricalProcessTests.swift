import DRRCore
import DRRTestSupport
import Tables
import Tensor
import Testing

@Suite("The process that a log makes") struct EmpiricalProcessTests {
  typealias Worlds = MultiTableWorlds
  typealias Bootstrap = MultiTableConfiguration.Bootstrap

  private func process(
    _ settings: MultiTableConfiguration, _ histories: Histories
  ) -> EmpiricalProcess {
    EmpiricalProcess(settings, histories, Worlds.tables, scale: .fiveStars)
  }

  /// The same by dictionaries and plain definitions: Q of every (key, action) after many sweeps.
  private func brute(
    _ settings: MultiTableConfiguration, _ histories: Histories
  ) -> [UInt64: [UInt32: Double]] {
    struct Visit {
      var reward: Double
      var next: [(key: UInt64, weight: Double)]
    }
    var visits: [UInt64: [UInt32: [Visit]]] = [:]
    for user in 0..<histories.userCount {
      let rows = Array(histories.rows(ofUser: user))
      let items = rows.map { histories.items[$0] }
      for at in items.indices.dropFirst() {
        let next = Worlds.subStates(Array(items[...at]), settings)
        for subState in Worlds.subStates(Array(items[..<at]), settings) {
          var wanted = next.filter { $0.newest == 1 }
          if settings.bootstrap == .meanOfSubstates { wanted = next }
          if settings.bootstrap == .sameGenre {
            let same = next.filter { $0.table == subState.table }
            if !same.isEmpty { wanted = same }
          }
          let weights = wanted.reduce(0.0) { $0 + Double($1.weight) }
          visits[subState.key, default: [:]][UInt32(items[at]), default: []].append(
            Visit(
              reward: Double(histories.ratings[rows[at]] - 3) / 2,
              next: wanted.map { ($0.key, Double($0.weight) / weights) }))
        }
      }
    }
    var q = visits.mapValues { $0.mapValues { _ in 0.0 } }
    for _ in 0..<200 {
      let worth = q.mapValues { $0.values.max()! }
      for (key, row) in visits {
        for (action, all) in row {
          var sum = 0.0
          for visit in all {
            sum += visit.reward
            for next in visit.next {
              sum += Double(settings.discount) * next.weight * (worth[next.key] ?? 0)
            }
          }
          q[key]![action] = sum / Double(all.count)
        }
      }
    }
    return q
  }

  @Test("is solved as dictionaries solve it", arguments: Bootstrap.allCases)
  func bruteForce(bootstrap: Bootstrap) {
    let histories = Worlds.random(users: 12, events: 9, seed: 5)
    let settings = Worlds.settings {
      $0.bootstrap = bootstrap
      $0.discount = 0.8
    }
    let process = process(settings, histories)
    let table = process.table(process.solve(discount: 0.8))
    let expected = brute(settings, histories)
    #expect(table.rowCount == expected.count)
    var cells = 0
    for (key, row) in expected {
      for (action, value) in row {
        cells += 1
        #expect(abs(Double(table.cell(key, action)?.value ?? .nan) - value) < 1e-5)
      }
    }
    #expect(process.cellCount == cells && table.cellCount == cells)
    #expect(process.nextShares.allSatisfy { $0 > 0 && $0 <= 1 + 1e-6 })
  }

  @Test("is what Q-learning with falling steps comes to", arguments: Bootstrap.allCases)
  func convergence(bootstrap: Bootstrap) throws {
    let histories = Worlds.random(users: 6, events: 6, seed: 2)
    let settings = Worlds.settings {
      $0.bootstrap = bootstrap
      $0.discount = 0.2
      $0.stepSize = .inverse
      $0.epochs = 4_000
      $0.roundSize = 8
    }
    let learner = Worlds.learner(settings, histories)
    for round in 0..<learner.roundCount { try learner.learn(round: round) }
    let process = process(settings, histories)
    let exact = process.table(process.solve(discount: 0.2))
    let found = learner.shards[0].contents
    #expect(Set(found.keys) == Set(exact.contents.keys))
    var worst: Float = 0
    for (key, row) in exact.contents {
      for (action, cell) in row {
        worst = max(worst, abs(cell.value - (found[key]?[action]?.value ?? .infinity)))
      }
    }
    #expect(worst < 1e-3, "\(worst)")
  }

  @Test("does not depend on the order of users")
  func order() {
    let histories = Worlds.random(users: 12, events: 9, seed: 8)
    let users = (0..<histories.userCount).map { user in
      histories.rows(ofUser: user).map {
        (item: histories.items[$0], rating: histories.ratings[$0])
      }
    }
    let settings = Worlds.settings { $0.discount = 0.9 }
    let forth = process(settings, Histories(users))
    let back = process(settings, Histories(users.reversed()))
    #expect(
      forth.table(forth.solve(discount: 0.9)).checksum
        == back.table(back.solve(discount: 0.9)).checksum)
  }
}

import ClickSessions
import DRRCore
import DRRTestSupport
import Foundation
import Testing

/// Two users' worth of items: item i is worth i; users click what is first until they were shown
/// `patience` lists.
private final class CountingWorld: SlateEnvironment {
  let itemCount = 12
  var longestSession = 100
  var patience: [Int]
  private var seen: [Int] = []

  init(patience: [Int]) { self.patience = patience }
  var states: [Int32]? { nil }

  func begin(_ count: Int, seed: UInt64) -> [Int32] {
    seen = Array(repeating: 0, count: count)
    return Array(repeating: 3, count: count)
  }

  func respond(to lists: [Int32], size: Int) -> [SessionResponse] {
    seen.indices.map { session in
      seen[session] += 1
      return seen[session] > patience[session % patience.count]
        ? .left : SessionResponse(click: lists[session * size], reward: 0.5)
    }
  }

  func itemValues() -> [Float] { seen.flatMap { _ in (0..<12).map(Float.init) } }
}

@Suite("Simulated sessions")
struct SessionSimulationTests {
  let temporary = TemporaryFolder()

  @Test func countsByHand() throws {
    let world = CountingWorld(patience: [2, 0, 5])
    let policy = FixedLists("fixed", always: [11, 3, 9])
    let result = try SessionSimulation.run(
      world, policy, sessions: 3, listSize: 3, seed: 1)
    let list = "[11,3,9]"
    #expect(
      result.log.spelled == [
        "3[] 11/0.5\(list) 11/0.5\(list)!", "3[]!",
        "3[]" + String(repeating: " 11/0.5\(list)", count: 5) + "!",
      ])
    let statistics = result.statistics
    #expect(statistics.sessions == 3 && statistics.lists == 10 && statistics.distinctItems == 3)
    let third = 1.0 / 3
    #expect(abs(statistics.clicks.mean - 7 * third) < 1e-12)
    #expect(abs(statistics.reward.mean - 3.5 * third) < 1e-12)
    // Deviations −1/3, −7/3, 8/3 of mean square 19/3.
    #expect(abs(statistics.clicks.standardError - (19 * third * third).squareRoot()) < 1e-12)
    #expect(statistics.lengths.map(\.clicks) == [0, 2, 5])
    #expect(abs(statistics.clickedShare - 2 * third) < 1e-12)
    // The best are 11, 10, 9, 8, ..., 2.
    let covered: [Double] = [1, 1, 2, 2, 2, 2, 2, 2, 3, 3]
    let shares: [Double] = covered.enumerated().map { $1 / Double($0 + 1) }
    #expect(statistics.coverage == shares)
    world.longestSession = 4
    let short = try SessionSimulation.run(world, policy, sessions: 3, listSize: 3, seed: 1)
    #expect(short.log.ended == [true, true, false] && short.log.longestSession == 4)
    #expect(abs(short.statistics.endedShare - 2 * third) < 1e-12)
    let whole = BestLists(world)
    let best = try SessionSimulation.run(world, whole, sessions: 1, listSize: 10, seed: 1)
    #expect(best.statistics.coverage.allSatisfy { $0 == 1 })
    let descending = Array((Int32(2)...11).reversed())
    #expect(Array(best.log.list(of: 1)) == descending)
  }

  @Test func sessionsWithClicks() throws {
    let world = CountingWorld(patience: [2, 0, 50])
    world.longestSession = 10
    var simulation = SessionSimulation(.clicked(5), listSize: 2, seed: 1)
    simulation.batch = 6
    let log = try simulation.run(world, RandomLists(itemCount: 12)).log
    // Of three sessions one is without a click and one is cut off; the last is the fifth.
    #expect(log.count == 13 && log.ended[12] && log.clicks(of: 12).count == 3)
    simulation.keepsLog = false
    let result = try simulation.run(world, RandomLists(itemCount: 12))
    #expect(result.log.count == 0 && result.statistics.sessions == 13)
    let nobody = CountingWorld(patience: [0])
    #expect(throws: ConfigurationError.self) {
      try simulation.run(nobody, RandomLists(itemCount: 12))
    }
  }

  @Test func monteCarloAgreesWithExactValues() throws {
    let world = try TabularWorld(states: 5, items: 20, seed: 7)
    world.longestSession = 100_000
    let size = 5
    let constant = world.bestConstantList(size)
    let blind = world.bestBlindLists(size)
    let cases: [(policy: any ListPolicy, value: Double)] = [
      (RandomLists(itemCount: 20), world.randomValue(size)[0]),
      (BestLists(world), world.value(ofLists: world.greedyLists(size))[0]),
      (MixedLists(world), world.mixedValue(size)[0]),
      (
        FixedLists("optimal", world.optimalLists(size), in: world),
        world.value(ofLists: world.optimalLists(size))[0]
      ),
      (FixedLists("constant", always: constant), world.constantValue(constant)),
      (
        BlindLists(first: blind.first, rest: blind.rest),
        world.blindValue(first: blind.first, rest: blind.rest)
      ),
    ]
    for (policy, value) in cases {
      var simulation = SessionSimulation(.sessions(4_000), listSize: size, seed: 11)
      simulation.keepsLog = false
      let statistics = try simulation.run(world, policy).statistics
      let error = statistics.clicks.standardError
      #expect(abs(statistics.clicks.mean - value) < 4 * error, "\(policy.name)")
      #expect(error < 0.05 * value && statistics.reward == statistics.clicks)
      #expect(statistics.endedShare == 1)
      if policy is BestLists {
        #expect(statistics.coverage[0..<size].allSatisfy { $0 == 1 })
      }
      if policy is RandomLists {
        #expect(statistics.coverage.allSatisfy { abs($0 - 0.25) < 0.03 })
      }
    }
  }

  @Test func logsAreWrittenAndReadBack() throws {
    let world = try TabularWorld(seed: 1)
    let run = { (seed: UInt64) in
      try SessionSimulation.run(
        world, MixedLists(world), sessions: 300, listSize: 10, seed: seed
      ).log
    }
    let (log, again, other) = (try run(4), try run(4), try run(5))
    #expect(log.isWhole && log.spelled == again.spelled && log.states == again.states)
    #expect(log.spelled != other.spelled)
    for position in log.positions(of: 0..<log.count) {
      #expect(log.list(of: position.step).contains(log.clicks[position.step]))
    }
    let path = "\(temporary.path)/log.txt"
    try log.write(to: path, format: .semicolon)
    let back = try SessionSource.load(path, options { $0.maximumLength = world.longestSession })
    #expect(back.spelled == log.spelled && back.states == log.states)
    #expect(back.lastStates == log.lastStates && back.itemCount == 50)
  }

  @Test func refusals() throws {
    let world = CountingWorld(patience: [1])
    func run(_ policy: any ListPolicy, _ size: Int) throws {
      _ = try SessionSimulation.run(world, policy, sessions: 2, listSize: size, seed: 1)
    }
    func message(_ policy: any ListPolicy, _ size: Int) -> String? {
      let error = #expect(throws: ConfigurationError.self) { try run(policy, size) }
      return error?.description
    }
    #expect(
      message(RandomLists(itemCount: 12), 13)
        == "list size is 13; it must be from 1 to the 12 items")
    #expect(message(RandomLists(itemCount: 12), 0)?.hasPrefix("list size is 0") == true)
    #expect(
      message(MixedLists(world), 5)
        == "list size is 5; it must be from 1 to 4, the items that the mix policy draws from")
    #expect(
      message(FixedLists("twice", always: [1, 1]), 2)
        == "twice shows item 1; each item of a list must be another one from 0 to 11")
    #expect(
      message(FixedLists("short", always: [1]), 2)
        == "list size is 2; it must be 1, which the fixed lists have")
    #expect(message(FixedLists("states", [[1]], in: world), 1)?.contains("numbered states") == true)
  }
}

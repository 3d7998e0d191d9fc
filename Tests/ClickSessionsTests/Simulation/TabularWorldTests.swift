import ClickSessions
import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import Testing

@Suite("Tabular world")
struct TabularWorldTests {
  let temporary = TemporaryFolder()

  private func choices(_ size: Int, of items: [Int]) -> [[Int]] {
    guard size > 0 else { return [[]] }
    return items.indices.flatMap { first in
      choices(size - 1, of: Array(items[(first + 1)...])).map { [items[first]] + $0 }
    }
  }

  /// Σ_t T^t c, step by step: no equation is solved.
  private func clicks(_ world: TabularWorld, _ looks: [[Double]]) -> [Double] {
    var values = [Double](repeating: 0, count: world.stateCount)
    for _ in 0..<4_000 {
      values = (0..<world.stateCount).map { state in
        (0..<world.itemCount).reduce(0) { sum, item in
          sum + looks[state][item] * world.reward(state, item)
            * zip(world.next(state, item), values).reduce(1) { $0 + $1.0 * $1.1 }
        }
      }
    }
    return values
  }

  private func near(_ first: [Double], _ second: [Double], _ tolerance: Double) -> Bool {
    zip(first, second).allSatisfy { abs($0 - $1) <= tolerance * (1 + abs($1)) }
  }

  @Test(arguments: 1...4)
  func valuesAreSumsOverSteps(_ size: Int) throws {
    let world = try TabularWorld(states: 4, items: 9, seed: UInt64(size))
    let lists = (0..<4).map { state in (0..<size).map { ($0 * 2 + state) % 9 } }
    let looks = world.looks(at: lists)
    #expect(looks.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-12 })
    #expect(near(world.value(ofLists: lists), clicks(world, looks), 1e-9))
  }

  @Test(arguments: [1, 2, 3, 5, 6])
  func randomListsAreTheMeanOfAll(_ size: Int) throws {
    let world = try TabularWorld(states: 3, items: 6, seed: 5)
    let all = choices(size, of: Array(0..<6))
    var looks = [[Double]](repeating: Array(repeating: 0, count: 6), count: 3)
    for list in all {
      for (state, row) in world.looks(at: [list, list, list]).enumerated() {
        for item in 0..<6 { looks[state][item] += row[item] / Double(all.count) }
      }
    }
    let found = world.looks(atRandom: size, from: Array(repeating: Array(0..<6), count: 3))
    for state in 0..<3 { #expect(near(found[state], looks[state], 1e-10)) }
    #expect(near(world.randomValue(size), clicks(world, looks), 1e-9))
  }

  @Test(arguments: 1...5)
  func noListsAreBetterThanTheOptimal(_ seed: UInt64) throws {
    let world = try TabularWorld(states: 3, items: 5, seed: seed)
    for size in 1...4 {
      let lists = choices(size, of: Array(0..<5))
      var best = [0.0, 0, 0]
      var (constant, blind) = (0.0, 0.0)
      for first in lists {
        constant = max(constant, world.value(ofLists: [first, first, first])[0])
        for second in lists {
          // The first step shows another list than all others.
          let rest = world.value(ofLists: [second, second, second])
          let opening = world.looks(at: [first, first, first])[0]
          blind = max(
            blind,
            (0..<5).reduce(0) { sum, item in
              sum + opening[item] * world.reward(0, item)
                * zip(world.next(0, item), rest).reduce(1) { $0 + $1.0 * $1.1 }
            })
          for third in lists {
            best = zip(best, world.value(ofLists: [first, second, third])).map { max($0, $1) }
          }
        }
      }
      let optimal = world.optimalLists(size)
      #expect(optimal.allSatisfy { Set($0).count == size })
      #expect(near(world.value(ofLists: optimal), best, 1e-10))
      #expect(abs(world.constantValue(world.bestConstantList(size)) - constant) < 1e-10)
      let (first, rest) = world.bestBlindLists(size)
      #expect(abs(world.blindValue(first: first, rest: rest) - blind) < 1e-10)
      #expect(constant <= blind + 1e-10 && blind <= best[0] + 1e-10)
      let greedy = world.value(ofLists: world.greedyLists(size))
      #expect(zip(greedy, best).allSatisfy { $0 <= $1 + 1e-10 })
    }
  }

  @Test func usersWhoNeverLeave() throws {
    let stays = [[[1.0], [1.0]]]
    let world = try TabularWorld(rewards: [[1, 0]], transitions: stays)
    #expect(world.value(ofLists: [[0]]) == [.infinity])
    #expect(world.value(ofLists: [[1]]) == [0] && world.value(ofLists: [[0, 1]]) == [.infinity])
    #expect(world.optimalLists(1) == [[0]])
    _ = world.begin(2, seed: 1)
    let responses = try world.respond(to: [1, 0], size: 1)
    #expect(responses == [.left, SessionResponse(click: 0, reward: 1)])
  }

  @Test func files() throws {
    let world = try TabularWorld(states: 3, items: 4, seed: 2)
    let folder = "\(temporary.path)/world"
    try world.write(to: folder)
    let copy = try TabularWorld(reading: folder)
    #expect(copy.rewards == world.rewards && copy.transitions == world.transitions)
    let other = try TabularWorld(states: 3, items: 4, seed: 3)
    #expect(other.rewards != world.rewards && other.transitions != world.transitions)
  }

  static let faults: [(score: String, prob: String, message: String)] = [
    (
      "0.5 2\n", "1\n1\n=====\n", "w/score.txt, line 1: \"2\", expected a number from 0 to 1"
    ),
    (
      "0.5 0.5\n0.5\n", "",
      "w/score.txt, line 2: 1 number, expected 2, as in line 1"
    ),
    (
      "0.5 0.5\n", "1\n0.5\n=====\n",
      "w/prob.txt, line 2: 1 number of sum 0.5, expected 1, a state each, of sum 1"
    ),
    (
      "0.5 0.5\n", "1\n=====\n",
      "w/prob.txt, line 2: a state of 1 item, expected 2, as in score.txt"
    ),
    (
      "0.5\n0.5\n", "1 0\n=====\n",
      "w/prob.txt, line 2: the end after 1 state, the last with 1 item; "
        + "expected 2 states of 1 item, as in score.txt"
    ),
  ]

  @Test(arguments: faults.indices)
  func refusals(_ index: Int) throws {
    let (score, prob, message) = Self.faults[index]
    let folder = try temporary.folder("w", ["score.txt": score, "prob.txt": prob])
    let error = #expect(throws: DataError.self) { try TabularWorld(reading: folder) }
    #expect(error?.description == message)
    #expect(throws: ConfigurationError.self) { try TabularWorld(states: 0, seed: 1) }
    #expect(throws: ConfigurationError.self) {
      try TabularWorld(rewards: [[0.5]], transitions: [[[0.5, 0.5]]])
    }
  }

  /// The values are those of an evaluation in NumPy of the same two files.
  @Test func publishedWorld() throws {
    try RealData.with("irecgan-mdp.zip") { path in
      let world = try TabularWorld(reading: path)
      #expect(world.stateCount == 10 && world.itemCount == 50)
      let table: [(size: Int, greedy: Double, optimal: Double)] = [
        (1, 64.0040, 64.0040), (2, 34.2849, 41.4569), (5, 17.1198, 19.6443),
        (10, 8.9085, 10.6253), (20, 4.2899, 5.1414), (50, 1.9052, 1.9052),
      ]
      for (size, greedy, optimal) in table {
        #expect(abs(world.value(ofLists: world.greedyLists(size))[0] - greedy) < 1e-4)
        #expect(abs(world.value(ofLists: world.optimalLists(size))[0] - optimal) < 1e-4)
      }
      #expect(abs(world.randomValue(50)[0] - 1.9052) < 1e-4)
      // Monte-Carlo means and three of their standard errors.
      #expect(abs(world.randomValue(10)[0] - 1.757) < 3 * 0.037)
      #expect(abs(world.mixedValue(10)[0] - 3.415) < 3 * 0.062)
      let list = world.bestConstantList(10)
      #expect(Set(list).count == 10 && world.constantValue(list) < 10.6253)
      let (first, rest) = world.bestBlindLists(10)
      #expect(world.blindValue(first: first, rest: rest) > world.constantValue(list))
      try world.write(to: "\(temporary.path)/copy")
      for (name, checksum) in [("score.txt", "7f75de30"), ("prob.txt", "4d4246f9")] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(temporary.path)/copy/\(name)"))
        #expect(hexadecimal(referenceCRC(bytes)) == checksum)
      }
    }
  }
}

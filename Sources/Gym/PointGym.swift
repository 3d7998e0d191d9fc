import DRRCore
import Environments
import Tensor

/// Points side by side: where each is, and how far it is pushed, at most 1.
struct PointGym: GymEnvironments {
  private let world: PointWorld
  private var points: [Float]
  private var ages: [Int]
  private var draws: [Philox]

  init(_ world: PointWorld, count: Int, seed: UInt64) {
    self.world = world
    points = Array(repeating: 0, count: count)
    ages = Array(repeating: 0, count: count)
    draws = (0..<UInt64(count)).map {
      Philox(seed: seed, stream: Streams.finiteEnvironment &+ $0 << 8)
    }
    beginEpisodes()
  }

  var count: Int { points.count }
  var observationSpace: Space { .box(width: 1, range: PointWorld.range) }
  var actionSpace: Space { .box(width: 1, range: -1...1) }
  var observations: Numbers { .real(points) }
  var allowed: ItemMask? { nil }

  mutating func step(_ actions: Numbers) -> GymOutcome {
    var outcome = GymOutcome(
      rewards: [], terminated: Array(repeating: false, count: count), truncated: [],
      last: .real([]))
    var last: [Float] = []
    for (row, push) in actions.floats.enumerated() {
      outcome.rewards.append(-world.cost(of: push, at: points[row]))
      points[row] = world.moved(points[row], by: push, noise: draws[row].normal())
      ages[row] += 1
      let isLast = ages[row] == world.length
      outcome.truncated.append(isLast)
      if isLast {
        last.append(points[row])
        begin(row)
      }
    }
    outcome.last = .real(last)
    return outcome
  }

  mutating func beginEpisodes() { for row in points.indices { begin(row) } }

  private mutating func begin(_ row: Int) {
    points[row] = Float.random(in: -1...1, using: &draws[row])
    ages[row] = 0
  }
}

extension GymWorld {
  /// Points that pushes are to bring to 0.
  public init(_ name: String, _ world: PointWorld) {
    self.init(name) { count, seed in
      try world.validate()
      return PointGym(world, count: count, seed: seed)
    }
  }
}

import DRRCore
import Tensor

/// What environments that step together have earned since the last report.
package struct EpisodeTally {
  private(set) var steps = 0
  private(set) var reward = 0.0
  /// Episodes that ended, and the sum of what they earned.
  private(set) var episodes = 0
  private(set) var sum = 0.0
  /// What the episodes under way have earned.
  private var sums: [Double]

  package init(environments: Int) { sums = Array(repeating: 0, count: environments) }

  /// A step's reward.
  package var meanReward: Double { reward / Double(max(steps, 1)) }
  /// An ended episode's sum; nil where none ended.
  package var meanReturn: Double? { episodes > 0 ? sum / Double(episodes) : nil }

  package mutating func add(_ outcomes: [Step<[Int32]>]) {
    for (row, outcome) in outcomes.enumerated() {
      add(row, reward: outcome.reward, isLast: outcome.isLast)
    }
  }

  /// One environment's step.
  package mutating func add(_ row: Int, reward earned: Float, isLast: Bool) {
    sums[row] += Double(earned)
    steps += 1
    reward += Double(earned)
    guard isLast else { return }
    episodes += 1
    sum += sums[row]
    sums[row] = 0
  }

  /// The episodes under way are given up.
  package mutating func beginEpisodes() { sums = sums.map { _ in 0 } }

  /// A report was made; what the episodes under way have earned stays.
  package mutating func begin() { (steps, reward, episodes, sum) = (0, 0, 0, 0) }

  package func save(to file: inout SafetensorsWriter) throws {
    try file.add("tally.counts", [Int64(steps), Int64(episodes)])
    try file.add("tally.sums", [reward, sum] + sums)
  }

  package mutating func restore(from file: SafetensorsFile) throws {
    let counts = try file.integers("tally.counts", .count, shape: [2])
    let found = try file.doubles("tally.sums", shape: [2 + sums.count])
    (steps, reward, episodes, sum) = (counts[0], found[0], counts[1], found[1])
    sums = Array(found.dropFirst(2))
  }
}

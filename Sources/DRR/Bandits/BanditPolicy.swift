import DRRCore
import Tensor

/// What a policy sees before it chooses one of its arms.
public struct BanditRound: Sendable {
  /// Arms that may be chosen, in rising order, at least one; nil: all.
  public var available: [Int]?
  /// [arms, width], row by row; empty where arms have no features.
  public var features: [Double]

  public init(available: [Int]? = nil, features: [Double] = []) {
    (self.available, self.features) = (available, features)
  }
}

public struct BanditChoice: Equatable, Sendable {
  public var arm: Int
  /// The probability with which this arm was chosen, given all that the policy had seen; nil where
  /// `choose` does not know it: `probabilities` may.
  public var probability: Double?

  public init(_ arm: Int, probability: Double?) {
    (self.arm, self.probability) = (arm, probability)
  }
}

/// A policy of a bandit with a fixed number of arms. Its value is all that its next choice depends
/// on: encoded and decoded, it goes on to the same bits.
public protocol BanditPolicy: Codable, Sendable {
  var armCount: Int { get }

  mutating func choose(_ round: BanditRound) -> BanditChoice

  /// Learns from the reward, from 0 to 1 or of that order, of an arm that was shown in `round`.
  mutating func observe(_ arm: Int, reward: Double, in round: BanditRound)

  /// Whether this, read from a file, is what `fresh`, of the same settings and seed, can become.
  func follows(_ fresh: Self) -> Bool

  /// Of each arm, the probability that `choose` takes it now; nil where that is not computed.
  func probabilities(_ round: BanditRound) -> [Double]?
}

extension BanditRound {
  func count(of armCount: Int) -> Int { available?.count ?? armCount }

  func arm(_ place: Int) -> Int { available?[place] ?? place }

  /// The available arm of the highest index. Of equals one is drawn: how arms are numbered says
  /// nothing of them. `random` is not asked where there is one.
  @inline(__always)
  func best(
    of armCount: Int, _ random: inout Philox, _ index: (Int) -> Double
  ) -> Highest {
    var best = Highest(arm: arm(0), index: -.infinity, count: 0)
    for place in 0..<count(of: armCount) {
      let arm = arm(place)
      let value = index(arm)
      if value > best.index {
        best = Highest(arm: arm, index: value, count: 1)
      } else if value == best.index {
        // Of n equals so far the newest takes the place of the one that stands with chance 1/n.
        best.count += 1
        if random.index(below: best.count) == 0 { best.arm = arm }
      }
    }
    return best
  }

  /// All of the probability on the arms of the highest index, each an equal share.
  func greedy(of armCount: Int, _ index: (Int) -> Double) -> [Double] {
    var random = Philox(seed: 0)
    let best = best(of: armCount, &random, index)
    var shares = [Double](repeating: 0, count: armCount)
    for place in 0..<count(of: armCount) {
      let arm = arm(place)
      if index(arm) == best.index { shares[arm] = best.probability }
    }
    return shares
  }

  /// The same probability for each available arm.
  func even(of armCount: Int) -> [Double] {
    var shares = [Double](repeating: 0, count: armCount)
    let count = count(of: armCount)
    for place in 0..<count { shares[arm(place)] = 1 / Double(count) }
    return shares
  }
}

/// An arm of the highest index, and how many have it.
struct Highest {
  var arm: Int
  var index: Double
  var count: Int

  /// With which the arm was drawn of its equals.
  var probability: Double { 1 / Double(count) }
  var choice: BanditChoice { BanditChoice(arm, probability: probability) }
}

/// How often each arm was pulled, and its mean reward.
public struct ArmStatistics: Codable, Sendable {
  public private(set) var pulls: [Int]
  public private(set) var sums: [Double]
  /// 0 of an arm that was never pulled.
  public private(set) var means: [Double]
  /// n^(−½); infinite of an arm that was never pulled.
  public private(set) var widths: [Double]
  public private(set) var total = 0

  private enum CodingKeys: CodingKey { case pulls, sums }

  public init(arms: Int) {
    self.init(pulls: Array(repeating: 0, count: arms), sums: Array(repeating: 0, count: arms))
  }

  private init(pulls: [Int], sums: [Double]) {
    (self.pulls, self.sums) = (pulls, sums)
    means = zip(sums, pulls).map { $1 == 0 ? 0 : $0 / Double($1) }
    widths = pulls.map { 1 / Double($0).squareRoot() }
    // Of pulls from a file, which `follows` checks then.
    total = pulls.reduce(0, &+)
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      pulls: try fields.decode([Int].self, forKey: .pulls),
      sums: try fields.decode([Double].self, forKey: .sums))
  }

  func follows(_ fresh: Self) -> Bool {
    pulls.follows(fresh.pulls, Stored.counts) && sums.follows(fresh.sums, Stored.sums)
  }

  public mutating func observe(_ arm: Int, _ reward: Double) {
    pulls[arm] += 1
    sums[arm] += reward
    let count = Double(pulls[arm])
    means[arm] = sums[arm] / count
    widths[arm] = 1 / count.squareRoot()
    total += 1
  }
}

/// A policy that keeps the statistics of its arms, and mostly no more of what it observes.
protocol ArmsPolicy {
  var arms: ArmStatistics { get set }
}

extension ArmsPolicy {
  public var armCount: Int { arms.pulls.count }

  public mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {
    arms.observe(arm, reward)
  }
}

import DRRCore
import OffPolicy
import Platform
import Tensor

/// Thompson sampling for rewards of 0 and 1 (Agrawal & Goyal 2012, algorithm 1): a mean is drawn
/// for each arm from its posterior Beta(1 + successes, 1 + failures), and the highest wins. A
/// reward in between counts as a success with that probability (algorithm 2).
public struct ThompsonPolicy: BanditPolicy {
  public private(set) var successes: [Double]
  public private(set) var failures: [Double]
  private var random: Philox

  public init(arms: Int, seed: UInt64) {
    successes = Array(repeating: 0, count: arms)
    failures = successes
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  public var armCount: Int { successes.count }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    var (best, highest) = (round.arm(0), -1.0)
    for place in 0..<round.count(of: armCount) {
      let arm = round.arm(place)
      let draw = random.beta(1 + successes[arm], 1 + failures[arm])
      if draw > highest { (best, highest) = (arm, draw) }
    }
    return BanditChoice(best, probability: nil)
  }

  public mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {
    let isSuccess = reward >= 1 || (reward > 0 && random.coin(reward))
    if isSuccess { successes[arm] += 1 } else { failures[arm] += 1 }
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    let arms = (0..<round.count(of: armCount)).map { round.arm($0) }
    let posteriors = arms.map { arm in
      let (a, b) = (1 + successes[arm], 1 + failures[arm])
      let mean = a / (a + b)
      return ProbabilityOfBest.Posterior(
        mean: mean, deviation: (mean * (1 - mean) / (a + b + 1)).squareRoot(), bounds: 0...1
      ) { x in
        (a == 1 ? 0 : (a - 1) * log(x)) + (b == 1 ? 0 : (b - 1) * log(1 - x))
      }
    }
    return ProbabilityOfBest.spread(ProbabilityOfBest.values(posteriors), over: arms, of: armCount)
  }

  public func follows(_ fresh: Self) -> Bool {
    successes.follows(fresh.successes, Stored.totals)
      && failures.follows(fresh.failures, Stored.totals) && random.follows(fresh.random)
  }
}

/// Thompson sampling with normal posteriors (Agrawal & Goyal 2013, algorithm 2): for each arm a
/// draw from N(mean_a, 1 / (n_a + 1)), the mean over n_a + 1 rewards of which the first was 0.
public struct GaussianThompsonPolicy: BanditPolicy, ArmsPolicy {
  public internal(set) var arms: ArmStatistics
  private var random: Philox

  public init(arms: Int, seed: UInt64) {
    self.arms = ArmStatistics(arms: arms)
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  private func posterior(_ arm: Int) -> (mean: Double, deviation: Double) {
    let count = Double(arms.pulls[arm] + 1)
    return (arms.sums[arm] / count, 1 / count.squareRoot())
  }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    var (best, highest) = (round.arm(0), -Double.infinity)
    for place in 0..<round.count(of: armCount) {
      let arm = round.arm(place)
      let (mean, deviation) = posterior(arm)
      let draw = mean + deviation * random.gaussian()
      if draw > highest { (best, highest) = (arm, draw) }
    }
    return BanditChoice(best, probability: nil)
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    let arms = (0..<round.count(of: armCount)).map { round.arm($0) }
    let posteriors = arms.map { ProbabilityOfBest.Posterior.normal(posterior($0)) }
    return ProbabilityOfBest.spread(ProbabilityOfBest.values(posteriors), over: arms, of: armCount)
  }

  public func follows(_ fresh: Self) -> Bool {
    arms.follows(fresh.arms) && random.follows(fresh.random)
  }
}

/// The probability that each of some independent posteriors gives the largest draw:
/// P_a = ∫ f_a(x) Π_{b≠a} F_b(x) dx, by the midpoint rule on each arm's own grid.
enum ProbabilityOfBest {
  struct Posterior {
    var mean: Double
    var deviation: Double
    var bounds = -Double.infinity...Double.infinity
    /// The logarithm of the density, up to a constant.
    var logDensity: (Double) -> Double

    static func normal(_ posterior: (mean: Double, deviation: Double)) -> Posterior {
      let (mean, deviation) = posterior
      return Posterior(mean: mean, deviation: deviation) { x in
        let z = (x - mean) / deviation
        return -0.5 * z * z
      }
    }
  }

  /// The cells of one posterior: where they begin, how wide they are, and their probabilities.
  private struct Grid {
    static let cells = 1_000
    var first: Double
    var width: Double
    /// Of all cells before one.
    var below: [Double]

    init(_ posterior: Posterior) {
      let reach = 9 * posterior.deviation
      let low = max(posterior.bounds.lowerBound, posterior.mean - reach)
      let high = min(posterior.bounds.upperBound, posterior.mean + reach)
      let width = (high - low) / Double(Self.cells)
      (first, self.width) = (low, width)
      let logs = (0..<Self.cells).map { posterior.logDensity(low + (Double($0) + 0.5) * width) }
      let most = logs.max()!
      below = [0]
      for value in logs { below.append(below.last! + exp(value - most)) }
      let all = below.last!
      for place in below.indices { below[place] /= all }
    }

    var lastCell: Int { Self.cells - 1 }
    func middle(_ cell: Int) -> Double { first + (Double(cell) + 0.5) * width }
    func probability(_ cell: Int) -> Double { below[cell + 1] - below[cell] }

    /// F(x), linear within a cell.
    func cumulative(_ x: Double) -> Double {
      let place = (x - first) / width
      if place <= 0 { return 0 }
      if place >= Double(Self.cells) { return 1 }
      let cell = min(Int(place), lastCell)
      return below[cell] + (place - Double(cell)) * probability(cell)
    }
  }

  static func values(_ posteriors: [Posterior]) -> [Double] {
    let grids = posteriors.map(Grid.init)
    var values = grids.indices.map { arm in
      (0..<Grid.cells).reduce(0.0) { sum, cell in
        var product = grids[arm].probability(cell)
        let x = grids[arm].middle(cell)
        for other in grids.indices where other != arm && product > 0 {
          product *= grids[other].cumulative(x)
        }
        return sum + product
      }
    }
    let sum = values.reduce(0, +)
    for arm in values.indices { values[arm] /= sum }
    return values
  }

  /// The values of the available arms among all.
  static func spread(_ values: [Double], over arms: [Int], of armCount: Int) -> [Double] {
    var all = [Double](repeating: 0, count: armCount)
    for (arm, value) in zip(arms, values) { all[arm] = value }
    return all
  }
}

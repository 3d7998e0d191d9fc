import DRRCore
import Essentials
import Tensor

/// What one round came to.
public struct BanditPlay: Sendable {
  public var reward: Double
  /// What the best choice of this round was expected to earn more than the one that was made.
  public var regret: Double
  public var isBest: Bool

  public init(reward: Double, regret: Double, isBest: Bool) {
    (self.reward, self.regret, self.isBest) = (reward, regret, isBest)
  }
}

/// Arms, round after round, whoever chooses among them. Its value is all that the next round depends
/// on.
public protocol BanditRounds: Codable, Sendable {
  /// K, the number of arms.
  var arms: Int { get }
  /// Numbers by which each arm is seen; 0 where arms have no features.
  var width: Int { get }
  /// What is seen before the next choice.
  mutating func next() -> BanditRound
  /// What the choice comes to.
  mutating func pay(_ arm: Int) -> BanditPlay
  /// Whether this, read from a file, is what `fresh`, of the same settings and seed, can become.
  func follows(_ fresh: Self) -> Bool
}

/// A policy at work in an environment. Its value is all that the next round depends on.
public protocol BanditTrial: Codable, Sendable {
  mutating func play() -> BanditPlay
  /// Other figures of all rounds so far, by name.
  var figures: [String: Double] { get }
  /// Whether this, read from a file, is what `fresh`, of the same settings and seed, can become.
  func follows(_ fresh: Self) -> Bool
}

extension BanditTrial {
  public var figures: [String: Double] { [:] }
}

/// A policy at work in rounds.
struct RoundsTrial<Rounds: BanditRounds, Policy: BanditPolicy>: BanditTrial {
  private var rounds: Rounds
  private var policy: Policy

  init(_ policy: Policy, _ rounds: Rounds) { (self.policy, self.rounds) = (policy, rounds) }

  mutating func play() -> BanditPlay {
    let round = rounds.next()
    let arm = policy.choose(round).arm
    let play = rounds.pay(arm)
    policy.observe(arm, reward: play.reward, in: round)
    return play
  }

  func follows(_ fresh: Self) -> Bool {
    rounds.follows(fresh.rounds) && policy.follows(fresh.policy)
  }

  // The rounds' own entries, and the policy beside them.
  private enum Keys: CodingKey { case policy }

  init(from decoder: any Decoder) throws {
    rounds = try Rounds(from: decoder)
    policy = try decoder.container(keyedBy: Keys.self).decode(Policy.self, forKey: .policy)
  }

  func encode(to encoder: any Encoder) throws {
    try rounds.encode(to: encoder)
    var stored = encoder.container(keyedBy: Keys.self)
    try stored.encode(policy, forKey: .policy)
  }
}

/// A theorem's bound on the expected regret.
public struct RegretBound: Codable, Sendable {
  /// After as many rounds as were asked about.
  public var values: [Double]
  /// Where it is proved, and what it holds of.
  public var source: String
}

/// An environment that policies are tried in: what seeds draw anew, and what stays.
public protocol BanditProblem: Codable, Hashable, Sendable {
  /// A word for the kind of problem.
  static var kind: String { get }
  /// The policies that it knows, each with what may follow a colon.
  static var policies: [String] { get }
  /// Those of an experiment that names none.
  static var usualPolicies: [String] { get }

  func validate() throws(ConfigurationError)
  func trial(_ policy: String, seed: UInt64) throws(ConfigurationError) -> any BanditTrial
  func bound(_ policy: String, seed: UInt64, after rounds: [Int]) -> RegretBound?
  /// What no policy that does well in every such problem can do better than in the long run
  /// (Lai & Robbins 1985), as its growth with ln n.
  func asymptote(seed: UInt64, after rounds: [Int]) -> [Double]?
}

extension BanditProblem {
  public func asymptote(seed: UInt64, after rounds: [Int]) -> [Double]? { nil }
}

/// Policies, each played so many rounds with each of so many seeds.
public struct BanditConfiguration<Problem: BanditProblem>: RunSettings {
  public static var algorithms: [String] { ["bandit-\(Problem.kind)"] }
  public var title: String { "a bandit experiment" }
  public var command: String { "bandit \(Problem.kind)" }

  public var problem: Problem
  public var policies: [String]
  public var rounds: Int
  public var seeds: Int
  /// The first seed; the others follow it.
  public var seed: UInt64

  public init(_ problem: Problem, policies: [String] = [], rounds: Int, seeds: Int, seed: UInt64) {
    self.problem = problem
    self.policies = policies.isEmpty ? Problem.usualPolicies : policies
    (self.rounds, self.seeds, self.seed) = (rounds, seeds, seed)
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("rounds", rounds, in: 1...100_000_000)
    try ConfigurationError.require("seeds", seeds, in: 1...10_000)
    try ConfigurationError.require("the first seed", seed, "below 2⁶⁴ − 10,000") {
      $0 < .max - 10_000
    }
    try problem.validate()
    for (place, policy) in policies.enumerated() {
      if policies.firstIndex(of: policy) != place {
        throw ConfigurationError("policy \(policy) is named twice; leave one of them out")
      }
      _ = try problem.trial(policy, seed: seed)
    }
  }

  /// Rounds after which regret is kept: evenly spaced, and by equal ratios.
  public var marks: [Int] {
    let even = (1...60).map { $0 * rounds / 60 }
    var all = Set(even)
    var mark = 1.0
    while mark < Double(rounds) {
      all.insert(Int(mark))
      mark = max(mark + 1, mark * 1.15)
    }
    return all.filter { $0 >= 1 }.sorted()
  }
}

/// What a policy did with one seed.
public struct BanditOutcome: Codable, Equatable, Sendable {
  public var policy: String
  public var seed: UInt64
  /// Cumulative pseudo-regret after each mark.
  public var regret: [Double]
  public var reward: Double
  /// Rounds in which the best choice was made.
  public var best: Int
  public var figures: [String: Double]
}

/// An experiment under way: trial after trial, each as many rounds at once as asked for.
public struct BanditExperiment<Problem: BanditProblem>: Sendable {
  public let configuration: BanditConfiguration<Problem>
  public let marks: [Int]
  public private(set) var outcomes: [BanditOutcome] = []
  private var trial: (any BanditTrial)?
  private var current: Tally

  /// What was counted of the trial under way.
  fileprivate struct Tally: Codable {
    var rounds = 0
    var totalRegret = 0.0
    var regret: [Double] = []
    var reward = 0.0
    var best = 0
  }

  /// All that the rest depends on.
  public struct State: Codable {
    fileprivate var outcomes: [BanditOutcome]
    fileprivate var tally: Tally
    fileprivate var trial: Data?
  }

  public init(_ configuration: BanditConfiguration<Problem>) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    marks = configuration.marks
    current = Tally()
  }

  private var trials: Int { configuration.policies.count * configuration.seeds }
  public var isDone: Bool { outcomes.count == trials }
  public var totalRounds: Int { trials * configuration.rounds }
  public var roundsDone: Int { outcomes.count * configuration.rounds + current.rounds }

  /// The policy and seed of the trial under way; all policies are played with one seed before the
  /// next.
  public var place: (policy: String, seed: UInt64) {
    let number = min(outcomes.count, trials - 1)
    let policies = configuration.policies
    return (
      policies[number % policies.count], configuration.seed + UInt64(number / policies.count)
    )
  }

  /// Plays at most so many rounds of the trial under way.
  public mutating func advance(rounds: Int) throws {
    guard !isDone else { return }
    let (policy, seed) = place
    var trial = try trial ?? configuration.problem.trial(policy, seed: seed)
    self.trial = nil
    play(&trial, min(rounds, configuration.rounds - current.rounds))
    guard current.rounds == configuration.rounds else { return self.trial = trial }
    outcomes.append(
      BanditOutcome(
        policy: policy, seed: seed, regret: current.regret, reward: current.reward,
        best: current.best, figures: trial.figures))
    current = Tally()
  }

  private mutating func play(_ trial: inout some BanditTrial, _ rounds: Int) {
    for _ in 0..<rounds {
      let play = trial.play()
      current.rounds += 1
      current.totalRegret += play.regret
      current.reward += play.reward
      if play.isBest { current.best += 1 }
      if current.rounds == marks[current.regret.count] {
        current.regret.append(current.totalRegret)
      }
    }
  }

  public func state() throws -> State {
    func encoded(_ trial: some BanditTrial) throws -> Data {
      // Keys in order, so that equal states are equal bytes.
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return try encoder.encode(trial)
    }
    return State(outcomes: outcomes, tally: current, trial: try trial.map { try encoded($0) })
  }

  /// Goes on from what `state` gave an experiment of the same configuration.
  ///
  /// - Returns: whether it is a state that such an experiment can have; nothing is to be done with
  ///   the experiment otherwise.
  public mutating func restore(_ state: State) throws -> Bool {
    let (tally, rounds) = (state.tally, configuration.rounds)
    let marked = marks.prefix { $0 <= tally.rounds }.count
    guard state.outcomes.count < trials || state.outcomes.count == trials && tally.rounds == 0,
      0..<max(rounds, 1) ~= tally.rounds, 0...tally.rounds ~= tally.best,
      tally.regret.count == marked,
      state.outcomes.allSatisfy({
        $0.regret.count == marks.count && 0...rounds ~= $0.best
      }), (state.trial == nil) == (tally.rounds == 0)
    else { return false }
    outcomes = state.outcomes
    current = state.tally
    trial = nil
    guard let data = state.trial else { return true }
    func decoded<Trial: BanditTrial>(_ fresh: Trial) throws -> (any BanditTrial)? {
      let found = try JSONDecoder().decode(Trial.self, from: data)
      return found.follows(fresh) ? found : nil
    }
    let (policy, seed) = place
    do {
      trial = try decoded(configuration.problem.trial(policy, seed: seed))
      guard trial != nil else { return false }
    } catch DecodingError.keyNotFound {
      // An older program's policy, which took the first of equals: the trial begins anew.
      current = Tally()
    }
    return true
  }
}

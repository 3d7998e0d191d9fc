import DRRCore
import Tensor

/// A Markov decision process of finitely many states and actions, given in full (Sutton & Barto
/// 2018, chapter 3). Rewards belong to transitions; a transition that terminates is worth its
/// reward alone.
public struct FiniteProcess: Sendable {
  /// What may come of an action in a state.
  public struct Outcome: Hashable, Sendable {
    /// p(s′, r | s, a), 0 ... 1.
    public var probability: Double
    /// s′, the state's index.
    public var next: Int
    /// r, a finite number.
    public var reward: Double
    /// Whether the episode ends there.
    public var terminates: Bool

    /// An outcome by its parts.
    public init(_ probability: Double, next: Int, reward: Double, terminates: Bool = false) {
      self.probability = probability
      self.next = next
      self.reward = reward
      self.terminates = terminates
    }
  }

  /// A state that episodes begin in.
  public struct Start: Hashable, Sendable {
    /// The state's index.
    public var state: Int
    /// The share of the episodes that begin there.
    public var probability: Double

    /// A state and its share.
    public init(state: Int, probability: Double) {
      (self.state, self.probability) = (state, probability)
    }
  }

  /// What people call it.
  public let name: String
  /// The names of the states.
  public let states: [String]
  /// The names of the actions.
  public let actions: [String]
  /// Where an episode begins, or most of them do.
  public let start: Int
  /// Where episodes begin; probabilities sum to 1.
  public let starts: [Start]
  /// γ that the process is known by.
  public let discount: Double
  /// Columns where states are the tiles of a grid, row by row.
  public let columns: Int?
  /// States in which nothing is chosen: an episode ends on the way into them.
  public let terminal: Set<Int>
  private let table: [[Outcome]]

  /// - Parameters:
  ///   - starts: where episodes begin; nil: in `start` alone.
  ///   - outcomes: what may come of an action in a state; probabilities sum to 1. Asked for every
  ///     pair but those of terminal states.
  public init(
    _ name: String, states: [String], actions: [String], start: Int = 0, starts: [Start]? = nil,
    discount: Double, columns: Int? = nil, terminal: Set<Int> = [],
    outcomes: (_ state: Int, _ action: Int) -> [Outcome]
  ) {
    let starts = starts ?? [Start(state: start, probability: 1)]
    let start = starts.max { $0.probability < $1.probability }?.state ?? start
    require(
      !states.isEmpty && !actions.isEmpty && discount >= 0 && discount <= 1
        && abs(starts.reduce(0) { $0 + $1.probability } - 1) < 1e-9
        && starts.allSatisfy { states.indices.contains($0.state) && !terminal.contains($0.state) },
      "\(name): \(states.count) states, \(actions.count) actions, start \(start), γ \(discount)")
    self.name = name
    self.states = states
    self.actions = actions
    (self.start, self.starts) = (start, starts)
    self.discount = discount
    self.columns = columns
    self.terminal = terminal
    table = states.indices.flatMap { state in
      actions.indices.map { action in
        guard !terminal.contains(state) else { return [] }
        let found = outcomes(state, action)
        require(
          abs(found.reduce(0) { $0 + $1.probability } - 1) < 1e-9
            && found.allSatisfy { states.indices.contains($0.next) && $0.reward.isFinite },
          "\(name): the outcomes of \(actions[action]) in \(states[state]) are \(found)")
        return found
      }
    }
  }

  /// Empty for a terminal state.
  public func outcomes(_ state: Int, _ action: Int) -> [Outcome] {
    table[state * actions.count + action]
  }

  /// States in which something is chosen.
  public var choosing: [Int] { states.indices.filter { !terminal.contains($0) } }

  /// What something is in the mean of the states that episodes begin in.
  public func meanAtStart(_ value: (_ state: Int) -> Double) -> Double {
    starts.reduce(0) { $0 + $1.probability * value($1.state) }
  }
}

/// How an outcome is drawn.
public enum OutcomeDraws: String, Codable, CaseIterable, Hashable, Sendable {
  /// Independently, by probability.
  case independent
  /// In turn, so that after n visits of a pair each outcome has come n times its probability, less
  /// than one off: averages lose their noise, so tables can be held against exact values.
  case balanced
}

/// Plays a finite process.
public struct FiniteEnvironment: Environment {
  /// The process that is played.
  public let process: FiniteProcess
  /// How outcomes are drawn.
  public let draws: OutcomeDraws
  /// Whether an episode begins in any state and with any action, instead of the start (exploring
  /// starts, Sutton & Barto 2018, section 5.3).
  public let exploringStarts: Bool
  /// Steps after which an episode is cut off.
  public let limit: Int
  private let seed: UInt64
  private var random: Philox
  package private(set) var state: Int
  package private(set) var age = 0
  /// Visits of each pair, and how often each of its outcomes came.
  private var counts: [[Int]]

  /// A process to play, with draws of a seed; see the properties of these names.
  public init(
    _ process: FiniteProcess, draws: OutcomeDraws = .independent, exploringStarts: Bool = false,
    limit: Int = 200, seed: UInt64 = 0
  ) {
    require(limit >= 1, "\(process.name): a limit of \(limit) steps")
    self.process = process
    self.draws = draws
    self.exploringStarts = exploringStarts
    self.limit = limit
    self.seed = seed
    random = Philox(seed: seed, stream: Streams.finiteEnvironment)
    state = process.start
    counts = process.states.indices.flatMap { state in
      process.actions.indices.map { process.outcomes(state, $0).map { _ in 0 } }
    }
  }

  /// Begins an episode in the start, or in a state drawn by the episode's number where there are
  /// several.
  public mutating func reset(episode: Int) -> Int {
    age = 0
    state = process.start
    guard exploringStarts || process.starts.count > 1 else { return state }
    var draw = Philox(key: seed, stream: Streams.exploringStarts, counter: UInt64(episode) * 4)
    if exploringStarts {
      let choosing = process.choosing
      state = choosing[Int.random(in: 0..<choosing.count, using: &draw)]
    } else {
      var left = Double.random(in: 0..<1, using: &draw)
      state = process.starts.last { $0.probability > 0 }!.state
      for start in process.starts {
        left -= start.probability
        if left < 0 {
          state = start.state
          break
        }
      }
    }
    return state
  }

  /// Takes an action in a state that is not terminal.
  public mutating func step(_ action: Int) -> Step<Int> {
    let pair = state * process.actions.count + action
    let outcomes = process.outcomes(state, action)
    require(!outcomes.isEmpty, "\(process.name): a step in \(process.states[state])")
    let chosen = outcomes.count == 1 ? 0 : choose(outcomes, pair)
    counts[pair][chosen] += 1
    let outcome = outcomes[chosen]
    state = outcome.next
    age += 1
    return Step(
      observation: state, reward: Float(outcome.reward), terminated: outcome.terminates,
      truncated: !outcome.terminates && age >= limit)
  }

  private mutating func choose(_ outcomes: [FiniteProcess.Outcome], _ pair: Int) -> Int {
    switch draws {
    case .balanced:
      // That which is furthest behind its share.
      let visits = Double(counts[pair].reduce(0, +) + 1)
      let behind = zip(outcomes, counts[pair]).map { $0.probability * visits - Double($1) }
      return behind.indices.max { (behind[$0], -$0) < (behind[$1], -$1) }!
    case .independent:
      var left = Double.random(in: 0..<1, using: &random)
      for (index, outcome) in outcomes.enumerated() {
        left -= outcome.probability
        if left < 0 { return index }
      }
      return outcomes.count - 1
    }
  }
}

extension FiniteEnvironment {
  package func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).counts", counts.joined().map { Int64($0) })
    try file.add("\(prefix).place", [Int64(state), Int64(age), Int64(random.counter)])
  }

  package mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let place = try file.integers("\(prefix).place", .count, shape: [3])
    var found = try file.integers(
      "\(prefix).counts", .count, shape: [counts.reduce(0) { $0 + $1.count }])[...]
    try file.require(
      process.states.indices.contains(place[0]) && place[1] <= limit, "\(prefix).place",
      "is \(place)", "a state below \(process.states.count) and at most \(limit) steps")
    state = place[0]
    age = place[1]
    random = Philox(
      key: seed, stream: Streams.finiteEnvironment, counter: UInt64(place[2]))
    for pair in counts.indices {
      counts[pair] = Array(found.prefix(counts[pair].count))
      found = found.dropFirst(counts[pair].count)
    }
  }
}

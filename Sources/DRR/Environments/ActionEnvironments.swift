import DRRCore
import Tensor

/// Environments that step together.
public protocol BatchedEnvironments {
  /// How many environments step together.
  var count: Int { get }
  /// Whether ``save(to:_:)`` keeps the episodes under way, so that they go on when it is restored.
  var keepsEpisodes: Bool { get }
  /// Begins an episode in each.
  mutating func beginEpisodes() throws
  /// Adds all that the next step depends on to a file, under names that begin with a prefix.
  func save(to file: inout SafetensorsWriter, _ prefix: String) throws
  /// Puts back what ``save(to:_:)`` wrote.
  ///
  /// - Throws: `CheckpointError` if something is missing, out of range, or of another number of
  ///   environments.
  mutating func restore(from file: SafetensorsFile, _ prefix: String) throws
}

extension BatchedEnvironments {
  public var keepsEpisodes: Bool { true }
}

/// Environments of countable actions that step together: what agents on the tensor layer act in.
/// States are rows of integers, which a `StateModule` reads; an episode that ends makes room for
/// the next at once.
public protocol ActionEnvironments: BatchedEnvironments {
  /// Integers a state.
  var rowWidth: Int { get }
  /// The number of actions, which are 0 ..< `actionCount`.
  var actionCount: Int { get }
  /// What each column of a state's row may be.
  var columns: [Expected<Int32>] { get }
  /// Where each environment is.
  var rows: [[Int32]] { get }
  /// [count, actions]: what may be chosen next; nil where everything may.
  var allowed: ItemMask? { get }
  /// What was chosen, where a log says it; nil where the agent chooses.
  var logged: [Int32]? { get }
  /// The row that an ended episode led to is its own last, while `rows` then has the next start.
  mutating func step(_ actions: [Int32]) throws -> [Step<[Int32]>]
}

/// Environments of vectors that step together: what agents of continuous actions act in. An episode
/// that ends makes room for the next at once.
public protocol VectorEnvironments: BatchedEnvironments {
  /// Numbers of an observation.
  var observationWidth: Int { get }
  /// Numbers of an action.
  var actionWidth: Int { get }
  /// [count][`observationWidth`], what is seen of each.
  var observations: [[Float]] { get }
  /// Takes an action in each. What an ended episode led to is its own last, while `observations`
  /// then has the next start.
  ///
  /// - Parameter actions: [count, `actionWidth`] numbers in [−1, 1].
  mutating func take(_ actions: [Float]) throws -> [Step<[Float]>]
}

/// Tabular MDPs side by side, each with draws of its own.
public struct FiniteEnvironments: ActionEnvironments {
  /// The process that is played.
  public let process: FiniteProcess
  private var environments: [FiniteEnvironment]
  private var episodes: [Int]

  /// `count` copies of one process, in their first episodes.
  ///
  /// - Parameters:
  ///   - exploringStarts: whether an episode begins in any state with any action.
  ///   - limit: steps after which an episode is truncated.
  public init(
    _ process: FiniteProcess, count: Int, exploringStarts: Bool = false, limit: Int = 100,
    seed: UInt64
  ) {
    self.process = process
    environments = (0..<UInt64(count)).map {
      FiniteEnvironment(
        process, exploringStarts: exploringStarts, limit: limit,
        seed: seed &+ $0 &* 0x9E37_79B9_7F4A_7C15)
    }
    episodes = Array(repeating: 0, count: count)
    for index in environments.indices { _ = environments[index].reset(episode: 0) }
  }

  public var count: Int { environments.count }
  public var rowWidth: Int { 1 }
  public var actionCount: Int { process.actions.count }
  public var columns: [Expected<Int32>] { [.below(process.states.count)] }
  public var rows: [[Int32]] { environments.map { [Int32($0.state)] } }
  public var allowed: ItemMask? { nil }
  public var logged: [Int32]? { nil }

  public mutating func step(_ actions: [Int32]) -> [Step<[Int32]>] {
    environments.indices.map { index in
      let step = environments[index].step(Int(actions[index]))
      if step.isLast { begin(index) }
      return step.map { [Int32($0)] }
    }
  }

  public mutating func beginEpisodes() { for index in environments.indices { begin(index) } }

  private mutating func begin(_ index: Int) {
    episodes[index] += 1
    _ = environments[index].reset(episode: episodes[index])
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).episodes", episodes.map { Int64($0) })
    for (index, environment) in environments.enumerated() {
      try environment.save(to: &file, "\(prefix).\(index)")
    }
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let found = try file.integers("\(prefix).episodes", .count, shape: [count])
    for index in environments.indices {
      try environments[index].restore(from: file, "\(prefix).\(index)")
    }
    episodes = found
  }
}

/// Sessions of training users in a simulator or in their logs.
public struct RatingEnvironments: ActionEnvironments {
  /// The environments and their states.
  public private(set) var batch: EnvironmentBatch
  private let layout: StateRows

  /// `count` copies of an environment, whose states are a user and `window` items: liked ones, or
  /// rated ones with their rewards (``StateRows``).
  public init(
    _ environment: RatingEnvironment, window: Int, readsRewards: Bool = false, count: Int
  ) {
    batch = EnvironmentBatch(environment, count: count)
    layout = StateRows(window: window, readsRewards: readsRewards)
  }

  public var count: Int { batch.count }
  public var rowWidth: Int { layout.width }
  public var actionCount: Int { batch.allowed.items }
  public var columns: [Expected<Int32>] {
    layout.columns(users: batch.environments[0].model.userCount, items: actionCount)
  }
  public var rows: [[Int32]] { batch.states.map { layout.row(of: $0) } }
  public var allowed: ItemMask? { batch.allowed }
  public var logged: [Int32]? { nil }

  public mutating func step(_ actions: [Int32]) -> [Step<[Int32]>] {
    batch.step(actions).map { $0.map { layout.row(of: $0) } }
  }

  public mutating func beginEpisodes() { batch.beginEpisodes() }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try batch.save(to: &file, prefix)
    try file.add("\(prefix).begun", [Int64(batch.begun)])
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    batch = try batch.restored(
      from: file, prefix, begun: file.integer("\(prefix).begun", .count))
  }
}

/// Users' logs played back in their order: what each user chose and the reward of it. The state is
/// the user and the items that they liked or rated latest, as in sessions; a log's end cuts an
/// episode off.
public struct LoggedEnvironments: ActionEnvironments {
  /// One user's log.
  public struct Sequence: Sendable {
    /// The user's index.
    public var user: Int32
    /// What was chosen, oldest first.
    public var items: [Int32]
    /// The reward of each choice, as many as `items`.
    public var rewards: [Float]

    /// A log by its parts; `rewards` has as many numbers as `items`.
    public init(user: Int32, items: [Int32], rewards: [Float]) {
      (self.user, self.items, self.rewards) = (user, items, rewards)
    }
  }

  private let sequences: [Sequence]
  private let layout: StateRows
  /// What every logged choice earns, in the place of what the user thought of it.
  private let watchReward: Float?
  public let actionCount: Int
  private let userCount: Int
  private var order: SessionOrder
  private var begun = 0
  /// Which sequence each environment plays, how far it is, and its state.
  private var playing: [Int]
  private var places: [Int]
  private var states: [SessionState]

  /// Logs that `count` environments play back, drawn in an order of the seed's; one at least is not
  /// empty.
  ///
  /// - Parameters:
  ///   - window: the items of a state.
  ///   - readsRewards: whether these are the rated ones, with their rewards, and not the liked ones
  ///     (``StateRows``).
  ///   - userCount: of the states that may be met; nil: no user but those of the logs.
  ///   - watchReward: what every choice earns; nil: its own reward.
  public init(
    _ sequences: [Sequence], window: Int, readsRewards: Bool = false, itemCount: Int,
    userCount: Int? = nil, count: Int, watchReward: Float? = nil, seed: UInt64
  ) {
    require(sequences.contains { !$0.items.isEmpty }, "logged environments: every log is empty")
    self.sequences = sequences.filter { !$0.items.isEmpty }
    layout = StateRows(window: window, readsRewards: readsRewards)
    self.watchReward = watchReward
    actionCount = itemCount
    self.userCount = userCount ?? Int(sequences.map(\.user).max()!) + 1
    order = SessionOrder(seed: seed, count: self.sequences.count)
    playing = Array(repeating: 0, count: count)
    places = playing
    states = Array(repeating: SessionState(user: 0, history: []), count: count)
    for index in 0..<count { begin(index) }
  }

  /// Logged choices in all.
  public var length: Int { sequences.reduce(0) { $0 + $1.items.count } }
  public var count: Int { playing.count }
  public var rowWidth: Int { layout.width }
  public var columns: [Expected<Int32>] { layout.columns(users: userCount, items: actionCount) }
  public var rows: [[Int32]] { states.map { layout.row(of: $0) } }
  public var allowed: ItemMask? { nil }
  public var logged: [Int32]? {
    zip(playing, places).map { sequences[$0].items[$1] }
  }

  /// What is left of each log from here on: r + γ r′ + … of its choices.
  public func returns(discount: Float) -> [Float] {
    zip(playing, places).map { sequence, place in
      sequences[sequence].rewards[place...].reversed().reduce(0) {
        (watchReward ?? $1) + discount * $0
      }
    }
  }

  /// Takes the log's choices, whatever is asked for.
  public mutating func step(_ actions: [Int32]) -> [Step<[Int32]>] {
    playing.indices.map { index in
      let sequence = sequences[playing[index]]
      let (item, reward) = (sequence.items[places[index]], sequence.rewards[places[index]])
      states[index].observe(item, reward)
      places[index] += 1
      let isLast = places[index] == sequence.items.count
      let step = Step(
        observation: layout.row(of: states[index]), reward: watchReward ?? reward,
        terminated: false, truncated: isLast)
      if isLast { begin(index) }
      return step
    }
  }

  public mutating func beginEpisodes() { for index in playing.indices { begin(index) } }

  private mutating func begin(_ index: Int) {
    playing[index] = order.start(ofEpisode: begun)
    begun += 1
    place(index, at: 0)
  }

  private mutating func place(_ index: Int, at place: Int) {
    let sequence = sequences[playing[index]]
    var state = SessionState(
      user: sequence.user, history: Array(repeating: -1, count: layout.window))
    for at in 0..<place { state.observe(sequence.items[at], sequence.rewards[at]) }
    states[index] = state
    places[index] = place
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).playing", playing.map { Int64($0) })
    try file.add("\(prefix).places", places.map { Int64($0) })
    try file.add("\(prefix).begun", [Int64(begun)])
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let found = try file.integers("\(prefix).playing", .below(sequences.count), shape: [count])
    let places = try file.integers("\(prefix).places", .count, shape: [count])
    let begun = try file.integer("\(prefix).begun", .count)
    for (log, place) in zip(found, places) {
      let length = sequences[log].items.count
      try file.require(place < length, "\(prefix).places", "has \(place)", "0 ..< \(length)")
    }
    (playing, self.begun) = (found, begun)
    for index in playing.indices { place(index, at: places[index]) }
  }
}

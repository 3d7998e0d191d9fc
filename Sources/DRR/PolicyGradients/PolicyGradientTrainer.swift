import Agents
import DRRCore
import Environments
import Tensor

/// Acts by a softmax policy and learns from what came of it: whole episodes for REINFORCE, a few
/// steps for the actor-critic, or a log's choices one batch after another. Every random number is
/// drawn from the seed and the step, so a trainer that is saved and restored between two updates
/// goes on to the same bits.
public final class PolicyGradientTrainer: ItemLearner {
  /// What learns.
  public let gradient: PolicyGradient
  /// Steps of all environments together.
  public let steps: Int
  /// Where it acts.
  public internal(set) var environments: any ActionEnvironments
  let seed: UInt64
  /// Actions so far, in all environments.
  public internal(set) var step = 0
  /// The losses of the latest update, on the device; nil before the first.
  public internal(set) var lastLosses: PolicyGradient.Losses?
  /// Since the last report.
  private var tally: EpisodeTally

  /// What it did so far in each of the sessions that are not its own.
  private var sessions: [[Taken]] = []

  /// One step of one environment.
  private struct Taken {
    var row: [Int32]
    var action: Int32
    var reward: Float
    var allowed: [UInt32]?
    var end: End?

    /// How an episode's last step leaves it: worth nothing, or worth V of where it was cut off.
    enum End {
      case terminated
      case truncated(at: [Int32])
    }
  }

  /// A trainer at step 0, whose environments are in their first episodes.
  ///
  /// - Throws: `ConfigurationError` if a2c is to learn from a log.
  public init(
    _ gradient: PolicyGradient, steps: Int, environments: any ActionEnvironments, seed: UInt64
  ) throws(ConfigurationError) {
    if environments.logged != nil && gradient.configuration.method == .a2c {
      throw ConfigurationError(
        "the method is a2c, which learns nothing from a log's choices; it must be reinforce")
    }
    self.gradient = gradient
    self.steps = steps
    self.environments = environments
    self.seed = seed
    tally = EpisodeTally(environments: environments.count)
  }

  /// Whether all steps are made.
  public var isFinished: Bool { step >= steps }

  /// The steps of one update, and the update.
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where the policy is of no numbers; what
  ///   the environments throw.
  public func advance() throws {
    switch gradient.configuration.method {
    case _ where environments.logged != nil: try playBack()
    case .reinforce: try playEpisodes()
    case .a2c: try playSteps()
    }
  }

  /// One logged choice of every environment, with what it led to in the rest of its log.
  private func playBack() throws {
    guard let log = environments as? LoggedEnvironments else {
      fatalError("a log's choices come from logged environments")
    }
    let returns = log.returns(discount: gradient.configuration.discount)
    let (rows, actions) = (environments.rows, log.logged!)
    let outcomes = try environments.step(actions)
    tally.add(outcomes)
    step += rows.count
    learn(
      zip(rows, actions).map { Taken(row: $0, action: $1, reward: 0) }, returns: returns)
  }

  /// One whole episode of every environment. Those that are done wait for the longest.
  private func playEpisodes() throws {
    try environments.beginEpisodes()
    tally.beginEpisodes()
    var episodes = [[Taken]](repeating: [], count: environments.count)
    var isOver = [Bool](repeating: false, count: environments.count)
    var played = step
    while isOver.contains(false) {
      let (taken, outcomes) = try act(draw: played)
      for row in taken.indices where !isOver[row] {
        episodes[row].append(taken[row])
        isOver[row] = outcomes[row].isLast
      }
      tally.add(outcomes)
      played += 1
    }
    let discount = gradient.configuration.discount
    let returns = episodes.flatMap { Self.returns($0.map(\.reward), after: 0, discount: discount) }
    step += returns.count
    learn(episodes.flatMap { $0 }, returns: returns)
  }

  /// A few steps of every environment; behind them V says what is left.
  private func playSteps() throws {
    var paths = [[Taken]](repeating: [], count: environments.count)
    for number in 0..<gradient.configuration.rollOutSteps {
      let (taken, outcomes) = try act(draw: step + number)
      for row in taken.indices { paths[row].append(taken[row]) }
      tally.add(outcomes)
    }
    // The states whose values are asked for: where paths stop, and where episodes were cut off.
    var asked = environments.rows
    for step in paths.joined() {
      if case .truncated(let row) = step.end { asked.append(row) }
    }
    let values = try gradient.values(index(asked)).host()
    var cut = environments.count
    let discount = gradient.configuration.discount
    var returns: [Float] = []
    for (number, path) in paths.enumerated() {
      let ends = path.map { step -> Float? in
        switch step.end {
        case nil: return nil
        case .terminated: return 0
        case .truncated:
          defer { cut += 1 }
          return values[cut]
        }
      }
      var value = values[number]
      let reversed = zip(path, ends).reversed().map { step, end in
        value = step.reward + discount * (end ?? value)
        return value
      }
      returns += reversed.reversed()
    }
    step += returns.count
    learn(paths.flatMap { $0 }, returns: returns)
  }

  /// Draws an action for every environment and takes it.
  private func act(
    draw: Int
  ) throws -> (taken: [Taken], outcomes: [Step<[Int32]>]) {
    let (rows, allowed) = (environments.rows, environments.allowed)
    let masks = allowed.map { mask in
      (0..<mask.rows).map { Array(mask.words[$0 * mask.wordsPerRow..<($0 + 1) * mask.wordsPerRow]) }
    }
    let key = RandomKey(seed: seed, stream: Streams.policyDraws, counter: UInt64(draw))
    let actions = try gradient.sample(index(rows), penalty: penalty(masks), key).host().chosen()
    let outcomes = try environments.step(actions)
    let taken = rows.indices.map { row in
      let outcome = outcomes[row]
      return Taken(
        row: rows[row], action: actions[row], reward: outcome.reward, allowed: masks?[row],
        end: outcome.terminated
          ? .terminated : outcome.truncated ? .truncated(at: outcome.observation) : nil)
    }
    return (taken, outcomes)
  }

  /// Learns from the policy's own choices in sessions that go on: after each step from all steps of
  /// a session by what they have returned so far, and the actor-critic by V behind them too. The
  /// probability of a choice is that among all actions.
  package func learn(
    _ before: [[Int32]], _ actions: [Int32], _ outcomes: [Step<[Int32]>]
  ) throws(BackendError) {
    if sessions.count != before.count { sessions = Array(repeating: [], count: before.count) }
    for row in before.indices {
      sessions[row].append(
        Taken(row: before[row], action: actions[row], reward: outcomes[row].reward))
    }
    let isCritic = gradient.configuration.method == .a2c
    let values = isCritic ? try gradient.values(index(outcomes.map(\.observation))).host() : nil
    let discount = gradient.configuration.discount
    let returns = sessions.indices.flatMap { row in
      Self.returns(
        sessions[row].map(\.reward), after: outcomes[row].terminated ? 0 : values?[row] ?? 0,
        discount: discount)
    }
    step += before.count
    learn(sessions.flatMap { $0 }, returns: returns, isOwn: true)
    for row in before.indices where outcomes[row].isLast { sessions[row] = [] }
  }

  /// G of each step: r + γ r′ + … + γ^T `after`.
  static func returns(_ rewards: [Float], after: Float, discount: Float) -> [Float] {
    var value = after
    let reversed = rewards.reversed().map { reward in
      value = reward + discount * value
      return value
    }
    return reversed.reversed()
  }

  /// Fills the batch up to a multiple of 64, so that few sizes occur, and updates.
  private func learn(_ taken: [Taken], returns: [Float], isOwn: Bool = false) {
    let (count, size) = (taken.count, (taken.count + 63) / 64 * 64)
    let backend = gradient.backend
    let c = gradient.configuration
    let mean = c.baseline == .mean ? returns.reduce(0, +) / Float(count) : 0
    let padding = Array(repeating: taken[0], count: size - count)
    let all = taken + padding
    let weight = Float(size) / Float(count)
    let batch = PolicyBatch(
      rows: index(all.map(\.row)),
      actions: IndexTensor(all.map(\.action), shape: [size], on: backend),
      returns: Tensor(
        returns.map { $0 - mean } + padding.map { _ in 0 }, shape: [size], on: backend),
      weights: Tensor(
        taken.map { _ in weight } + padding.map { _ in 0 }, shape: [size], on: backend),
      penalty: penalty(all[0].allowed == nil ? nil : all.map { $0.allowed! }))
    lastLosses = gradient.update(batch, isOwn: isOwn)
  }

  private func index(_ rows: [[Int32]]) -> IndexTensor {
    IndexTensor(
      rows.flatMap { $0 }, shape: [rows.count, environments.rowWidth], on: gradient.backend)
  }

  /// 0 for what is allowed, −∞ for the rest.
  private func penalty(_ masks: [[UInt32]]?) -> Tensor? {
    guard let masks else { return nil }
    let n = gradient.actionCount
    var values = [Float](repeating: 0, count: masks.count * n)
    for (row, words) in masks.enumerated() {
      for (word, flags) in words.enumerated() where flags != ~0 {
        for item in word * 32..<min(word * 32 + 32, n)
        where flags & 1 << UInt32(item % 32) == 0 { values[row * n + item] = -.infinity }
      }
    }
    return Tensor(values, shape: [masks.count, n], on: gradient.backend)
  }

  package func report() throws -> EpisodeReport {
    defer { tally.begin() }
    return EpisodeReport(
      step: step, meanReturn: tally.meanReturn, loss: try lastLosses?.policy.host()[0])
  }

  package func progress() throws -> TrainingProgress {
    defer { tally.begin() }
    return TrainingProgress(
      step: step, reward: tally.meanReward, epsilon: 0,
      criticLoss: try lastLosses?.value?.host()[0], actorLoss: try lastLosses?.policy.host()[0])
  }

  package var hasLearned: Bool { gradient.optimizer.stepCount > 0 }
  package func policyWasReplaced() {}
  package func isFinite() throws -> Bool { try gradient.isFinite() }
  package func share(_ updates: SharedUpdates) { gradient.sharing = updates }

  /// Adds all that the next step depends on to a file, between two updates.
  ///
  /// - Throws: `BackendError` if the device fails.
  public func save(to file: inout SafetensorsWriter) throws {
    try gradient.save(to: &file, "pg")
    try environments.save(to: &file, "environments")
    try tally.save(to: &file)
    try file.add("trainer.counters", [Int64(step)])
  }

  package func prepareLearning(from file: SafetensorsFile) throws -> () -> Void {
    let step = try file.integer("trainer.counters", .count)
    let restore = try gradient.prepareRestore(from: file, "pg")
    return { [self] in
      restore()
      (self.step, sessions, lastLosses) = (step, [], nil)
    }
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let step = try file.integer("trainer.counters", .count)
    var tally = tally
    try tally.restore(from: file)
    let restore = try gradient.prepareRestore(from: file, "pg")
    var environments = environments
    try environments.restore(from: file, "environments")
    restore()
    if !environments.keepsEpisodes { tally.beginEpisodes() }
    self.environments = environments
    self.tally = tally
    self.step = step
    lastLosses = nil
  }
}

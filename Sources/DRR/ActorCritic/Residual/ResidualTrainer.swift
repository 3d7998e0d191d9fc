import Agents
import DRRCore
import DRRData
import Environments
import Factorization
import Tensor

/// Trains a ``ResidualAgent``: first by cloning what training users liked, then by acting.
///
/// 1. Cloning (Pomerleau 1991, with the logged ratings for a teacher): states are training users
///    with some of their later half seen, actions the items of the rest that they liked.
/// 2. Acting: an item of C candidates is shown, its reward remembered, actor and critics updated
///    (``ItemActorCritic``). Exploration shows another candidate, never a random vector.
///
/// Every random number is drawn from the seed and the step, so a trainer that is saved and
/// restored goes on to the same bits.
public final class ResidualTrainer: SessionLearner {
  /// The settings.
  public let configuration: ResidualAgentConfiguration
  /// The agent, which training changes.
  public let agent: ResidualAgent
  /// What it remembers.
  public let memory: ReplayBuffer
  let world: World
  package let trainees: [Trainee]
  /// Items that may be shown at all; empty: the user's own logged ones.
  let catalogue: [Int32]
  let seed: UInt64
  /// [folds · N, A]: item vectors as each fold of training users sees them.
  package let items: Tensor
  /// [rows, S]: a ring of state vectors that the replay's rows point into.
  package internal(set) var states: Tensor
  /// The items' vectors by fold, on the host.
  private let hostItems: [[Float]]
  /// What may be shown to users who are not the split's: items that somebody rated.
  private let rated: [Int32]
  /// [(folds + 1) · N, A]: `items`, and behind them the items as those see them.
  private lazy var everyItem = Tensor(
    hostItems.flatMap { $0 } + outsideItems,
    shape: [items.shape[0] + model.itemCount, items.shape[1]], on: backend)
  private lazy var outsideItems = agent.hostItems()
  private var beliefs: [Int: Belief] = [:]
  private var order: SessionOrder

  /// Updates by cloning, then items shown, in all environments.
  public internal(set) var step = 0
  var sessions: [ItemSession] = []
  var begun = 0
  var nextState = 0
  var updates = 0
  var tally = SessionTally()
  var lastLosses: DDPG.Losses?
  var lastCloningLoss: Tensor?

  package init(
    _ configuration: ResidualAgentConfiguration, model: BeliefModel,
    factorization: PMFModel, world: World, log: RatingsLog, split: UserSplit,
    statistics: ItemStatistics,
    evaluation: EvaluationProtocol, scale: RewardScale, seed: UInt64, on backend: any Backend
  ) throws {
    self.configuration = configuration
    self.world = world
    self.seed = seed
    trainees = try Trainee.all(
      log, split, model, scale: scale, profileShare: evaluation.profileShare,
      minimum: max(evaluation.minimumCandidates, configuration.sessionLength))
    order = SessionOrder(seed: seed, count: trainees.count)
    let rated = statistics.ratedItems
    self.rated = (0..<Int32(log.itemCount)).filter { rated[0, Int($0)] }
    catalogue = configuration.world == .log ? [] : self.rated
    if configuration.world != .log && catalogue.count <= configuration.sessionLength {
      throw ConfigurationError(
        "session length is \(configuration.sessionLength), but only \(catalogue.count) items have "
          + "ratings to learn from")
    }
    let profiles = LoggedRewards(log, scale: scale) { split.visibleRows(of: $0, in: log) }
    agent = try ResidualAgent(
      configuration.residual, configuration.ddpg, model: model, factorization: factorization,
      profiles: profiles, isTold: world.satisfaction.isTold, seed: seed, on: backend)
    let none = [Float](repeating: 0, count: agent.items.shape[1] - model.itemWidth)
    hostItems = (0..<model.configuration.folds).map { fold in
      (0..<model.itemCount).flatMap { model.itemVector($0, fold: fold) + none }
    }
    items = Tensor(
      hostItems.flatMap { $0 }, shape: [hostItems.count * model.itemCount, agent.items.shape[1]],
      on: backend)
    memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: configuration.ddpg.replayCapacity,
        stateWidth: 1 + configuration.residual.candidates,
        actionWidth: agent.items.shape[1], priorityExponent: configuration.ddpg.priorityExponent),
      on: backend)
    // A transition outlives at most capacity / B steps, each of which writes at most 2 B vectors.
    states = Tensor(
      repeating: 0,
      shape: [
        2 * configuration.ddpg.replayCapacity + 8 * configuration.environments,
        agent.stateWidth,
      ], on: backend)
  }

  var residual: ResidualConfiguration { configuration.residual }
  public var sessionAgent: any SessionAgent { agent }
  public var steps: Int { residual.cloningSteps + configuration.steps }
  public var hasLearned: Bool {
    agent.networks.actorOptimizer.stepCount > residual.cloningSteps
  }
  public func isFinite() throws -> Bool { try agent.networks.isFinite() }
  public func share(_ updates: SharedUpdates) { agent.networks.sharing = updates }
  private var model: BeliefModel { agent.model }
  private var backend: any Backend { agent.backend }
  /// Items shown so far.
  private var shown: Int { max(0, step - residual.cloningSteps) }

  public func advance() throws {
    if step < residual.cloningSteps { return clone() }
    if sessions.isEmpty { begin() }
    try act()
  }

  // MARK: - Cloning

  private func clone() {
    var random = Philox(seed: seed, stream: Streams.cloning &+ UInt64(step) << 8)
    var vectors: [Float] = []
    var rows: [Int32] = []
    var liked: [Float] = []
    let batch = configuration.ddpg.batchSize
    for row in 0..<batch {
      let index = random.index(below: trainees.count)
      let trainee = trainees[index]
      var belief = startBelief(index)
      var left = trainee.session
      var feedback: [SessionState.Feedback] = []
      let seen = min(max(0, random.index(below: 16) - 5), left.count - residual.candidates / 2)
      for _ in 0..<max(seen, 0) {
        // Of a few drawn, the one with the best mean: such as an agent would have shown.
        let drawn = (0..<4).map { _ in random.index(below: left.count) }
        let pick = drawn.max { a, b in
          quality(left[a].item, trainee.fold) < quality(left[b].item, trainee.fold)
        }!
        let rated = left.remove(at: pick)
        belief.observe(rated.item, rated.reward, fold: trainee.fold)
        feedback.append(rated)
      }
      vectors += agent.vector(belief, feedback, fold: trainee.fold)
      rows.append(Int32(row))
      for _ in 0..<residual.candidates {
        let rated = left[random.index(below: left.count)]
        rows.append(Int32(trainee.fold * model.itemCount) + rated.item)
        liked.append(rated.reward > 0 ? 1 : 0)
      }
    }
    let optimizer = agent.networks.actorOptimizer
    optimizer.learningRate =
      residual.cloningLearningRate * (1 - Float(step) / Float(residual.cloningSteps))
    lastCloningLoss = agent.networks.clone(
      Tensor(vectors, shape: [batch, vectors.count / batch], on: backend),
      IndexTensor(rows, shape: [batch, 1 + residual.candidates], on: backend),
      liked: Tensor(liked, shape: [liked.count], on: backend), items: items)
    step += 1
  }

  /// An item's mean reward.
  private func quality(_ item: Int32, _ fold: Int) -> Float {
    hostItems[fold][
      Int(item) * items.shape[1] + model.blocks.reduce(0, +)]
  }

  private func startBelief(_ trainee: Int) -> Belief {
    if let belief = beliefs[trainee] { return belief }
    let belief = trainees[trainee].belief(model)
    beliefs[trainee] = belief
    return belief
  }

  // MARK: - Acting

  private func begin() {
    agent.networks.actorOptimizer.learningRate = configuration.ddpg.actorLearningRate
    agent.networks.keepCloned()
    agent.networks.startTargets()
    lastCloningLoss = nil
    var random = Philox(seed: seed, stream: Streams.candidates)
    sessions = (0..<configuration.environments).map { _ in nextSession() }
    var vectors: [Float] = []
    for row in sessions.indices { observe(&sessions[row], &vectors, &random) }
    write(vectors)
  }

  func nextSession() -> ItemSession {
    defer { begun += 1 }
    return session(order.start(ofEpisode: begun))
  }

  func session(_ index: Int) -> ItemSession {
    let trainee = trainees[index]
    return ItemSession(
      trainee: index, fold: trainee.fold, belief: startBelief(index),
      pool: catalogue.isEmpty ? trainee.session.map(\.item) : nil)
  }

  /// Takes down a session's state: its vector to be written, its candidates.
  private func observe(
    _ session: inout ItemSession, _ vectors: inout [Float], _ random: inout Philox
  ) {
    let vector = agent.vector(session.belief, session.feedback, fold: session.fold)
    let width = agent.stateWidth
    let row = Int32(nextState + vectors.count / width)
    vectors += vector
    session.row =
      [row]
      + candidates(session, vector, &random).map {
        Int32(session.fold * model.itemCount) + $0
      }
  }

  /// C items that may be shown: of the user's own log any; of a catalogue half what the belief
  /// prefers among many, half any.
  private func candidates(
    _ session: ItemSession, _ vector: [Float], _ random: inout Philox
  ) -> [Int32] {
    let count = residual.candidates
    if let pool = session.pool {
      return pool.isEmpty
        ? Array(repeating: 0, count: count)
        : (0..<count).map { _ in pool[random.index(below: pool.count)] }
    }
    func draw() -> Int32 {
      while true {
        let item = catalogue[random.index(below: catalogue.count)]
        if !session.shown.contains(item) { return item }
      }
    }
    return preferred(vector, hostItems[session.fold], draw)
  }

  /// C items: half those that a state's vector prefers among many drawn, half any.
  private func preferred(_ vector: [Float], _ items: [Float], _ draw: () -> Int32) -> [Int32] {
    let (count, width) = (residual.candidates, agent.items.shape[1])
    let drawn = (0..<8 * count).map { _ in draw() }
    let scored = drawn.map { item in
      let first = Int(item) * width
      return (item, (0..<width).reduce(Float(0)) { $0 + vector[$1] * items[first + $1] })
    }
    let best = scored.sorted { ($0.1, $1.0) > ($1.1, $0.0) }.prefix(count / 2).map(\.0)
    return best + (best.count..<count).map { _ in draw() }
  }

  /// Writes vectors where `nextState` points and moves it on, past so many sessions' next.
  private func write(_ vectors: [Float], of sessions: Int? = nil) {
    let width = states.shape[1]
    backend.write(vectors, to: states.view[nextState * width..<nextState * width + vectors.count])
    nextState += vectors.count / width
    // A step's vectors lie side by side.
    if nextState + 2 * (sessions ?? self.sessions.count) > states.shape[0] { nextState = 0 }
  }

  /// One item shown in every session. Reads back the candidates' scores and nothing else; the
  /// updates from what was remembered before run while the host steps the sessions.
  private func act() throws {
    var random = Philox(seed: seed, stream: Streams.candidates &+ UInt64(step + 1) << 8)
    let before = sessions.map(\.row)
    let count = residual.candidates
    let rows = IndexTensor(before.flatMap { $0 }, shape: [before.count, 1 + count], on: backend)
    let choice = agent.networks.act(states, at: rows)
      .candidateScores(rows, first: 1, items: items).startHost()
    if shown > configuration.learningStarts && memory.count >= configuration.ddpg.batchSize {
      for _ in 0..<configuration.updatesPerStep { update() }
    }
    let scores = try choice.wait()
    let epsilon = configuration.training.epsilon(at: shown)
    let picks = before.indices.map { row in
      let own = scores[row * count..<(row + 1) * count]
      let explores = random.uniform() < epsilon
      let any = random.index(below: count)
      return before[row][
        1 + (explores ? any : own.indices.max { own[$0] < own[$1] }! - row * count)]
    }
    let actions = items.detachedRows(at: IndexTensor(picks, shape: [picks.count], on: backend))

    var vectors: [Float] = []
    var transitions: [ReplayBuffer.Transition] = []
    for row in sessions.indices {
      let item = picks[row] - Int32(sessions[row].fold * model.itemCount)
      let outcome = show(item, &sessions[row])
      observe(&sessions[row], &vectors, &random)
      transitions.append(
        ReplayBuffer.Transition(
          state: before[row], nextState: sessions[row].row, reward: outcome.earned,
          terminated: outcome.terminated))
      if outcome.terminated || sessions[row].feedback.count >= configuration.sessionLength {
        sessions[row] = nextSession()
        observe(&sessions[row], &vectors, &random)
      }
    }
    write(vectors)
    memory.append(transitions, actions: actions)
    step += sessions.count
  }

  /// Shows an item to a session's user.
  func show(
    _ item: Int32, _ session: inout ItemSession
  ) -> (earned: Float, terminated: Bool) {
    let user = Int(trainees[session.trainee].user)
    let reward = world.reward(user: user, item: item)
    let earned = world.satisfaction.reward(reward, after: session.run)
    session.run = world.satisfaction.run(session.run, showing: item, earning: reward)
    let seen = world.satisfaction.isTold ? reward : earned
    session.belief.observe(item, seen, fold: session.fold)
    session.feedback.append(.init(item: item, reward: seen, earned: earned))
    session.shown.insert(item)
    session.pool?.removeAll { $0 == item }
    tally.add(earned, isLogged: world.isLogged(user: user, item: item))
    return (earned, session.pool?.isEmpty ?? (session.shown.count >= catalogue.count))
  }

  /// The users of these sessions are not training users: their states are those that the agent acts
  /// by, and their candidates items as nobody's fold sees them.
  public func learn(
    _ before: [SessionState], _ actions: Tensor, _ outcomes: [Step<SessionState>]
  ) {
    var random = Philox(seed: seed, stream: Streams.candidates &+ UInt64(step + 1) << 8)
    let block = Int32(model.everything * model.itemCount)
    let (first, items) = (nextState, outsideItems)
    var vectors: [Float] = []
    /// A state's row, and the candidates that it leaves.
    func row(_ state: SessionState) -> [Int32] {
      let vector = agent.vector(state)
      defer { vectors += vector }
      let shown = Set(state.feedback.map(\.item) + state.history)
      return [Int32(first + vectors.count / agent.stateWidth)]
        + preferred(vector, items) {
          while true {
            let item = rated[random.index(below: rated.count)]
            if !shown.contains(item) { return item }
          }
        }.map { block + $0 }
    }
    let transitions = zip(before, outcomes).map { state, outcome in
      ReplayBuffer.Transition(
        state: row(state), nextState: row(outcome.observation), reward: outcome.reward,
        terminated: outcome.terminated)
    }
    write(vectors, of: before.count)
    let picks = outcomes.map { block + $0.observation.feedback.last!.item }
    memory.append(
      transitions,
      actions: everyItem.detachedRows(at: IndexTensor(picks, shape: [picks.count], on: backend)))
    step += before.count
    for _ in 0..<configuration.updatesPerStep { update(among: everyItem) }
  }

  package func update() { update(among: items) }

  private func update(among items: Tensor) {
    let batch = memory.sample(
      configuration.ddpg.batchSize,
      importanceExponent: configuration.ddpg.importanceExponent(
        at: shown, of: configuration.steps),
      RandomKey(seed: seed, stream: Streams.replay, counter: UInt64(updates)))
    lastLosses = agent.networks.update(
      batch, memory, states: states, items: items, number: updates)
    updates += 1
  }

  public func report() throws -> TrainingProgress {
    defer { tally = SessionTally() }
    return TrainingProgress(
      step: step, reward: tally.meanReward, inLog: tally.loggedShare,
      epsilon: configuration.training.epsilon(at: max(shown - 1, 0)),
      criticLoss: try lastLosses?.critic.host()[0],
      actorLoss: try lastLosses?.actor?.host()[0] ?? lastCloningLoss?.host()[0],
      qHistogram: try lastLosses?.histogram())
  }
}

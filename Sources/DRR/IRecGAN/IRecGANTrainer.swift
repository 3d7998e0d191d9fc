import ClickSessions
import DRRCore
import Tensor

/// How IRecGAN is trained (Bai, Guan & Wang 2019), batch by batch.
///
/// A plan of segments is worked off: epochs of U and of A on the log alone; then, from there,
/// rounds of generator steps (sessions made up anew, weighed by D's roll-outs, beside logged ones)
/// and discriminator steps. Every random number follows from the seed and the place in the plan, so
/// a trainer that is saved between two batches and restored goes on to the same bits.
public final class IRecGANTrainer {
  public let configuration: IRecGANConfiguration
  public let part: Part
  let train: SessionLog
  let validation: SessionLog
  /// Of the validation sessions; nil where none shows two items with the click among them.
  let judge: SessionEvaluation?
  let seed: UInt64
  let backend: any Backend
  public let user: UserModel
  public let agent: ListAgent
  package let discriminator: Discriminator
  package let userTraining: NetworkTraining
  package let agentTraining: NetworkTraining
  package let discriminatorTraining: NetworkTraining

  /// What a trainer works at: what all methods begin with, or one of them.
  public enum Part: CaseIterable, Hashable, Sendable {
    case pretraining
    case method(IRecGANMethod)

    public static var allCases: [Part] {
      [.pretraining] + IRecGANMethod.allCases.map { .method($0) }
    }

    public var name: String {
      switch self {
      case .pretraining: "pretrained"
      case .method(let method): method.rawValue
      }
    }
  }

  /// A part of the plan whose batches are made together.
  package enum Segment: Hashable {
    case user(epoch: Int)
    case agent(epoch: Int)
    case discriminator(round: Int, epoch: Int)
    case generator(round: Int, refresh: Int)

    /// Whether both are epochs of one network on the log alone.
    func isLike(_ other: Segment) -> Bool {
      switch (self, other) {
      case (.user, .user), (.agent, .agent): true
      default: false
      }
    }
  }

  package let plan: [Segment]
  /// Batches of the segments, as they are expected to come.
  let batchCounts: [Int]
  /// The place in the plan.
  package var segment = 0
  package var batch = 0
  var draws: DrawSequence
  /// Simulated sessions that the segment learns from, and q_D of their steps.
  var pool: (log: SessionLog, realness: [Float])?
  /// Whether D rests, being right too often.
  package var isResting = false
  var tally = Tally()
  package var best = Best()
  /// Whether the stage that the segment belongs to ends with it.
  var isStageOver = false
  /// The segment's batches; made anew after a restore.
  var batches: Batches?
  /// Who share roll-outs and validation.
  private(set) var ranks: any Collective = SoleCollective()

  enum Batches {
    case sessions([SessionBatch])
    case discriminator(record: SessionRecord, [JudgedBatch])
  }

  /// Sessions of a record that D is to tell apart.
  struct JudgedBatch {
    let rows: IndexTensor
    let labels: Tensor
    let real: [Bool]
    /// Steps of each.
    let lengths: [Int]
  }

  /// What the batches of a segment came to.
  struct Tally {
    var loss = 0.0
    var batches = 0
    var right = 0
    var judged = 0
    /// Right and classified since it was last decided whether D rests, as far as they were saved.
    var unsettled = (right: 0, judged: 0)
    /// On the device until they are read.
    var pendingLosses: [Tensor] = []
    var pendingLogits: [(logits: Tensor, real: [Bool])] = []
  }

  /// The best networks so far on the validation sessions: U by mean reciprocal rank among what was
  /// shown, A by the loss that it learns from.
  package struct Best {
    package var user: (score: Double, weights: ParameterSet)?
    package var agent: (score: Double, weights: ParameterSet)?
    /// Epochs since the stage's network was better than before.
    var waited = 0
  }

  /// - Parameters:
  ///   - train: sessions to learn from.
  ///   - validation: sessions that choose among the networks on the way; may be empty.
  /// - Throws: `ConfigurationError` where settings or sessions do not fit.
  public init(
    _ configuration: IRecGANConfiguration, _ part: Part, train: SessionLog,
    validation: SessionLog, seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    try configuration.require(train)
    self.configuration = configuration
    self.part = part
    self.train = train
    self.validation = validation
    judge = try? SessionEvaluation(
      validation, positions: validation.positions, minimumShown: 2)
    self.seed = seed
    self.backend = backend
    let items = train.itemCount
    user = UserModel(configuration, itemCount: items, seed: seed, on: backend)
    agent = ListAgent(configuration, itemCount: items, seed: seed, on: backend)
    discriminator = Discriminator(configuration, itemCount: items, seed: seed, on: backend)
    let isMethod = part != .pretraining
    func training(_ weights: ParameterSet, _ learningRate: Float, rate: Float) -> NetworkTraining {
      NetworkTraining(
        weights, learningRate: learningRate, rate: rate, maximumNorm: configuration.maximumNorm)
    }
    userTraining = training(
      user.weights,
      isMethod ? configuration.userLearningRate : configuration.userTraining.learningRate,
      rate: configuration.averagingRate)
    agentTraining = training(
      agent.weights,
      isMethod ? configuration.agentLearningRate : configuration.agentTraining.learningRate,
      rate: configuration.averagingRate)
    discriminatorTraining = training(
      discriminator.weights, configuration.discriminatorTraining.learningRate, rate: 1)
    draws = DrawSequence(seed: seed, stream: Streams.sessionDraws)
    plan = Self.plan(part, configuration)
    let epoch = (train.count + configuration.batchSize - 1) / configuration.batchSize
    let judged = Self.discriminatorSessions(configuration, train)
    batchCounts = plan.map { segment in
      switch segment {
      case .user, .agent: epoch
      case .generator: max(1, epoch / configuration.refreshes)
      case .discriminator: (judged + configuration.batchSize - 1) / configuration.batchSize
      }
    }
  }

  private static func plan(
    _ part: Part, _ configuration: IRecGANConfiguration
  ) -> [Segment] {
    guard case .method(let method) = part else {
      return (0..<configuration.userTraining.epochs).map { .user(epoch: $0) }
        + (0..<configuration.agentTraining.epochs).map { .agent(epoch: $0) }
    }
    let judges = method == .irecgan
    var plan: [Segment] =
      judges
      ? (0..<configuration.discriminatorTraining.epochs).map {
        .discriminator(round: -1, epoch: $0)
      } : []
    for round in 0..<configuration.rounds {
      plan += (0..<configuration.refreshes).map { .generator(round: round, refresh: $0) }
      guard judges else { continue }
      plan += (0..<configuration.discriminatorEpochs).map {
        .discriminator(round: round, epoch: $0)
      }
    }
    return plan
  }

  static func discriminatorSessions(
    _ configuration: IRecGANConfiguration, _ train: SessionLog
  ) -> Int {
    let wanted = configuration.discriminatorSessions
    return wanted == 0 ? train.count : min(wanted, train.count)
  }

  public var isFinished: Bool { segment >= plan.count }

  /// Sets who computes the gradients of batches, and who share the roll-outs and what is held out for
  /// validation; all draw alike.
  package func share(_ updates: SharedUpdates, among ranks: any Collective) {
    self.ranks = ranks
    for training in [userTraining, agentTraining, discriminatorTraining] {
      training.sharing = updates
    }
  }

  /// Batches done, as far as the plan foresaw them, and in all.
  public var progress: (done: Int, total: Int) {
    let done = batchCounts.prefix(segment).reduce(0, +)
    let now = isFinished ? 0 : min(batch, batchCounts[segment])
    return (done + now, batchCounts.reduce(0, +))
  }

  /// Learns from one batch; the report where that was the last of a segment. Waits for the device
  /// only between segments.
  public func advance() throws -> IRecGANReport? {
    let segment = plan[self.segment]
    if batches == nil { try prepare(segment) }
    switch batches! {
    case .sessions(let sessions):
      // None, where there are fewer sessions than segments to share them.
      if batch < sessions.count {
        learn(sessions[batch], in: segment)
        batch += 1
      }
      guard batch >= sessions.count else { return nil }
    case .discriminator(let record, let judged):
      judge(judged[batch], of: record)
      batch += 1
      if batch % 8 == 0 || batch == judged.count { try settle() }
      guard batch == judged.count else { return nil }
    }
    let report = try finish(segment)
    batches = nil
    batch = 0
    self.segment = next(after: segment)
    return report
  }

  // MARK: - Learning

  private func learn(_ batch: SessionBatch, in segment: Segment) {
    switch segment {
    case .user: tally.pendingLosses.append(stepUser(batch))
    case .agent, .generator:
      let work = batch.work.clicks
      let count = work.reduce(0, +)
      guard count > 0 else { return }
      let key = draws.next()
      tally.pendingLosses.append(
        agentTraining.step(
          sessions: batch.count, by: agentTraining.sharing.split(work)
        ) { rows, tape in
          let clicks = work[rows].reduce(0, +)
          let loss = agent.loss(
            batch, rows: rows, usesValue: usesValue, dropping: key, tape)
          return (loss, [], Float(clicks) / Float(count))
        }.loss)
      guard part == .method(.irecgan) else { return }
      _ = stepUser(batch)
    case .discriminator: break
    }
  }

  private func stepUser(_ batch: SessionBatch) -> Tensor {
    let key = draws.next()
    return userTraining.step(
      sessions: batch.count, by: userTraining.sharing.split(batch.work.positions)
    ) { rows, tape in
      (user.loss(batch, rows: rows, dropping: key, tape), [], 1)
    }.loss
  }

  /// The sessions of a batch that this rank learns from in a segment.
  func held(in segment: Segment, _ work: SessionWork) -> Range<Int> {
    func own(_ training: NetworkTraining, _ work: [Int]) -> Range<Int> {
      training.sharing.own(training.sharing.split(work))
    }
    let (user, agent) = (own(userTraining, work.positions), own(agentTraining, work.clicks))
    switch segment {
    case .user: return user
    case .generator where part == .method(.irecgan) && !agent.isEmpty:
      return min(user.lowerBound, agent.lowerBound)..<max(user.upperBound, agent.upperBound)
    case .generator where part == .method(.irecgan): return user
    case .agent, .generator, .discriminator: return agent
    }
  }

  /// Whether returns are held against a critic.
  private var usesValue: Bool {
    part == .method(.ac) || part != .pretraining && configuration.baseline == .value
  }

  private func judge(_ batch: JudgedBatch, of record: SessionRecord) {
    let keys = (clicks: draws.next(), lists: draws.next())
    if isResting {
      let (loss, logits) = discriminator.loss(
        record.repeated(batch.rows), labels: batch.labels, dropping: nil)
      tally.pendingLosses.append(loss)
      tally.pendingLogits.append((logits, batch.real))
      return
    }
    let count = batch.real.count
    let step = discriminatorTraining.step(
      sessions: count, columns: [1], by: discriminatorTraining.sharing.split(batch.lengths)
    ) { rows, tape in
      let (loss, logits) = discriminator.loss(
        record.repeated(batch.rows[rows]), labels: batch.labels[rows], dropping: keys,
        of: BatchPart(rows, of: count), tape)
      return (loss, [logits], nil)
    }
    tally.pendingLosses.append(step.loss)
    tally.pendingLogits.append((step.columns[0], batch.real))
  }

  /// Reads what is pending, and lets D rest or learn by how often it was right.
  func settle() throws {
    for loss in tally.pendingLosses {
      tally.loss += Double(try loss.host()[0])
      tally.batches += 1
    }
    tally.pendingLosses = []
    var (right, judged) = (0, 0)
    for (logits, real) in tally.pendingLogits {
      right += zip(try logits.host(), real).count { ($0 > 0) == $1 }
      judged += real.count
    }
    tally.pendingLogits = []
    tally.right += right
    tally.judged += judged
    right += tally.unsettled.right
    judged += tally.unsettled.judged
    tally.unsettled = (0, 0)
    if judged > 0 { isResting = Float(right) > configuration.accuracyCeiling * Float(judged) }
  }
}

extension IRecGANConfiguration {
  /// Throws where sessions cannot be learned from with these settings.
  func require(_ log: SessionLog) throws(ConfigurationError) {
    guard log.itemCount >= listSize else {
      throw ConfigurationError(
        "list size is \(listSize), but the catalogue has \(log.itemCount) items; it must be no more"
      )
    }
    guard log.targetCount > 0 else {
      throw ConfigurationError("\(log.name): no session has a click to predict")
    }
    guard log.longestList > 0 else {
      throw ConfigurationError(
        "\(log.name): no step has a list; read it with lists that are sampled")
    }
    let longest = log.longestSession
    guard longest <= longestSession else {
      throw ConfigurationError(
        "longest session is \(longestSession), but \(log.name) has one of \(longest) steps; it must be "
          + "that or more")
    }
  }
}

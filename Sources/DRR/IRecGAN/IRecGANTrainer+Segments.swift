import ClickSessions
import DRRCore
import Platform
import Tensor

/// What is made before a segment's batches, and what is concluded behind them.
extension IRecGANTrainer {
  package var rollOuts: SessionRollOuts {
    SessionRollOuts(
      configuration: configuration, itemCount: train.itemCount, user: user, agent: agent,
      among: ranks)
  }

  /// The order of an epoch, or of a round.
  private func order(_ stream: UInt64, _ number: Int) -> [Int] {
    var random = Philox(seed: seed, stream: stream << 32 | UInt64(number))
    return Array(0..<train.count).shuffled(using: &random)
  }

  func prepare(_ segment: Segment) throws {
    switch segment {
    case .user(let epoch):
      batches = .sessions(
        logged(order(Streams.userOrder, epoch), number: epoch, in: segment))
    case .agent(let epoch):
      batches = .sessions(
        logged(order(Streams.agentOrder, epoch), number: epoch, in: segment))
    case .generator(let round, let refresh):
      try prepareGenerator(round: round, refresh: refresh)
    case .discriminator(let round, let epoch):
      try prepareDiscriminator(number: (round + 1) << 10 | epoch)
    }
  }

  private func logged(_ order: [Int], number: Int, in segment: Segment) -> [SessionBatch] {
    var random = Philox(seed: seed, stream: Streams.leavingLists << 32 | UInt64(number))
    return batches(
      order.map { SessionReference(source: 0, session: $0) }, of: [TrainingSessions(train)],
      in: segment, random: &random)
  }

  /// Batches of which this rank holds what it learns from.
  private func batches(
    _ order: [SessionReference], of sources: [TrainingSessions], in segment: Segment,
    random: inout Philox
  ) -> [SessionBatch] {
    SessionEpoch(
      order, of: sources, batchSize: configuration.batchSize,
      rewardedWeight: configuration.rewardedWeight, random: &random, on: backend
    ) { self.held(in: segment, $0) }.batches
  }

  /// A share of the log, and simulated sessions in proportion.
  private func prepareGenerator(round: Int, refresh: Int) throws {
    let number = round << 10 | refresh
    let all = order(Streams.roundOrder, round)
    let refreshes = configuration.refreshes
    let logged = all[all.count * refresh / refreshes..<all.count * (refresh + 1) / refreshes]
    guard case .method(let method) = part else { return }
    var sources = [
      TrainingSessions(
        train, discount: configuration.discount, rewardWeight: configuration.agentRewardWeight)
    ]
    var references = logged.map { SessionReference(source: 0, session: $0) }
    var random = Philox(seed: seed, stream: Streams.simulatedStarts << 32 | UInt64(number))
    if method.simulates {
      if pool == nil {
        let wanted = (configuration.simulatedShare * Float(logged.count)).rounded(.up)
        guard wanted <= Float(SessionSimulation.mostSessions) else {
          throw ConfigurationError(
            "simulated share is \(configuration.simulatedShare), and there are \(logged.count) "
              + "sessions; together they must be at most \(SessionSimulation.mostSessions)")
        }
        let count = Int(wanted)
        let starts = (0..<count).map { _ in
          train.clicks[train.steps(of: random.index(below: train.count)).lowerBound]
        }
        let log = try rollOuts.sessions(from: starts, &draws)
        let realness =
          method == .irecgan
          ? try rollOuts.realness(of: log, by: discriminator, &draws)
          : Array(repeating: 1, count: log.stepCount)
        pool = (log, realness)
      }
      let (log, realness) = pool!
      sources.append(
        TrainingSessions(
          log, realness: realness, discount: configuration.discount,
          rewardWeight: configuration.agentRewardWeight))
      references += (0..<log.count).map { SessionReference(source: 1, session: $0) }
    }
    if configuration.baseline == .step && part != .method(.ac) {
      // Each kind of session is measured by its own: q_D is 1 of what was logged.
      for source in sources.indices {
        sources[source].subtractStepMeans(
          over: references.filter { $0.source == source }.map(\.session))
      }
    }
    var order = Philox(seed: seed, stream: Streams.mixedOrder << 32 | UInt64(number))
    references.shuffle(using: &order)
    batches = .sessions(
      batches(
        references, of: sources, in: .generator(round: round, refresh: refresh), random: &order))
  }

  /// As many simulated sessions as real ones, mixed.
  private func prepareDiscriminator(number: Int) throws {
    var random = Philox(seed: seed, stream: Streams.discriminatorOrder << 32 | UInt64(number))
    let count = Self.discriminatorSessions(configuration, train)
    let real = Array(Array(0..<train.count).shuffled(using: &random).prefix(count))
    if pool == nil {
      let starts = (0..<count).map { _ in
        train.clicks[train.steps(of: random.index(below: train.count)).lowerBound]
      }
      pool = (try rollOuts.sessions(from: starts, &draws), [])
    }
    let simulated = pool!.log
    var mixed = train.selecting(real)
    mixed.append(simulated)
    let record = rollOuts.record(of: Array(0..<mixed.count), in: mixed)
    var order = Philox(seed: seed, stream: Streams.mixedOrder << 32 | 1 << 31 | UInt64(number))
    let sessions = Array(0..<mixed.count).shuffled(using: &order)
    let size = 2 * configuration.batchSize
    var judged: [JudgedBatch] = []
    for start in stride(from: 0, to: sessions.count, by: size) {
      // Longest first: what is missing of sessions of like length costs nothing.
      let batch = sessions[start..<min(start + size, sessions.count)].sorted {
        (mixed.steps(of: $1).count, $0) < (mixed.steps(of: $0).count, $1)
      }
      let real = batch.map { $0 < count }
      judged.append(
        JudgedBatch(
          rows: IndexTensor(batch.map { Int32($0) }, shape: [batch.count], on: backend),
          labels: Tensor(
            real.map { $0 ? 1 - configuration.labelSmoothing : configuration.labelSmoothing },
            shape: [batch.count], on: backend),
          real: real, lengths: batch.map { mixed.steps(of: $0).count }))
    }
    batches = .discriminator(record: record, judged)
  }

  // MARK: - Behind the batches

  func finish(_ segment: Segment) throws -> IRecGANReport {
    try settle()
    var report = IRecGANReport(part: part.name, loss: tally.loss / Double(max(1, tally.batches)))
    switch segment {
    case .user(let epoch):
      report.stage = "user model"
      report.epoch = epoch + 1
      (report.user, report.leaving) = try validateUser()
      userTraining.optimizer.learningRate *= configuration.userTraining.decay
      endStage(configuration.userTraining, epoch, userTraining, best.user?.weights)
    case .agent(let epoch):
      report.stage = "agent"
      report.epoch = epoch + 1
      report.agent = try validateAgent()
      agentTraining.optimizer.learningRate *= configuration.agentTraining.decay
      endStage(configuration.agentTraining, epoch, agentTraining, best.agent?.weights)
    case .discriminator(let round, let epoch):
      report.stage = "discriminator"
      report.round = round < 0 ? nil : round + 1
      report.epoch = epoch + 1
      report.discriminatorAccuracy = Double(tally.right) / Double(max(1, tally.judged))
      report.describe(pool!.log, logged: train)
    case .generator(let round, let refresh):
      report.stage = "generator"
      report.round = round + 1
      if let pool {
        report.describe(pool.log, logged: train)
        if part == .method(.irecgan) { report.realness = pool.log.meanOfTargets(pool.realness) }
      }
      if refresh == configuration.refreshes - 1 {
        report.agent = try validateAgent()
        if part == .method(.irecgan) { (report.user, report.leaving) = try validateUser() }
        (report.entropy, report.distinctItems) = try agentTraining.withAverage { try variety() }
      }
    }
    tally = Tally()
    pool = nil
    if self.segment == plan.count - 1, part != .pretraining { takeBest() }
    return report
  }

  /// The method's networks are the best that it came by, or those of the end.
  private func takeBest() {
    let keepsBest = configuration.choice == .best
    agentTraining.take(
      (keepsBest ? best.agent?.weights : nil) ?? agentTraining.average)
    userTraining.take((keepsBest ? best.user?.weights : nil) ?? userTraining.average)
  }

  private func validateUser() throws -> (score: SessionScore?, leaving: Double?) {
    let (score, leaving) = try userTraining.withAverage {
      let score = try judge.map {
        SessionScore(try $0.evaluate(user.scorer("user model"), among: ranks).summary)
      }
      let batches = TrainingSessions(validation).batches(
        of: configuration.batchSize, seed: seed, on: backend, among: ranks)
      return (score, try user.leaving(batches, among: ranks))
    }
    keep(score?.reciprocalRank, of: userTraining.average, in: \.user)
    return (score, leaving)
  }

  private func validateAgent() throws -> SessionScore? {
    let (score, loss) = try agentTraining.withAverage {
      let score = try judge.map {
        SessionScore(try $0.evaluate(agent.scorer("agent"), among: ranks).summary)
      }
      return (score, try validationLoss())
    }
    if let loss { keep(-loss, of: agentTraining.average, in: \.agent) }
    return score
  }

  /// What A's learning lowers, on the validation sessions: −G log π, G 1 in likelihood's epochs and
  /// the return in a method's rounds; nil where there are no clicks.
  private func validationLoss() throws -> Double? {
    guard validation.targetCount > 0 else { return nil }
    let sessions =
      part == .pretraining
      ? TrainingSessions(validation)
      : TrainingSessions(
        validation, discount: configuration.discount,
        rewardWeight: configuration.agentRewardWeight)
    let batches = sessions.batches(
      of: configuration.batchSize, seed: seed, on: backend, among: ranks
    ).filter { $0.clickCount > 0 }
    let losses = batches.map { (agent.loss($0, dropping: nil), Double($0.clickCount)) }
    let sums = try losses.map { SIMD2(Double(try $0.host()[0]) * $1, $1) }
    let all = try ranks.allGather(sums).joined().reduce(SIMD2.zero, +)
    return all.x / all.y
  }

  private func keep(
    _ score: Double?, of weights: ParameterSet,
    in network: WritableKeyPath<Best, (score: Double, weights: ParameterSet)?>
  ) {
    best.waited += 1
    guard let score, score.isFinite else { return }
    if best[keyPath: network].map({ score > $0.score }) ?? true {
      best[keyPath: network] = (score, weights.copy())
      best.waited = 0
    }
  }

  /// After the last epoch, or one too many without a better network, the best one is taken.
  private func endStage(
    _ schedule: IRecGANConfiguration.Schedule, _ epoch: Int, _ training: NetworkTraining,
    _ best: ParameterSet?
  ) {
    let isPatient = schedule.patience == 0 || best == nil || self.best.waited < schedule.patience
    isStageOver = epoch == schedule.epochs - 1 || !isPatient
    guard isStageOver else { return }
    training.take(best ?? training.average)
    self.best.waited = 0
  }

  /// The next segment, past what early stopping makes needless.
  func next(after segment: Segment) -> Int {
    var next = self.segment + 1
    if isStageOver { while next < plan.count, plan[next].isLike(segment) { next += 1 } }
    isStageOver = false
    return next
  }

  /// Mean entropy of the policy, in nats, and how many items its best lists consist of, at some
  /// validation positions.
  private func variety() throws -> (entropy: Double?, distinct: Int?) {
    let positions = validation.positions.prefix(max(32, min(1_024, (8 << 20) / train.itemCount)))
    guard !positions.isEmpty else { return (nil, nil) }
    let (n, size) = (train.itemCount, configuration.listSize)
    let logits = try agent.scorer("agent").scores(at: positions, of: validation)
    let best = try Tensor(logits, shape: [positions.count, n], on: backend).topKRows(size).host()
    let own = ranks.share(of: positions.count).map { Self.entropy(logits[$0 * n..<($0 + 1) * n]) }
    let entropy = try ranks.allGather(own).joined().reduce(0, +)
    return (entropy / Double(positions.count), Set(best).count)
  }

  /// Of the softmax of these logits, in nats.
  private static func entropy(_ logits: ArraySlice<Float>) -> Double {
    let top = logits.max() ?? 0
    var (sum, weighted) = (0.0, 0.0)
    for logit in logits {
      let distance = Double(logit - top)
      let weight = exp(distance)
      sum += weight
      weighted += weight * distance
    }
    return log(sum) - weighted / sum
  }
}

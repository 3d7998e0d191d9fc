import ClickSessions
import DRRCore
import Tensor

/// What the agents and user models of runs are worth, beside baselines: on the log's test sessions,
/// and in the simulator that the log came from. Several runs differ in their seeds alone.
public struct IRecGANEvaluation {
  private let experiments: [IRecGANExperiment]
  private let backend: any Backend
  private let source: WorldSource?

  /// - Parameter world: the simulator that the log came from; nil: the one that the runs know of.
  public init(
    experiments: [IRecGANExperiment], world: String?, on backend: any Backend
  ) throws {
    guard let first = experiments.first else { throw RunError("there is no run to evaluate") }
    for experiment in experiments {
      guard experiment.configuration.data.checksum == first.configuration.data.checksum,
        experiment.configuration.split == first.configuration.split
      else {
        throw RunError(
          "\(experiment.folder.path): its sessions or their split are not those of "
            + first.folder.path)
      }
    }
    self.experiments = experiments
    self.backend = backend
    source = try (world ?? first.configuration.world).map { try WorldSource($0, on: backend) }
    if let source, source.world.itemCount != first.log.itemCount {
      throw RunError(
        "the world has \(source.world.itemCount) items, but the log has \(first.log.itemCount); it "
          + "must be the world that the log came from")
    }
  }

  public var hasWorld: Bool { source != nil }

  /// A method that is compared: as a ranker of what was shown, as a policy that fills lists, or
  /// both.
  private struct Contestant {
    var name: String
    var scorer: (any SessionScorer)?
    var policy: (any ListPolicy)?
    /// Of the sessions that U makes up with the agent of its own part.
    var simulated: (() throws -> SessionShape?)?
  }

  /// Those that a run's log alone decides, and those that its seed decides too.
  private func contestants(
    of experiment: IRecGANExperiment, isFirst: Bool
  ) throws -> [Contestant] {
    let log = experiment.log
    var all: [Contestant] = []
    func add(
      _ name: String, _ scorer: any SessionScorer, simulated: (() throws -> SessionShape?)? = nil
    ) {
      all.append(
        Contestant(
          name: name, scorer: scorer, policy: ScorerPolicy(scorer, itemCount: log.itemCount),
          simulated: simulated))
    }
    if isFirst {
      all.append(
        Contestant(name: "chance", policy: RandomLists(itemCount: log.itemCount)))
      let train = experiment.train
      add("click popularity", PopularityScorer(train, sessions: 0..<train.count))
      add("first-order Markov", MarkovScorer(train, sessions: 0..<train.count))
    }
    guard let (user, agent) = try experiment.readNetworks(.pretraining, on: backend) else {
      throw RunError(
        "\(experiment.folder.path): it is not trained; use `drr train irecgan --run "
          + "\(experiment.folder.path)`")
    }
    func add(_ name: String, _ agent: ListAgent) {
      all.append(
        Contestant(
          name: name, scorer: agent.scorer(name), policy: AgentListPolicy(name, agent)))
    }
    add(
      "user model (LSTM)", try user.scorer("user model (LSTM)"),
      simulated: { try shape(user, agent, experiment) })
    add("agent of the log (MLE)", agent)
    for method in IRecGANMethod.allCases {
      guard let (user, agent) = try experiment.readNetworks(.method(method), on: backend) else {
        continue
      }
      if method == .irecgan {
        add(
          "user model, adversarial (LSTMD)", try user.scorer("user model, adversarial"),
          simulated: { try shape(user, agent, experiment) })
      }
      add(method.title, agent)
    }
    return all
  }

  /// The sessions that U and A make up, 2,000 or more, from the starts of the test sessions.
  private func shape(
    _ user: UserModel, _ agent: ListAgent, _ experiment: IRecGANExperiment
  ) throws -> SessionShape? {
    let test = experiment.test
    guard test.count > 0 else { return nil }
    let starts = (0..<test.count).map { test.clicks[test.steps(of: $0).lowerBound] }
    let copies = (2_000 + test.count - 1) / test.count
    var draws = DrawSequence(
      seed: experiment.configuration.seed, stream: Streams.sessionDraws)
    let rollOuts = SessionRollOuts(
      configuration: experiment.configuration.settings, itemCount: test.itemCount, user: user,
      agent: agent)
    var shape = SessionShape(
      try rollOuts.sessions(from: (0..<copies).flatMap { _ in starts }, &draws))
    shape.leavingOnLog = try user.leaving(
      TrainingSessions(test).batches(
        of: experiment.configuration.settings.batchSize, seed: experiment.configuration.seed,
        on: backend))
    return shape
  }

  /// Re-ranks and ranks at the test sessions' positions.
  public func evaluate(
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> IRecGANTable {
    let first = experiments[0]
    // Where lists are shorter than ten, P@10 is 1 for every method.
    let evaluation = try SessionEvaluation(
      first.test, positions: first.test.positions,
      minimumShown: min(10, first.configuration.settings.listSize))
    var table = IRecGANTable(experiments, device: "\(backend.device.id)")
    table.testPositions = evaluation.positions.count
    table.skippedPositions = evaluation.skipped
    table.logged = SessionShape(first.test)
    for (number, experiment) in experiments.enumerated() {
      let all = try contestants(of: experiment, isFirst: number == 0)
      var scores: [String: SessionScores] = [:]
      for (place, contestant) in all.enumerated() {
        let found = try contestant.scorer.map { try evaluation.evaluate($0) } ?? evaluation.chance()
        scores[contestant.name] = found
        table.add(contestant.name, foresight: found.summary)
        if let shape = try contestant.simulated?() { table.add(contestant.name, simulated: shape) }
        progress(number * all.count + place + 1, experiments.count * all.count)
      }
      if let agent = scores[IRecGANMethod.irecgan.title], let plain = scores[IRecGANMethod.pg.title]
      {
        table.gains.append(try agent.difference(from: plain))
      }
    }
    return table
  }

  /// Lets every method fill the lists of the simulator's users.
  public func simulate(
    sessions: Int, seed: UInt64, into table: IRecGANTable? = nil,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> IRecGANTable {
    guard let source else {
      throw RunError(
        "\(experiments[0].folder.path): the world that its log came from is not known; name it with "
          + "--world")
    }
    let configuration = experiments[0].configuration
    let size = configuration.settings.listSize
    var table = table ?? IRecGANTable(experiments, device: "\(backend.device.id)")
    table.simulatedSessions = sessions
    func play(_ policy: any ListPolicy, as name: String) throws {
      var simulation = SessionSimulation(.sessions(sessions), listSize: size, seed: seed)
      simulation.keepsLog = false
      table.add(name, online: try simulation.run(source.world, policy).statistics)
    }
    for (number, experiment) in experiments.enumerated() {
      let all = try contestants(of: experiment, isFirst: number == 0)
      for (place, contestant) in all.enumerated() {
        if let policy = contestant.policy { try play(policy, as: contestant.name) }
        progress(number * all.count + place + 1, experiments.count * all.count)
      }
    }
    let logging = configuration.simulation?.policy ?? source.loggingPolicy
    var known = ["max"] + (source.world is TabularWorld ? ["blind", "optimal"] : [])
    known.removeAll { $0 == logging }
    try play(source.policy(logging, listSize: size), as: "logging policy (\(logging))")
    for name in known { try play(source.policy(name, listSize: size), as: "the world's \(name)") }
    return table
  }
}

import ClickSessions
import DRRCore
import Tensor

/// Log sizes, logging policies and list sizes, each with several seeds: what every method makes of
/// such a log, in the simulator that it came from.
public struct IRecGANSweep: Sendable {
  /// What one agent earned in a cell.
  public struct Outcome: Codable, Hashable, Sendable {
    public var cell: SimulatedLog
    /// The method; or `log`, the logging policy; `mle`, the agent of the log alone; `random`,
    /// `popularity`.
    public var method: String
    /// A session's rewards, in the simulator.
    public var reward: Double
    /// Of the items worth most, as many as a list has: the share in the list.
    public var coverage: Double
    /// Items that the agent's lists consist of.
    public var distinctItems: Int
    /// Mean q_D of the last round, where a discriminator took part.
    public var realness: Double?
  }

  public var cells: [SimulatedLog]
  public var methods: [IRecGANMethod]
  public var settings: IRecGANConfiguration
  /// Sessions of each evaluation in the simulator.
  public var evaluationSessions = 2_000

  public init(cells: [SimulatedLog], methods: [IRecGANMethod], settings: IRecGANConfiguration) {
    self.cells = cells
    self.methods = methods
    self.settings = settings
  }

  /// Trains and evaluates all methods on one cell's log.
  ///
  /// - Parameter open: makes the simulator, the same for all cells.
  public func run(
    _ cell: SimulatedLog, in source: WorldSource, on backend: any Backend,
    isStopped: () -> Bool = { false }
  ) throws -> [Outcome] {
    let made = try cell.make(in: source)
    let parts = try SessionSplit(count: made.log.count, training: 0.8, validation: 0.2)
    let (train, validation) = (
      made.log.selecting(parts.training), made.log.selecting(parts.validation)
    )
    var settings = settings
    settings.listSize = cell.listSize
    settings.longestSession = max(made.log.longestSession, 3)
    var outcomes = [
      try outcome("random", RandomLists(itemCount: source.world.itemCount), cell, source),
      try outcome(
        "log", source.policy(cell.policy, listSize: cell.listSize), cell, source),
      try outcome(
        "popularity",
        ScorerPolicy(
          PopularityScorer(train, sessions: 0..<train.count), itemCount: train.itemCount), cell,
        source),
    ]
    func trained(
      _ part: IRecGANTrainer.Part, after before: IRecGANTrainer?
    ) throws -> (trainer: IRecGANTrainer, last: IRecGANReport?) {
      let trainer = try IRecGANTrainer(
        settings, part, train: train, validation: validation, seed: cell.seed, on: backend)
      if let before { trainer.begin(from: before) }
      var last: IRecGANReport?
      while !trainer.isFinished {
        if let report = try trainer.advance(), report.realness != nil { last = report }
        if isStopped() { throw Interrupted(step: 0) }
      }
      if try !trainer.isFinite() { throw Diverged() }
      return (trainer, last)
    }
    let pretrained = try trained(.pretraining, after: nil).trainer
    outcomes.append(
      try outcome("mle", AgentListPolicy("mle", pretrained.agent), cell, source))
    for method in methods {
      let (trainer, last) = try trained(.method(method), after: pretrained)
      var found = try outcome(
        method.rawValue, AgentListPolicy(method.rawValue, trainer.agent), cell, source)
      found.realness = last?.realness
      outcomes.append(found)
    }
    return outcomes
  }

  private func outcome(
    _ name: String, _ policy: any ListPolicy, _ cell: SimulatedLog, _ source: WorldSource
  ) throws -> Outcome {
    var simulation = SessionSimulation(
      .sessions(evaluationSessions), listSize: cell.listSize, seed: 1_000_003 &+ cell.seed)
    simulation.keepsLog = false
    simulation.batch = min(evaluationSessions, SessionSimulation.mostAtOnce)
    let statistics = try simulation.run(source.world, policy).statistics
    let depth = min(cell.listSize, statistics.coverage.count)
    return Outcome(
      cell: cell, method: name, reward: statistics.reward.mean,
      coverage: depth == 0 ? 0 : statistics.coverage[depth - 1],
      distinctItems: statistics.distinctItems)
  }
}

import ActorCritic
import Agents
import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Evaluation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("Agents as scorers of the next item")
struct SessionAgentScorerTests {
  private static let log = Worlds.tiny

  /// A run of DRR on the split of each user's latest ratings, trained for a moment.
  private static func experiment(residual: Bool) throws -> (Experiment, TemporaryFolder) {
    let folder = TemporaryFolder()
    var configuration = RunConfiguration(source: "tiny", log: log)
    configuration.evaluation = Worlds.latest()
    configuration.evaluation.cutoffs = [4]
    configuration.evaluation.minimumCandidates = 4
    configuration.pmf.dimension = 8
    configuration.pmf.epochs = 2
    func shorten(_ training: inout SessionTraining, _ ddpg: inout DDPGConfiguration) {
      training.window = 3
      training.steps = 60
      training.learningStarts = 12
      ddpg.batchSize = 8
      ddpg.replayCapacity = 48
    }
    var drr = Worlds.drr()
    shorten(&drr.training, &drr.ddpg)
    configuration.agent = drr
    if residual {
      var agent = ResidualAgentConfiguration()
      shorten(&agent.training, &agent.ddpg)
      agent.residual.cloningSteps = 8
      configuration.agent = agent
    }
    let experiment = try Experiment(configuration, log: log, folder: RunFolder(folder.path))
    try experiment.begin()
    let backend = try DeviceCatalog.backend(for: .cpu)
    _ = try experiment.trainAgent(experiment.trainPMF(on: backend), on: backend)
    return (experiment, folder)
  }

  @Test("DRR trains on the split, is evaluated, and stands in the table", arguments: [false, true])
  func run(residual: Bool) throws {
    let (experiment, folder) = try Self.experiment(residual: residual)
    let backend = try DeviceCatalog.backend(for: .cpu)
    let model = try #require(try experiment.readModel())
    let agent = try experiment.readAgent(model, on: backend)
    // Histories are the latest liked visible items.
    for session in try experiment.sessions() {
      let liked = experiment.split.visibleRows(of: Int(session.user), in: experiment.log)
        .filter { experiment.log.ratings[$0] > 3 }.map { experiment.log.items[$0] }
      #expect(session.history == Array(liked.suffix(3)))
    }
    let evaluated = try experiment.evaluate(model, [AgentRanker("agent", agent)])
    #expect(evaluated.scores.contains { $0.name == "agent" })

    let read = try ComparedRuns.read(RunFolder(folder.path))
    #expect(read.window == 3 && read.evaluation == experiment.configuration.evaluation)
    let training = try Comparison.training(of: [(RunFolder(folder.path), read)])
    var settings = Comparison.Settings()
    settings.rerankingCutoffs = [2, 4]
    settings.nextItem.users = 6
    let comparison = try Comparison(Self.log, training, window: read.window, settings)
    let found = try read.contestants(Self.log, comparison.split, seed: 0, on: backend)
    #expect(found.map(\.name) == [experiment.agentName] && found[0].remark == nil)
    let results = try comparison.evaluate(comparison.baselines(model) + found)
    let report = try ComparisonReport(
      [(comparison, results)], runs: [], data: read.data, device: "cpu")
    #expect(report.rows.count == 11 && report.rows[10].hitRateDifference != nil)

    // A score is the dot product of the action with the item; what nobody rated is never shown.
    let scorer = try SessionAgentScorer("agent", agent, window: 3, experiment.statistics)
    let queries = Array(comparison.nextItem.queries.prefix(5))
    let scores = try scorer.scores(queries)
    let items = try agent.items.host()
    let width = agent.items.shape[1]
    for (query, scores) in zip(queries, scores) {
      let action = try agent.act([scorer.state(for: query)]).host()
      for item in 0..<Self.log.itemCount {
        guard experiment.statistics.counts[item] > 0 else {
          #expect(scores[item] == -.infinity)
          continue
        }
        let dot = (0..<width).reduce(0.0) {
          $0 + Double(action[$1]) * Double(items[item * width + $1])
        }
        #expect(abs(Double(scores[item]) - dot) < 1e-3 * max(1, abs(dot)))
      }
    }
  }

  @Test("a state has the latest liked items, and what came after the visible ratings as answers")
  func state() throws {
    let backend = try DeviceCatalog.backend(for: .cpu)
    let model = Worlds.model(Self.log, dimension: 4)
    let agent = try DRRAgent(Worlds.drr(), model: model, seed: 1, on: backend)
    let split = UserSplit(Self.log, Worlds.latest())
    let scorer = try SessionAgentScorer(
      "agent", agent, window: 3, ItemStatistics(Self.log, split, scale: .fiveStars))
    func state(_ rewards: [Float], visible: Int) -> SessionState {
      let items = (0..<Int32(rewards.count)).map { 10 + $0 }
      return scorer.state(
        for: NextItemQuery(
          user: 2, items: items[...], rewards: rewards[...], visibleCount: visible, target: 0,
          targetReward: 0))
    }
    let full = state([1, -1, 1, 0.5, 0, 1, -1, 1], visible: 5)
    #expect(full.history == [13, 15, 17] && full.user == 2)
    #expect(
      full.feedback.map(\.item) == [15, 16, 17] && full.feedback.map(\.reward) == [1, -1, 1])
    #expect(full.known.map(\.item) == [12, 13, 14] && full.known.map(\.reward) == [1, 0.5, 0])
    #expect(state([1, -1], visible: 2).history == [-1, -1, 10])
    #expect(state([-1, 1, 1], visible: 1).history == [-1, 11, 12])
  }
}

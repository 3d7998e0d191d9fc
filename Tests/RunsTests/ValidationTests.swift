import ActorCritic
import Agents
import DRRCore
import DRRTestSupport
import Evaluation
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("The choice of a checkpoint")
struct ValidationTests {
  /// Rates at which a policy changes from one validation to the next.
  private static func experiment(
    _ path: String, seed: UInt64 = 3, change: (inout RunConfiguration) -> Void = { _ in }
  ) throws -> Experiment {
    try ExperimentTests.experiment(
      path,
      ExperimentTests.configuration {
        $0.seed = seed
        $0.drr!.validations = 6
        $0.drr!.ddpg.actorLearningRate = 0.01
        change(&$0)
      })
  }

  private static func weights(_ agent: any SessionAgent) throws -> [[Float]] {
    try agent.policy.map { try agent.backend.read($0.weights.values) }
  }

  private static func points(_ experiment: Experiment) throws -> [ValidationPoint] {
    try String(contentsOfFile: experiment.folder.metrics, encoding: .utf8)
      .split(separator: "\n").compactMap {
        try? JSONDecoder().decode(ValidationPoint.self, from: Data($0.utf8))
      }
  }

  @Test("the agent is the policy of the best NDCG@10 on validation users, as it was then")
  func best() throws {
    var chosen: [Int] = []
    for seed in 3..<7 as Range<UInt64> {
      let folder = TemporaryFolder()
      let experiment = try Self.experiment(folder.path, seed: seed)
      let model = try experiment.trainPMF(on: CPUBackend())
      _ = try experiment.trainAgent(model, on: CPUBackend())
      let points = try Self.points(experiment)
      #expect(points.map(\.step) == [0, 10, 20, 30, 40, 50, 60])
      let history = try #require(try experiment.policyHistory())
      #expect(history.points == points)
      // The first update comes after step 12: what had learned nothing is no candidate.
      #expect(points.map(\.learned) == [false, false, true, true, true, true, true])
      let learned = points.dropFirst(2)
      let top = learned.map(\.ndcg10).max()
      #expect(history.step == learned.first { $0.ndcg10 == top }!.step)
      chosen.append(history.step)
      // The same training again, which nothing validates, stopped at that step.
      let again = try experiment.makeTrainer(model, on: CPUBackend())
      while again.step < history.step { try again.advance() }
      let agent = try experiment.readAgent(model, on: CPUBackend())
      #expect(try Self.weights(agent) == Self.weights(again.sessionAgent))
      let evaluation = OfflineEvaluation(
        sessions: try experiment.sessions(of: .validation), cutoffs: [5, 10])
      let scores = try evaluation.evaluate(AgentRanker("agent", again.sessionAgent))
      let point = try #require(points.first { $0.step == history.step })
      #expect(point.precision5 == scores.mean(.precision, at: 5))
      #expect(point.precision10 == scores.mean(.precision, at: 10))
      #expect(point.ndcg10 == scores.mean(.ndcg, at: 10))
    }
    #expect(chosen.contains { $0 < 60 }, "the last is always the best: \(chosen)")
  }

  @Test(
    "the last is kept where it is wanted, and where there is no user to validate on, which is said")
  func last() throws {
    for change: (inout RunConfiguration) -> Void in [
      { $0.drr!.choice = .last }, { $0.drr!.validations = 0 },
      { $0.evaluation.validationShare = 0 }, { $0.evaluation.minimumCandidates = 45 },
    ] {
      let folder = TemporaryFolder()
      let experiment = try Self.experiment(folder.path, change: change)
      let model = try experiment.trainPMF(on: CPUBackend())
      var notes: [String] = []
      var observer = Observer()
      observer.note = { notes.append($0) }
      let trainer = try experiment.trainAgent(model, on: CPUBackend(), observer).trainer
      let agent = try experiment.readAgent(model, on: CPUBackend())
      #expect(try Self.weights(agent) == Self.weights(trainer.sessionAgent))
      let history = try #require(try experiment.policyHistory())
      let isValidated = experiment.configuration.drr!.choice == .last
      #expect(history.step == 60 && history.points.count == (isValidated ? 7 : 0))
      let isWanted = isValidated || experiment.configuration.drr!.validations == 0
      #expect(notes.count == (isWanted ? 0 : 1))
      #expect(notes.allSatisfy { $0.hasSuffix("; the agent of the last step is kept") }, "\(notes)")
    }
  }

  @Test("in session, an agent learns on from the policy that was chosen")
  func learner() throws {
    let folder = TemporaryFolder()
    let experiment = try Self.experiment(folder.path) { $0.drr!.environments = 3 }
    let model = try experiment.trainPMF(on: CPUBackend())
    let trained = try experiment.trainAgent(model, on: CPUBackend()).trainer
    let learner = try #require(try experiment.readLearner(model, on: CPUBackend()))
    let agent = try experiment.readAgent(model, on: CPUBackend())
    #expect(try Self.weights(learner.sessionAgent) == Self.weights(agent))
    #expect(learner.step == trained.step)
    let networks = try #require(learner.sessionAgent as? DRRAgent).ddpg.weights()
    #expect(networks[0] == networks[2] && networks[1] == networks[3])
  }

  @Test("however many environments step together, validations are so far apart")
  func spacing() throws {
    let folder = TemporaryFolder()
    let experiment = try Self.experiment(folder.path) {
      $0.drr!.environments = 7
      $0.drr!.validations = 29
    }
    _ = try experiment.trainAgent(experiment.trainPMF(on: CPUBackend()), on: CPUBackend())
    // Seven items pass three or four of the 29 points, and are validated once.
    #expect(try Self.points(experiment).map(\.step) == Array(stride(from: 0, through: 63, by: 7)))
  }

  @Test("the spread is that of the later half of the points")
  func spread() throws {
    func history(_ precisions: [Double]) -> PolicyHistory {
      PolicyHistory(
        step: 1,
        points: precisions.enumerated().map {
          ValidationPoint(step: $0, precision5: $1, precision10: 0, ndcg10: 0, learned: true)
        })
    }
    let spread = try #require(history([9, 9, 0.25, 0.75, 0.5]).spread)
    #expect(spread.mean == 0.5 && spread.low == 0.25 && spread.high == 0.75)
    #expect(abs(spread.deviation - 0.25) < 1e-12)
    #expect(history([0.5, 0.5]).spread == nil && history([]).spread == nil)
  }
}

import DRRCore
import DRRTestSupport
import Evaluation
import Factorization
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

/// Ranks that evaluate a run, or simulate with it, beside one process.
@Suite("Evaluations in ranks") struct SharedEvaluationTests {
  private let folder = TemporaryFolder()
  private let experiment: Experiment
  private let model: PMFModel

  init() throws {
    experiment = try ExperimentTests.experiment(folder.path)
    model = try experiment.trainPMF(on: CPUBackend())
    _ = try experiment.trainAgent(model, on: CPUBackend())
  }

  @Test("each have the report of one, to the byte", arguments: [2, 3, 4])
  func evaluation(size: Int) throws {
    let (experiment, model) = (experiment, model)
    @Sendable func report(_ ranks: any Collective) throws -> String {
      let backend = CPUBackend()
      let agent = try experiment.readAgent(model, on: backend)
      let evaluated = try experiment.evaluate(
        model, [AgentRanker(experiment.agentName, agent)], among: ranks)
      return try RunFolder.json(experiment.report([evaluated], on: backend, among: ranks))
    }
    let alone = try report(SoleCollective())
    #expect(alone.contains("differences"))
    #expect(Set(try ThreadCollective.run(size, report)) == [alone])
  }

  @Test("each have the simulation of one, to the byte", arguments: [2, 3, 4])
  func simulation(size: Int) throws {
    let (experiment, model) = (experiment, model)
    @Sendable func report(_ ranks: any Collective) throws -> String {
      let backend = CPUBackend()
      // Regressions, since a PMF would be fitted by every rank.
      var online = OnlineProtocol()
      (online.world, online.consecutive) = (.items, 1)
      let contestant = Experiment.Contestant(
        experiment.agentName, try experiment.readAgent(model, on: backend),
        learner: try experiment.readLearner(model, on: backend))
      return try RunFolder.json(
        experiment.simulate(online, model, [contestant], on: backend, among: ranks))
    }
    let alone = try report(SoleCollective())
    #expect(alone.contains("world greedy"))
    #expect(Set(try ThreadCollective.run(size, report)) == [alone])
  }

  @Test("train to the checkpoint of one, whatever share of the validation each has")
  func validation() throws {
    func checkpoint(_ name: String, ranks: Int) throws -> Data {
      let experiment = try ExperimentTests.experiment(
        folder.path + "/" + name,
        ExperimentTests.configuration {
          $0.drr!.batchParts = 4
          $0.drr!.validations = 3
          $0.drr!.world = .items
        })
      let model = model
      _ = try ThreadCollective.run(ranks) { ranks in
        try experiment.trainAgent(model, on: CPUBackend(), among: ranks).last
      }
      return try Data(contentsOf: URL(fileURLWithPath: experiment.folder.checkpoint))
    }
    let alone = try checkpoint("alone", ranks: 1)
    for ranks in [2, 4] {
      #expect(try checkpoint("\(ranks)", ranks: ranks) == alone, "\(ranks) ranks")
    }
  }
}

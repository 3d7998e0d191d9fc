import Agents
import DRRCore
import DRRTestSupport
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("The myopic baseline (γ = 0)")
struct MyopicTests {
  private static func weights(_ agent: any SessionAgent) throws -> [[Float]] {
    try agent.policy.map { try agent.backend.read($0.weights.values) }
  }

  @Test("it is the run of no discount on the same factorisation, under one progress")
  func myopic() throws {
    let folder = TemporaryFolder()
    let experiment = try ExperimentTests.experiment(folder.path + "/run")
    let model = try experiment.trainPMF(on: CPUBackend())
    #expect(try experiment.readMyopic(model, on: CPUBackend())?.agent == nil)
    var shown: [Int] = []
    var observer = Observer()
    observer.progress = { done, total, _ in
      shown.append(done)
      #expect(total == 120)
    }
    let trained = try experiment.trainWithMyopic(model, on: CPUBackend(), observer)
    #expect(shown == Array(1...120))
    #expect(trained.steps == 60)

    let (myopic, agent) = try #require(try experiment.readMyopic(model, on: CPUBackend()))
    #expect(agent.discount == 0 && experiment.configuration.drr!.ddpg.discount == 0.9)
    #expect(myopic.myopic == nil)
    #expect(try myopic.folder.read(RunConfiguration.self) == myopic.configuration)
    #expect(try myopic.readModel()?.itemFactors == model.itemFactors)
    let alone = try ExperimentTests.experiment(
      folder.path + "/alone",
      ExperimentTests.configuration { $0.drr!.ddpg.discount = 0 })
    _ = try alone.trainAgent(alone.trainPMF(on: CPUBackend()), on: CPUBackend())
    #expect(try Self.weights(alone.readAgent(model, on: CPUBackend())) == Self.weights(agent))
    #expect(try alone.policyHistory() == myopic.policyHistory())
    let own = try experiment.readAgent(model, on: CPUBackend())
    #expect(try Self.weights(own) != Self.weights(agent))

    // A training in either folder keeps others out of both.
    #expect(throws: RunError.self) { try experiment.begin() }
  }

  @Test("what is noted of both is noted once")
  func notes() throws {
    let folder = TemporaryFolder()
    let experiment = try ExperimentTests.experiment(
      folder.path, ExperimentTests.configuration { $0.evaluation.validationShare = 0 })
    var notes: [String] = []
    var observer = Observer()
    observer.note = { notes.append($0) }
    _ = try experiment.trainWithMyopic(
      experiment.trainPMF(on: CPUBackend()), on: CPUBackend(), observer)
    #expect(notes == ["the validation share is 0; the agent of the last step is kept"])
  }
}

import ActorCritic
import Agents
import DRRCore
import DRRTestSupport
import DeepQ
import Environments
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("Runs of the residual agent")
struct ResidualRunTests {
  private static func configuration(
    _ world: TrainingWorld, consecutive: Float,
    change: (inout ResidualAgentConfiguration) -> Void = { _ in }
  ) -> RunConfiguration {
    ExperimentTests.configuration {
      $0.agent = ResidualWorlds.drr {
        $0.world = world
        $0.consecutive = consecutive
        $0.steps = 48
        $0.validations = 4
        change(&$0)
      }
    }
  }

  @Test(
    "interrupted again and again, a run leaves the same files, in every world",
    arguments: [
      (TrainingWorld.log, 0), (.log, 0.5), (.pmf, 0), (.pmf, 1), (.items, 0), (.items, 0.5),
    ] as [(TrainingWorld, Float)])
  func interrupted(world: TrainingWorld, consecutive: Float) throws {
    let folder = TemporaryFolder()
    let configuration = Self.configuration(world, consecutive: consecutive)
    let (whole, parts) = (
      try ExperimentTests.experiment(folder.path + "/whole", configuration),
      try ExperimentTests.experiment(folder.path + "/parts", configuration)
    )
    try ExperimentTests.run(whole)
    try ExperimentTests.run(parts, stops: [1, 5, 12, 15, 27, 30, 57])
    for name in ["metrics.jsonl", "pmf.safetensors", "beliefs.safetensors"]
      + ["checkpoint.safetensors"]
    {
      let (a, b) = (
        FileManager.default.contents(atPath: folder.path + "/whole/" + name),
        FileManager.default.contents(atPath: folder.path + "/parts/" + name)
      )
      #expect(a != nil && a == b, "\(name)")
    }
    #expect(try whole.trainedSteps() == 60)
    let model = try #require(try whole.readModel())
    #expect(try whole.readAgent(model, on: CPUBackend()) is ResidualAgent)
  }

  @Test(
    "every agent that learns by values learns on in a session, which is undone to the bit",
    arguments: ["residual", "dqn", "dqn, rewards in the state"])
  func learner(kind: String) throws {
    let folder = TemporaryFolder()
    let configuration =
      kind == "residual"
      ? Self.configuration(.log, consecutive: 0)
      : ExperimentTests.configuration {
        var agent = DQNAgentConfiguration()
        (agent.steps, agent.environments, agent.window) = (80, 4, 3)
        (agent.learningStarts, agent.validations) = (16, 2)
        (agent.dqn.hidden, agent.dqn.batchSize) = (8, 8)
        if kind != "dqn" { agent.state = .gruRewards }
        $0.agent = agent
      }
    let experiment = try ExperimentTests.experiment(folder.path, configuration)
    let model = try experiment.trainPMF(on: CPUBackend())
    _ = try experiment.trainAgent(model, on: CPUBackend())
    let learner = try #require(try experiment.readLearner(model, on: CPUBackend()))
    let agent = try experiment.readAgent(model, on: CPUBackend())
    func weights(_ agent: any SessionAgent) throws -> [[Float]] {
      try agent.policy.map { try agent.backend.read($0.weights.values) }
    }
    func state() throws -> [UInt8] {
      var file = SafetensorsWriter()
      try learner.save(to: &file)
      return try file.bytes()
    }
    #expect(try weights(learner.sessionAgent) == weights(agent))
    let policy = try UpdatedAgent("agent", learner)
    let before = try state()
    let online = try experiment.onlineEvaluation(
      OnlineProtocol(), model, experiment.scoringWorld(OnlineProtocol(), on: CPUBackend()), seed: 1)
    let once = try online.evaluate(policy)
    #expect(try weights(learner.sessionAgent) != weights(agent), "it does not learn")
    policy.restore()
    #expect(try state() == before)
    #expect(try online.evaluate(policy).items == once.items)
  }

  @Test("beliefs from drawn vectors have the bits that version 0.1.0 wrote")
  func drawnBits() throws {
    let folder = TemporaryFolder()
    let fixture = packageRoot.appendingPathComponent("Tests/Fixtures/runs/drr-best").path
    try FileManager.default.copyItem(atPath: fixture, toPath: folder.path + "/run")
    let run = try Experiment(reading: RunFolder(folder.path + "/run"))
    try FileManager.default.removeItem(atPath: run.folder.beliefs)
    _ = try run.makeAgent(#require(try run.readModel()), on: CPUBackend())
    let (old, new) = (
      try SafetensorsFile(contentsOf: fixture + "/beliefs.safetensors"),
      try SafetensorsFile(contentsOf: run.folder.beliefs)
    )
    let names = old.entries.map(\.name)
    #expect(names == new.entries.map(\.name))
    let fitted = names.filter { $0.hasPrefix("beliefs.0.") || $0.hasPrefix("beliefs.1.") }
    #expect(fitted.count == 16)
    for name in fitted { #expect(try old.floats(name) == new.floats(name), "\(name)") }
  }

  @Test("a damaged file of beliefs, or another run's, is refused by name")
  func damaged() throws {
    let folder = TemporaryFolder()
    let experiment = try ExperimentTests.experiment(
      folder.path, Self.configuration(.log, consecutive: 0))
    let model = try experiment.trainPMF(on: CPUBackend())
    _ = try experiment.makeTrainer(model, on: CPUBackend())
    let path = experiment.folder.beliefs
    let whole = try #require(FileManager.default.contents(atPath: path))
    func message(_ experiment: Experiment) -> String {
      do {
        _ = try experiment.makeAgent(model, on: CPUBackend())
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(message(experiment) == "no error")
    for position in [3, 40, whole.count / 2, whole.count - 1] {
      var damaged = whole
      damaged[position] ^= 0x10
      try damaged.write(to: URL(fileURLWithPath: path))
      #expect(message(experiment).contains(path), "byte \(position)")
    }
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
    #expect(message(experiment).contains(path))
    try whole.write(to: URL(fileURLWithPath: path))
    let other = try ExperimentTests.experiment(
      folder.path,
      Self.configuration(.log, consecutive: 0) { $0.residual.beliefs.folds = 2 })
    #expect(message(other).contains("has agent.residual.beliefs.folds 3, expected 2"))
    // What the actor is made of is no part of what is believed.
    let wider = try ExperimentTests.experiment(
      folder.path, Self.configuration(.pmf, consecutive: 1) { $0.residual.hidden = 16 })
    #expect(message(wider) == "no error")
  }
}

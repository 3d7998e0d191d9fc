import ActorCritic
import DRRTestSupport
import Environments
import Foundation
import Runs
import Tensor
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

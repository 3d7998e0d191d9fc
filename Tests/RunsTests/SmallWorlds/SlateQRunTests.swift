import DRRCore
import DRRTestSupport
import Environments
import Foundation
import Kernels
import Runs
import SlateQ
import Tensor
import TestSupport
import Testing

/// Runs that learn in worlds of slates, on few users and for few steps.
@Suite("Runs of SlateQ")
struct SlateQRunTests {
  private static func settings(
    _ world: SlateWorld, steps: Int, learner: SlateLearner = .slateq,
    _ change: (inout SlateQConfiguration) -> Void = { _ in }
  ) -> SlateQRunConfiguration {
    var settings = SlateQRunConfiguration()
    settings.world = world
    settings.agent = SlateQConfiguration(learner)
    settings.agent.environments = 64
    settings.agent.hidden = 32
    settings.agent.batchSize = 256
    settings.agent.steps = steps
    settings.agent.validations = 4
    settings.agent.validationEpisodes = 32
    change(&settings.agent)
    return settings
  }

  private static func trained(
    _ settings: SlateQRunConfiguration
  ) throws -> (SlateQRunTrainer, last: SlateQReport) {
    let folder = TemporaryFolder()
    let run = try Run(settings, folder: RunFolder(folder.path + "/run"))
    try run.begin()
    let trainer = try SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu))
    let last = try run.train(trainer, device: "cpu")
    return (trainer, try #require(last))
  }

  /// The myopic policy earns 166, the planner 297 (bench/results/worlds.md).
  @Test("look ahead in interest evolution, and their myopic twins do not") func evolution() throws {
    let world = SlateWorld.evolution(.init())
    let (agent, _) = try Self.trained(Self.settings(world, steps: 200_000))
    let (twin, _) = try Self.trained(
      Self.settings(world, steps: 200_000) { $0.discount = 0 })
    var report = try world.report(episodes: 60, seeds: [0])
    try report.add("untrained", [agent], untrained: true)
    try report.add("agent", [agent])
    try report.add("twin", [twin])
    try report.add("both", [agent, twin])
    func row(_ name: String) throws -> WorldReport.Row {
      try #require(report.rows.first { $0.policy == name })
    }
    let found = try row("agent").episode
    #expect(found.low > 230, "\(found)")
    #expect(try row("untrained").episode.high < found.low)
    let myopic = try row("twin").episode
    #expect(myopic.high < found.low)
    #expect(myopic.mean > 140)
    // Of two trainings the interval is over the two.
    let both = try row("both")
    #expect(both.trainingSeeds == 2 && both.episode.count == 2)
    #expect(abs(both.episode.mean - (found.mean + myopic.mean) / 2) < 1e-9)
  }

  @Test("policy gradients look ahead in interest evolution too") func policyGradient() throws {
    let world = SlateWorld.evolution(.init())
    let (agent, _) = try Self.trained(Self.settings(world, steps: 150_000, learner: .pg))
    var report = try world.report(episodes: 60, seeds: [0])
    try report.add("agent", [agent])
    let found = try #require(report.rows.first { $0.policy == "agent" }).episode
    let myopic = try #require(report.rows.first { $0.policy == "myopic" }).episode
    #expect(found.low > myopic.high && found.low > 200, "\(found)")
  }

  @Test("keep the best of their policies on validation users") func best() throws {
    var random = SlateQRunTests.settings(.satisfaction(.init()), steps: 4_096)
    random.agent.rollouts = 1
    let (trainer, last) = try Self.trained(random)
    let best = try #require(trainer.best)
    #expect(last.step >= 4_096 && 1...last.step ~= best.step)
    #expect(best.meanReturn.isFinite && best.meanReturn > 0)
  }

  @Test("a long validation is given up where a stop is asked for, and the run leaves the same bits")
  func stoppedValidation() throws {
    let settings = Self.settings(.satisfaction(.init()), steps: 8_192) { $0.rollouts = 1 }
    let folder = TemporaryFolder()
    func trained(_ name: String, stopAt stop: Int? = nil) throws -> Data {
      let run = try Run(settings, folder: RunFolder("\(folder.path)/\(name)"))
      if !folder.exists(name) { try run.begin() }
      let trainer = try SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu))
      var observer = Observer()
      observer.checkpointSteps = 2_048
      observer.shouldStop = {
        guard let stop, trainer.step >= stop else { return false }
        // An episode is sixty steps, so that the validation would take fifteen seconds.
        Thread.sleep(forTimeInterval: 0.25)
        return true
      }
      try run.train(trainer, device: "cpu", observer)
      return try folder.data("\(name)/checkpoint.safetensors")
    }
    let whole = try trained("whole")
    let begun = ContinuousClock.now
    // A validation is due after each quarter of the steps.
    let stop = try #require(throws: Interrupted.self) { try trained("parts", stopAt: 4_096) }
    #expect(ContinuousClock.now - begun < .seconds(10))
    #expect(2_048..<4_096 ~= stop.step)
    #expect(try trained("parts") == whole)
  }
}

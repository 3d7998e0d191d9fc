import DRRCore
import Environments
import Evaluation
import Foundation
import Runs
import Serving
import Tensor
import TestSupport
import Testing

@Suite("A run as a library's user has it")
struct TrainedTests {
  @Test("one call trains what the stages do, and the folder opens by itself")
  func whole() throws {
    let (folder, other) = (TemporaryFolder(), TemporaryFolder())
    let experiment = try ExperimentTests.experiment(folder.path)
    let (model, agent) = try experiment.train(on: CPUBackend())

    let stages = try ExperimentTests.experiment(other.path)
    try stages.begin()
    _ = try stages.trainAgent(try stages.trainPMF(on: CPUBackend()), on: CPUBackend())
    let (one, two) = (experiment.folder, stages.folder)
    for (mine, its) in [(one.model, two.model), (one.checkpoint, two.checkpoint)] {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: mine))
          == Data(contentsOf: URL(fileURLWithPath: its)))
    }

    let opened = try Experiment(reading: RunFolder(folder.path))
    #expect(opened.configuration == experiment.configuration)
    let read = try opened.trained(on: CPUBackend())
    #expect(read.model.itemFactors == model.itemFactors)
    let states = try opened.sessions().prefix(3).map {
      SessionState(user: $0.user, history: $0.history)
    }
    #expect(try read.agent.act(states).host() == agent.act(states).host())
    let exported = try opened.exportedModel(on: CPUBackend())
    #expect(exported.users.count == 50 && exported.items.count == 120)
    #expect(exported.header.agent == opened.agentName)
  }

  @Test("what is not there is named, with what to do")
  func missing() throws {
    let folder = TemporaryFolder()
    #expect {
      try Experiment(reading: RunFolder(folder.path))
    } throws: {
      "\($0)".contains("\(folder.path): no run was started there; use `drr train")
    }
    let experiment = try ExperimentTests.experiment(folder.path)
    #expect {
      try experiment.trained(on: CPUBackend())
    } throws: {
      "\($0)".contains("its PMF is not trained yet; use `drr train drr --run \(folder.path)`")
    }
    #expect(throws: RunError.self) { try experiment.exportedModel(on: CPUBackend()) }
    var alone = ExperimentTests.configuration()
    alone.agent = nil
    let fit = try ExperimentTests.experiment(folder.path, alone)
    #expect(throws: RunError.self) { try fit.train(on: CPUBackend()) }
    #expect(!fit.folder.exists(fit.folder.configuration))
  }
}

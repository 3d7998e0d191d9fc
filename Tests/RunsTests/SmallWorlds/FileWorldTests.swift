import DRRCore
import DRRTestSupport
import DeepQ
import Environments
import PolicyGradients
import Runs
import Tensor
import TestSupport
import Testing

@Suite("Deep agents in a tabular MDP of a file")
struct FileWorldTests {
  enum Learner: CaseIterable { case dqn, a2c }

  private let folder = TemporaryFolder()

  private static func settings(_ learner: Learner) -> SmallWorldConfiguration {
    learner == .dqn
      ? DQNWorldTests.configuration(.lizard)
      : PolicyGradientWorldTests.configuration(.a2c, .lizard)
  }

  private func trained(
    _ settings: SmallWorldConfiguration, _ name: String, stops: [Int] = []
  ) throws -> (trainer: SmallWorldTrainer, last: SmallWorldReport, bytes: [UInt8]) {
    try FileWorld.trained(settings, in: folder, name, stops: stops) {
      try SmallWorldTrainer($0, $1, on: CPUBackend())
    }
  }

  @Test("are greedy-optimal, beside the optimum that sums by hand", arguments: Learner.allCases)
  func learn(_ learner: Learner) throws {
    let report = try trained(Self.settings(learner), "run").last
    #expect(abs(report.bestValue - FileWorld.best) < 1e-9, "\(report.bestValue)")
    #expect(abs(report.greedyValue - FileWorld.best) < 1e-3, "worth \(report.greedyValue)")
  }

  @Test("go on to the same bytes, wherever the file lies", arguments: Learner.allCases)
  func resume(_ learner: Learner) throws {
    var settings = Self.settings(learner)
    settings.steps = 3_000
    let whole = try trained(settings, "whole").bytes
    #expect(try trained(settings, "parts", stops: [500, 1_700]).bytes == whole)
  }

  @Test("learn where there is one thing to do", arguments: Learner.allCases)
  func oneAction(_ learner: Learner) throws {
    var settings = Self.settings(learner)
    settings.steps = 1_000
    let read = try ProcessFile.read(
      folder.write("one.csv", "state,action,probability,next,reward,done\na,go,1,b,2,1\n"))
    settings.file = read.file
    let trainer = try SmallWorldTrainer(settings, read.process, on: CPUBackend())
    var last: SmallWorldReport?
    while !trainer.isFinished { last = try trainer.advance() ?? last }
    #expect(last?.greedyValue == 2 && last?.bestValue == 2)
  }

  @Test("refuse another world, one that was not read, and one of too many states")
  func refused() throws {
    var begun = Self.settings(.dqn)
    _ = try FileWorld.read(for: &begun, in: folder)
    var other = begun
    other.file!.checksum = "0123abcd"
    var builtIn = begun
    builtIn.file = nil
    for (settings, words) in [
      (other, "own.csv of checksum \(begun.file!.checksum), not own.csv of checksum 0123abcd;"),
      (builtIn, "own.csv of checksum \(begun.file!.checksum), not lizard;"),
    ] {
      let run = try Run(settings, folder: RunFolder("\(folder.path)/run"))
      let error = #expect(throws: RunError.self) { try run.requireSame(begun) }
      let said = "\(try #require(error))"
      #expect(said.contains("the run was started with environment \(words)"), "\(said)")
    }
    let unread = #expect(throws: ConfigurationError.self) {
      try SmallWorldTrainer(begun, on: CPUBackend())
    }
    #expect("\(try #require(unread))".contains("own.csv, which was not read"))
    begun.file!.states = 4_097
    let large = #expect(throws: ConfigurationError.self) { try begun.validate() }
    #expect(
      "\(try #require(large))".contains(
        "`drr train dqn` takes 4096 states at most, and own.csv has 4097; use `drr train q`"))
  }
}

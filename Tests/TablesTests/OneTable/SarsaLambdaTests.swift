import DRRCore
import DRRTestSupport
import Environments
import Tables
import Tensor
import Testing

@Suite("SARSA(λ)")
struct SarsaLambdaTests {
  private static func trained(
    _ change: (inout SarsaLambdaConfiguration) -> Void
  ) throws -> SarsaLambdaLearner {
    var configuration = SarsaLambdaConfiguration()
    change(&configuration)
    let learner = try SarsaLambdaLearner(configuration)
    while !learner.isFinished { _ = learner.advance() }
    return learner
  }

  @Test("without traces it is SARSA, to the bit", arguments: SmallProcess.allCases)
  func withoutTraces(_ world: SmallProcess) throws {
    var settings = TabularConfiguration()
    settings.environment = world
    settings.method = .sarsa
    settings.stepSize = .constant(0.1)
    settings.steps = 5_000
    let table = try TabularLearner(settings)
    while !table.isFinished { _ = table.advance() }
    let traces = try Self.trained {
      $0.environment = world
      $0.lambda = 0
      $0.steps = 5_000
    }
    #expect(traces.values.values == table.values.values)
  }

  /// The same walk, each trace summed anew from the visits of its pair: Σ (γλ)^(t − k).
  @Test("a step's error is learned by every pair by its trace", arguments: [0.3, 0.9, 1])
  func reference(_ lambda: Double) throws {
    let (alpha, steps) = (0.1, 400)
    let learner = try Self.trained {
      $0.environment = .robot
      $0.lambda = lambda
      $0.steps = steps
      $0.seed = 7
    }
    let (process, gamma) = (learner.process, learner.process.discount)
    let schedule = learner.configuration.epsilon
    var environment = FiniteEnvironment(process, limit: 200, seed: 7)
    var random = Philox(seed: 7, stream: Streams.tabularActions)
    var q = [[Double]](
      repeating: Array(repeating: 0, count: process.actions.count), count: process.states.count)
    var (state, episode) = (environment.reset(episode: 0), 0)
    func choose(_ step: Int) -> Int {
      if Double.random(in: 0..<1, using: &random) < schedule(step, of: steps) {
        return Int.random(in: process.actions.indices, using: &random)
      }
      return q[state].indices.max { (q[state][$0], -$0) < (q[state][$1], -$1) }!
    }
    var visits: [(state: Int, action: Int)] = []
    var chosen: Int?
    for step in 1...steps {
      let (before, action) = (state, chosen ?? choose(step - 1))
      visits.append((before, action))
      let outcome = environment.step(action)
      state = outcome.observation
      chosen = outcome.terminated ? nil : choose(step)
      let error =
        Double(outcome.reward) + gamma * (chosen.map { q[state][$0] } ?? 0) - q[before][action]
      var weight = 1.0
      for visit in visits.reversed() {
        q[visit.state][visit.action] += alpha * error * weight
        weight *= gamma * lambda
      }
      if outcome.isLast {
        visits = []
        chosen = nil
        episode += 1
        state = environment.reset(episode: episode)
      }
    }
    #expect(episode > 3)
    for (one, other) in zip(learner.values.values, q.joined()) { #expect(abs(one - other) < 1e-9) }
  }

  @Test("the defaults find the best way", arguments: 0..<3)
  func finds(_ seed: UInt64) throws {
    let learner = try Self.trained { $0.seed = seed }
    #expect(learner.process.greedyPath(learner.values) == [6, 7, 8])
  }

  @Test("stopped anywhere, a run leaves the same bits")
  func resumes() throws {
    let folder = TemporaryFolder()
    var settings = SarsaLambdaConfiguration()
    settings.environment = .cliff
    func train(_ name: String, stops: [Int]) throws -> [UInt8] {
      let run = try Run(settings, folder: RunFolder("\(folder.path)/\(name)"))
      try run.begin()
      for stop in stops {
        let learner = try SarsaLambdaLearner(settings)
        var observer = Observer()
        observer.shouldStop = { learner.step >= stop }
        #expect(throws: Interrupted.self) { try run.train(learner, device: "cpu", observer) }
      }
      try run.train(SarsaLambdaLearner(settings), device: "cpu")
      return try Array(folder.data("\(name)/checkpoint.safetensors"))
        + Array(folder.data("\(name)/metrics.jsonl"))
    }
    #expect(try train("parts", stops: [1, 7_000, 19_000]) == train("whole", stops: []))
  }

  @Test("in an MDP of a file it finds the best way, and goes on to the same bytes")
  func file() throws {
    let folder = TemporaryFolder()
    func train(
      _ name: String, stops: [Int]
    ) throws -> (trainer: SarsaLambdaLearner, last: TabularReport, bytes: [UInt8]) {
      try FileWorld.trained(SarsaLambdaConfiguration(), in: folder, name, stops: stops) {
        try SarsaLambdaLearner($0, $1)
      }
    }
    let (learner, report, bytes) = try train("whole", stops: [])
    #expect(abs(report.bestValue - FileWorld.best) < 1e-9, "\(report.bestValue)")
    #expect(abs(report.greedyValue - FileWorld.best) < 1e-3, "\(report.greedyValue)")
    let process = learner.process
    #expect(process.greedyPath(learner.values).map { process.states[$0] } == FileWorld.path)
    #expect(try train("parts", stops: [1, 7_000]).bytes == bytes)
  }

  @Test("a setting that cannot work is refused")
  func refused() throws {
    #expect(throws: ConfigurationError.self) { try Self.trained { $0.lambda = 1.5 } }
    #expect(throws: ConfigurationError.self) { try Self.trained { $0.stepSize = 0 } }
  }
}

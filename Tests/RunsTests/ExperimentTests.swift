import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Factorization
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("Runs and their folders")
struct ExperimentTests {
  static func configuration(
    _ log: RatingsLog = Worlds.tiny, change: (inout RunConfiguration) -> Void = { _ in }
  ) -> RunConfiguration {
    var pmf = PMFConfiguration()
    pmf.dimension = 6
    pmf.epochs = 4
    pmf.batchSize = 256
    var evaluation = EvaluationProtocol()
    evaluation.minimumCandidates = 10
    evaluation.cutoffs = [5, 10]
    var drr = Worlds.drr()
    drr.steps = 60
    drr.explorationSteps = 20
    var configuration = RunConfiguration(
      data: DataIdentity(source: "generated:tiny", log: log), seed: 3,
      evaluation: evaluation, scale: .fiveStars, pmf: pmf, agent: drr)
    change(&configuration)
    return configuration
  }

  @Test("ranks that each hold the ratings of some users come to the model and the error of one")
  func sharedRatings() throws {
    let folder = TemporaryFolder()
    let path = folder.path
    let configuration = Self.configuration {
      ($0.agent, $0.pmf.epochs, $0.pmf.batchParts) = (nil, 20, 4)
    }
    let alone = try Self.experiment(path + "/alone", configuration)
    let model = try alone.trainPMF(on: CPUBackend())
    let error = try alone.sessionError(model)
    for size in [2, 4] {
      let found = try ThreadCollective.run(size) { ranks in
        let log = try RatingsSource.load("generated:tiny", among: ranks)
        let experiment = try Experiment(
          configuration, log: log, folder: RunFolder(path + "/\(size)"), among: ranks)
        if ranks.leads { try experiment.begin() }
        try ranks.barrier()
        let model = try experiment.trainPMF(on: CPUBackend(), among: ranks)
        return (
          model.userFactors, model.itemFactors,
          try experiment.sessionError(model, among: ranks)
        )
      }
      for (users, items, found) in found {
        #expect(users == model.userFactors && items == model.itemFactors)
        #expect(found.bitPattern == error.bitPattern)
      }
      #expect(try folder.data("\(size)/pmf.safetensors") == folder.data("alone/pmf.safetensors"))
      #expect(!folder.exists("\(size)/pmf-checkpoint.safetensors"))
    }
  }

  @Test("a PMF that is no better than biases is said to be, and a better one is not")
  func noBetterThanBiases() throws {
    // What offsets say whole.
    let sums = RatingsLog(
      name: "sums", users: Worlds.tiny.users, items: Worlds.tiny.items,
      ratings: zip(Worlds.tiny.users, Worlds.tiny.items).map { Float(1 + $0 % 3 + $1 % 3) })
    // Users like one half of the items each, which offsets cannot say.
    let factors = RatingsLog(
      name: "factors", users: Worlds.tiny.users, items: Worlds.tiny.items,
      ratings: zip(Worlds.tiny.users, Worlds.tiny.items).map { ($0 + $1) % 2 == 0 ? 5 : 1 })
    for (log, isWarned) in [(sums, true), (factors, false)] {
      let folder = TemporaryFolder()
      let experiment = try Self.experiment(
        folder.path,
        Self.configuration(log) {
          $0.pmf = PMFConfiguration(ratings: log.count)
          // One that hardly learns.
          if isWarned { $0.pmf.learningRate = 1e-6 }
        }, log: log)
      var observer = Observer()
      var notes: [String] = []
      observer.note = { notes.append($0) }
      _ = try experiment.trainPMF(on: CPUBackend(), observer)
      let warned = notes.contains {
        $0.hasPrefix("PMF is no better than biases: its RMSE on held-out ratings is ")
      }
      #expect(warned == isWarned, "\(log.name): \(notes)")
    }
  }

  static func experiment(
    _ path: String, _ configuration: RunConfiguration = configuration(),
    log: RatingsLog = Worlds.tiny
  ) throws -> Experiment {
    let folder = RunFolder(path)
    try folder.create()
    return try Experiment(configuration, log: log, folder: folder)
  }

  private static func contents(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  private static func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  /// Rates that are far too large leave no numbers within a few updates. No checkpoint of that
  /// takes the place of one of numbers, whenever it falls due.
  @Test("an agent that has diverged is not saved")
  func divergence() throws {
    let folder = TemporaryFolder()
    let experiment = try Self.experiment(
      folder.path,
      Self.configuration {
        $0.drr!.steps = 20_000  // reports every 1,000
        $0.drr!.ddpg.actorLearningRate = 1e30
        $0.drr!.ddpg.criticLearningRate = 1e30
      })
    let model = try experiment.trainPMF(on: CPUBackend())
    var observer = Observer()
    observer.checkpointSteps = 5
    let message = Self.message { _ = try experiment.trainAgent(model, on: CPUBackend(), observer) }
    #expect(message.hasPrefix("DRR diverged by step "), "\(message)")
    let trainer = try experiment.makeTrainer(model, on: CPUBackend())
    try trainer.restore(from: SafetensorsFile(contentsOf: experiment.folder.checkpoint))
    #expect(trainer.step > 0 && trainer.step < 1_000)
    #expect(try trainer.isFinite())
  }

  /// Trains both stages; `stops` are the steps at which a person interrupts.
  static func run(_ experiment: Experiment, stops: [Int] = []) throws {
    var model: PMFModel?
    var drrStops = stops
    while true {
      do {
        var interrupted = Observer()
        interrupted.shouldStop = { !stops.isEmpty }
        model = try experiment.readModel()
        if model == nil { model = try experiment.trainPMF(on: CPUBackend(), interrupted) }
        break
      } catch is Interrupted {
      }
    }
    while true {
      do {
        var steps = 0
        var observer = Observer()
        observer.progress = { done, _, note in
          if !note.hasSuffix("beliefs") { steps = done }
        }
        observer.shouldStop = { drrStops.first == steps }
        observer.checkpointSteps = 25
        _ = try experiment.trainAgent(model!, on: CPUBackend(), observer)
        return
      } catch let stop as Interrupted {
        #expect(stop.step == drrStops.removeFirst())
      }
    }
  }

  @Test("interrupted again and again, a run leaves the same files")
  func interrupted() throws {
    let folder = TemporaryFolder()
    let (whole, parts) = (
      try Self.experiment(folder.path + "/whole"), try Self.experiment(folder.path + "/parts")
    )
    try Self.run(whole)
    try Self.run(parts, stops: [1, 7, 12, 13, 30, 59])
    for (a, b) in [
      (whole.folder.metrics, parts.folder.metrics), (whole.folder.model, parts.folder.model),
      (whole.folder.checkpoint, parts.folder.checkpoint),
    ] {
      #expect(try Self.contents(a) == Self.contents(b), "\(a)")
    }
    let lines = String(decoding: try Self.contents(whole.folder.metrics), as: UTF8.self)
      .split(separator: "\n")
    #expect(lines.count == 4 + 20 + 11)
    #expect(!whole.folder.exists(whole.folder.pmfCheckpoint))
  }

  @Test("the trained agent is read back and evaluated beside every ranker")
  func evaluation() throws {
    let folder = TemporaryFolder()
    let experiment = try Self.experiment(
      folder.path + "/run", Self.configuration { $0.drr!.choice = .last })
    #expect(try experiment.readModel() == nil)
    let model = try experiment.trainPMF(on: CPUBackend())
    #expect(
      Self.message { _ = try experiment.readAgent(model, on: CPUBackend()) }
        == "\(experiment.folder.path): nothing has been trained in this run; use "
        + "`drr train drr --run \(experiment.folder.path)`")
    let trainer = try experiment.trainAgent(model, on: CPUBackend()).trainer
    let backend = CPUBackend()
    let agent = try experiment.readAgent(#require(try experiment.readModel()), on: backend)
    // The critic comes back too: its value is part of what is evaluated.
    let trained = trainer.sessionAgent
    #expect(agent.policy.map(\.name) == ["actor", "critic"])
    for (found, wanted) in zip(agent.policy, trained.policy) {
      #expect(
        try backend.read(found.weights.values) == trained.backend.read(wanted.weights.values))
    }
    let twin = AgentRanker("twin", agent)
    let run = try experiment.evaluate(model, [AgentRanker(experiment.agentName, agent), twin])
    let report = try experiment.report([run], on: backend)
    #expect(
      report.rankers.map(\.name) == [
        "random", "logged order", "popularity", "item mean", "item-kNN", "PMF rating", "PMF dot",
        "item-kNN adaptive", "item-kNN + PMF adaptive", "LinUCB", "fixed direction",
        "random action U", "random action N", "DRR-ave untrained", "DRR-ave", "twin", "oracle",
      ])
    #expect(report.rankers.last!.rows.allSatisfy { $0.ndcg?.mean == 1 && $0.gain == 1 })
    #expect(report.rankers[0].rows.allSatisfy { $0.gain == 0 })
    #expect(report.rankers.filter { $0.policy != nil }.map(\.name).count == 3)
    #expect(report.differences.count == 16 * 3 * report.rankers[0].rows.count)
    #expect(report.difference(from: "twin", .reward, at: 5)?.mean == 0)
    let admission = report.runs[0].admission
    #expect(admission.sessions == (try experiment.sessions().count) && admission.users == 10)
    #expect(report.runs[0].sessionRMSE > 0.5 && report.runs[0].sessionRMSE < 2)
    try experiment.folder.write(report, to: experiment.folder.evaluation)
    let read = try JSONDecoder().decode(
      EvaluationReport.self, from: Self.contents(experiment.folder.evaluation))
    #expect(read.configuration == report.configuration && read.rankers.count == 17)
  }

  @Test("files of another configuration, seed or data are refused by name")
  func otherRun() throws {
    let folder = TemporaryFolder()
    let first = try Self.experiment(folder.path + "/first")
    try Self.run(first)
    let model = try #require(try first.readModel())
    func moved(
      _ name: String, _ configuration: RunConfiguration, log: RatingsLog = Worlds.tiny
    ) throws -> Experiment {
      let other = try Self.experiment(folder.path + "/" + name, configuration, log: log)
      for (from, to) in [
        (first.folder.model, other.folder.model),
        (first.folder.checkpoint, other.folder.checkpoint),
      ] {
        try FileManager.default.copyItem(atPath: from, toPath: to)
      }
      return other
    }
    let seeded = try moved("seed", Self.configuration { $0.seed = 4 })
    #expect(
      Self.message { _ = try seeded.readModel() }
        == "\(seeded.folder.model) belongs to another run: its configuration has seed 3, "
        + "expected 4")
    #expect(
      Self.message { _ = try seeded.trainAgent(model, on: CPUBackend()) }
        == "\(seeded.folder.checkpoint) belongs to another run: its configuration has seed 3, "
        + "expected 4")

    let wider = try moved("wider", Self.configuration { $0.drr!.ddpg.discount = 0.5 })
    #expect(try wider.readModel() != nil)  // the factorisation does not depend on it
    let message = Self.message { _ = try wider.trainAgent(model, on: CPUBackend()) }
    #expect(message.hasPrefix("\(wider.folder.checkpoint) belongs to another run: its config"))
    #expect(message.hasSuffix("uration has agent.ddpg.discount 0.9, expected 0.5"))

    let log = GeneratedRatings.generate(size: .tiny, seed: 2)
    let data = try moved("data", Self.configuration(log), log: log)
    #expect(
      Self.message { _ = try data.readModel() }
        == "\(data.folder.model) belongs to another run: its configuration has data.checksum "
        + "\(Worlds.tiny.checksum), "
        + "expected \(log.checksum)")

    try FileManager.default.removeItem(atPath: first.folder.model)
    try FileManager.default.copyItem(
      atPath: first.folder.checkpoint, toPath: first.folder.model)
    #expect(
      Self.message { _ = try first.readModel() }
        == "\(first.folder.model) belongs to another run: its kind is drr, expected pmf")
  }

  @Test("data that changed since the run began are refused")
  func changedData() throws {
    let folder = TemporaryFolder()
    let other = GeneratedRatings.generate(size: .tiny, seed: 2)
    let message = Self.message {
      _ = try Self.experiment(folder.path, Self.configuration(), log: other)
    }
    #expect(
      message == "generated:tiny: the data have changed since the run began: "
        + "\(other.count) ratings with checksum \(other.checksum), expected "
        + "\(Worlds.tiny.count) with \(Worlds.tiny.checksum); name the data that it was trained on by "
        + "--data, or train a new run on these")
  }

  @Test("a run without sessions to rank says what a session needs")
  func noSessions() throws {
    let folder = TemporaryFolder()
    let experiment = try Self.experiment(
      folder.path,
      Self.configuration { $0.evaluation.minimumCandidates = 110 })
    #expect(
      Self.message { _ = try experiment.sessions() }
        == "no test user can be evaluated: 0 of 10 test users; left out: "
        + "1 with fewer than 3 liked items to start from, 9 with fewer than 110 items to rank; "
        + "lower --minimum-candidates or --window, hold more out, or use --split none")
    let noAgent = try Self.experiment(folder.path, Self.configuration { $0.drr = nil })
    #expect(Self.message { _ = try noAgent.sessions() }.contains("use `drr train drr --run "))
  }

  @Test("a configuration is read as it was written, and damage is named")
  func configurationFile() throws {
    let folder = RunFolder(TemporaryFolder().path + "/deep/er")
    #expect(try folder.read(RunConfiguration.self) == nil)
    try folder.create()
    let configuration = Self.configuration()
    try folder.write(configuration)
    #expect(try folder.read(RunConfiguration.self) == configuration)
    let text = String(decoding: try Self.contents(folder.configuration), as: UTF8.self)
    for (damaged, expected) in [
      ("{", "it is not JSON"), ("[]", "it is not JSON"),
      (text.replacing("\"seed\"", with: "\"sead\""), "settings.seed is missing"),
      (
        text.replacing("\"epochs\" : 4", with: "\"epochs\" : \"four\""),
        "settings.pmf.epochs is not a"
      ),
    ] {
      try Data(damaged.utf8).write(to: URL(fileURLWithPath: folder.configuration))
      let message = Self.message { _ = try folder.read(RunConfiguration.self) }
      #expect(
        message.hasPrefix("\(folder.configuration): not the configuration of a run: \(expected)"),
        "\(message)")
    }
  }

  @Test("numbers for people")
  func decimals() {
    let expected: [(Double, Int, String)] = [
      (0.93456, 4, "0.9346"), (-1.005, 1, "-1.0"), (-0.001, 2, "0.00"), (12, 0, "12"),
      (2.5, 3, "2.500"), (0.0499, 2, "0.05"), (.nan, 2, "nan"), (.infinity, 2, "inf"),
    ]
    for (value, digits, text) in expected { #expect(decimal(value, digits) == text) }
  }
}

import ArgumentParser
import DRR
import Dispatch
import Kernels
import Synchronization
import Tensor

/// DRR as published: what its figures are here, beside those that were published.
struct Reproduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the table of DRR's published figures and this program's.",
    discussion: """
      Trains the preset paper under the protocol of the published figures, without its leaks, and \
      under the default protocol; ranks and simulates with each. Runs go side by side, one a core. \
      What a killed command has trained is kept in --run, and the same command goes on from there.

      Examples:
        drr bench reproduce ml-100k.zip
        drr bench reproduce ml-100k.zip --seeds 5 --splits 3
      """)

  @Argument(help: "A folder, .zip or file of ratings, or generated:SIZE.")
  var data: String
  @Option(help: "Training seeds, from 0 on.")
  var seeds = 3
  @Option(help: "Split seeds, each with every training seed (default: every seed its own split).")
  var splits: Int?
  @Option(help: "Steps of every training.")
  var steps = 20_000
  @Option(help: "cpu or opencl[:P:D].")
  var device = "cpu"
  @Option(name: .customLong("run"), help: "Where the runs are kept.")
  var runs = "runs/reproduce"
  @Option(help: "The file that is written.")
  var output = "bench/results/drr.md"

  func validate() throws {
    try RunGroup(seeds: seeds, splits: splits).validate()
  }

  func run() throws {
    let backend = try backend()
    let log = try RatingsSource.load(data)
    let members = RunGroup(seeds: seeds, splits: splits).members
    let first = try configuration(log)
    let finished = Mutex<[Result<Reproduction, any Error>?]>(members.map { _ in nil })
    DispatchQueue.concurrentPerform(iterations: members.count) { number in
      let result = Result { try reproduce(members[number], first, log) }
      finished.withLock { $0[number] = result }
    }
    let done = try finished.withLock { try $0.map { try $0!.get() } }
    let table = ReproductionTable(
      runs: done, command: command,
      device: "\(backend.device.id): \(backend.device.name), \(backend.device.driver)")
    let parts = output.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 1 {
      try RunFolder(parts.dropLast().joined(separator: "/")).create()
    }
    try AtomicFile.write(table.text, to: output)
    print("\(output): \(done.count) runs")
  }

  private func backend() throws -> any Backend {
    guard let request = DeviceRequest(device), request != .auto else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    return try DeviceCatalog.backend(for: DeviceCatalog.resolve(request))
  }

  /// What gives the same file elsewhere.
  private var command: String {
    let name = data.split(separator: "/").last ?? ""
    return "swift run -c release bench reproduce \(name) --seeds \(seeds)"
      + (splits.map { " --splits \($0)" } ?? "") + " --steps \(steps) --device \(device)"
  }

  private func configuration(_ log: RatingsLog) throws -> RunConfiguration {
    var configuration = RunConfiguration(source: data, log: log)
    Preset.paper.configure(&configuration)
    // The agent is that of the last step, whatever a validation on the way would say.
    configuration.agent!.training.validations = 0
    configuration.agent!.training.steps = steps
    try configuration.validate()
    return configuration
  }

  private func reproduce(
    _ member: RunGroup.Member, _ first: RunConfiguration, _ log: RatingsLog
  ) throws -> Reproduction {
    var configuration = first.member(seed: member.seed, split: member.split)
    if splits == nil { configuration.evaluation.splitSeed = configuration.seed }
    let name = "seed \(configuration.seed), split \(configuration.evaluation.splitSeed)"
    let backend = try backend()
    var ladder = try ProtocolAblation(
      configuration, log: log, folder: member.folder(in: RunFolder(runs)))
    ladder.keepsRuns = true
    try ladder.begin()
    let begun = ContinuousClock.now
    let offline = try ladder.climb(seeds: 1, on: backend)
    print("\(name): ladder, \(decimal((ContinuousClock.now - begun).seconds, 0)) s")

    let honest = try ladder.experiment(.honest)
    try honest.begin()
    let model = try honest.readModel() ?? honest.trainPMF(on: backend)
    _ = try honest.trainAgent(model, on: backend)
    let agent = Experiment.Contestant(
      honest.agentName, try honest.readAgent(model, on: backend),
      learner: try honest.readLearner(model, on: backend))
    let online = try honest.simulate(OnlineProtocol(), model, [agent], on: backend)
    print("\(name): simulated, \(decimal((ContinuousClock.now - begun).seconds, 0)) s")
    return Reproduction(
      ladder: offline, oracle: try offline.measurements.map { try oracle($0, log) },
      online: online)
  }

  /// P@K of the order that knows the answers, by K.
  private func oracle(
    _ measurement: ProtocolAblationReport.Measurement, _ log: RatingsLog
  ) throws -> [Int: Double] {
    let settings = measurement.configuration
    let cutoffs = settings.evaluation.cutoffs
    let sessions = Session.all(
      log, UserSplit(log, settings.evaluation), settings.evaluation,
      window: settings.agent!.training.window,
      scale: settings.scale)
    let scores = try OfflineEvaluation(sessions: sessions, cutoffs: cutoffs).evaluate(Oracle())
    return Dictionary(
      uniqueKeysWithValues: cutoffs.compactMap { k in
        scores.mean(.precision, at: k).map { (k, $0) }
      })
  }
}

/// One seed of everything.
struct Reproduction: Sendable {
  var ladder: ProtocolAblationReport
  /// P@K by K, a value for each measurement of the ladder.
  var oracle: [[Int: Double]]
  var online: OnlineReport
}

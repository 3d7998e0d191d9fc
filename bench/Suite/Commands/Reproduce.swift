import ArgumentParser
import DRR
import Dispatch
import Kernels
import Platform
import Synchronization
import Tensor
import Terminal

/// DRR as published: what its figures are here, beside those that were published.
struct Reproduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the table of DRR's published figures and this program's.",
    discussion: """
      Trains DRR with each state module under the protocol of the published figures, without its \
      leaks, and under the default protocol; ranks and simulates with each. Runs go side by side, one \
      a core. What a killed command has trained is kept in --run, and the same command goes on from \
      there.

      Examples:
        drr bench reproduce ml-100k.zip
        drr bench reproduce ml-100k.zip ml-1m.zip --seeds 5 --agent p u ave att ave:200000
      """)

  @Argument(help: "Folders, .zips or files of ratings, or generated:SIZE.")
  var data: [String]
  @Option(help: "Training seeds, from 0 on.")
  var seeds = 3
  @Option(help: "Split seeds, each with every training seed (default: every seed its own split).")
  var splits: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "State modules, each with its steps if they are not those of --steps.",
      valueName: "state[:steps]"))
  var agent: [TrainedState] = [.p, .u, .ave, .att].map { TrainedState(state: $0) }
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
    if data.isEmpty { throw ValidationError("Name the ratings to train on, such as ml-100k.zip.") }
    if agent.isEmpty { throw ValidationError("--agent names a state module, such as ave.") }
  }

  func run() throws {
    let backend = try backend()
    let members = RunGroup(seeds: seeds, splits: splits).members
    let progress = Mutex(
      TrainingsProgress(
        count: data.count * members.count * agent.count, of: "a training and its rankings"))
    defer { progress.withLock { $0.finish() } }
    let parts = try data.enumerated().map { place, source in
      let log = try RatingsSource.load(source)
      let first = try configuration(source, log)
      let finished = Mutex<[Result<Reproduction, any Error>?]>(members.map { _ in nil })
      DispatchQueue.concurrentPerform(iterations: members.count) { number in
        let ladders = (place * members.count + number) * agent.count
        let result = Result {
          try reproduce(members[number], first, log) { ladder, done in
            progress.withLock { $0.update(ladders + ladder, done) }
          }
        }
        finished.withLock { $0[number] = result }
      }
      return try finished.withLock { try $0.map { try $0!.get() } }
    }
    let report = ReproductionReport(
      parts: parts.map { ReproductionTable(runs: $0) }, agents: names, command: command,
      device: "\(backend.device.id): \(backend.device.name), \(backend.device.driver)")
    try RunFolder(output.parentFolder).create()
    try AtomicFile.write(report.text, to: output, readers: .all)
    print("\(output): \(parts.map(\.count).reduce(0, +)) runs of \(agent.count) agents")
  }

  private func backend() throws -> any Backend {
    guard let request = DeviceRequest(device), request != .auto else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    return try DeviceCatalog.backend(for: DeviceCatalog.resolve(request))
  }

  /// What gives the same file elsewhere.
  private var command: String {
    let names = data.map { "\($0.split(separator: "/").last ?? "")" }.joined(separator: " ")
    return "drr bench reproduce \(names) --seeds \(seeds)"
      + (splits.map { " --splits \($0)" } ?? "")
      + " --agent \(agent.map(\.description).joined(separator: " ")) --steps \(steps) "
      + "--device \(device)"
  }

  private var names: [String] { agent.map { $0.name(steps: steps) } }

  private func configuration(_ source: String, _ log: RatingsLog) throws -> RunConfiguration {
    var configuration = RunConfiguration(source: source, log: log)
    var drr = DRRConfiguration()
    // The agent is that of the last step, whatever a validation on the way would say.
    drr.validations = 0
    drr.steps = steps
    configuration.choose(drr)
    try configuration.validate()
    return configuration
  }

  private func reproduce(
    _ member: RunGroup.Member, _ first: RunConfiguration, _ log: RatingsLog,
    _ show: @escaping (_ ladder: Int, _ done: Int) -> Void
  ) throws -> Reproduction {
    var configuration = first.member(seed: member.seed, split: member.split)
    if splits == nil { configuration.evaluation.splitSeed = configuration.seed }
    let backend = try backend()
    let folder = member.folder(in: RunFolder("\(runs)/\(configuration.data.name)"))
    var ladders: [ProtocolAblation] = []
    var offline: [ProtocolAblationReport] = []
    for (place, trained) in agent.enumerated() {
      var observer = Observer()
      observer.progress = { done, total, _ in show(place, TrainingsProgress.whole * done / total) }
      var settings = configuration
      settings.agent!.training.state = trained.state
      settings.agent!.training.steps = trained.steps ?? steps
      var ladder = try ProtocolAblation(
        settings, log: log, folder: RunFolder("\(folder.path)/\(trained.folder)"))
      ladder.keepsRuns = true
      ladder.elder = ladders.first?.folder
      try ladder.begin()
      offline.append(try ladder.climb(seeds: 1, on: backend, observer))
      ladders.append(ladder)
      show(place, TrainingsProgress.whole)
    }
    var agents: [Experiment.Contestant] = []
    var host: (experiment: Experiment, model: PMFModel)?
    for (ladder, name) in zip(ladders, names) {
      let honest = try ladder.experiment(.honest)
      try honest.begin()
      let model = try honest.readModel() ?? honest.trainPMF(on: backend)
      _ = try honest.trainAgent(model, on: backend)
      host = host ?? (honest, model)
      agents.append(
        Experiment.Contestant(
          name, try honest.readAgent(model, on: backend),
          learner: try honest.readLearner(model, on: backend)))
    }
    let online = try host!.experiment.simulate(
      OnlineProtocol(), host!.model, agents, on: backend)
    return Reproduction(
      ladders: offline, oracle: try offline[0].measurements.map { try oracle($0, log) },
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

/// A state module and the steps that DRR is trained with it.
struct TrainedState: ExpressibleByArgument, CustomStringConvertible {
  var state: StateModuleKind
  /// Nil: as many as all.
  var steps: Int?

  init(state: StateModuleKind) { self.state = state }

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let state = StateModuleKind(rawValue: String(parts[0])) else {
      return nil
    }
    self.state = state
    if parts.count == 2 {
      guard let steps = Int(parts[1]), (1...1_000_000_000).contains(steps) else { return nil }
      self.steps = steps
    }
  }

  var description: String { state.rawValue + (steps.map { ":\($0)" } ?? "") }
  var defaultValueDescription: String { description }
  var folder: String { state.rawValue + (steps.map { "-\($0)" } ?? "") }

  /// What the table calls the agent.
  func name(steps all: Int) -> String {
    state.name + (steps.map { $0 == all ? "" : ", \(grouped($0)) steps" } ?? "")
  }
}

/// One seed of everything.
struct Reproduction: Sendable {
  /// A ladder for each agent.
  var ladders: [ProtocolAblationReport]
  /// P@K by K, a value for each measurement of a ladder.
  var oracle: [[Int: Double]]
  var online: OnlineReport
}

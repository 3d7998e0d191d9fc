import ArgumentParser
import DRR
import Kernels
import Tensor

/// A training command on ratings at work.
struct Training {
  let options: RunOptions
  let training: TrainingOptions
  let experiment: Experiment
  let backend: any Backend

  /// Settles the run and writes the folder of a new one, and only then looks at the devices. Where
  /// none fits, nothing is left of a new run, and nothing is lost of one that stands there.
  init(
    _ opening: RunOpening, _ training: TrainingOptions, _ device: DeviceOptions,
    trial: (Experiment, any Backend) throws -> Double
  ) throws {
    self.training = training
    options = opening.run
    Interrupt.install()
    let experiment = try opening.open()
    self.experiment = experiment
    if opening.agent == nil, experiment.configuration.pmf.solver != .adam {
      try Ranks.requireOne(for: "PMF's solver \(experiment.configuration.pmf.solver)")
    }
    backend = try Ranks.begun(
      opening.run.folder, { try experiment.begin(fresh: training.fresh) },
      with: { try device.backend(for: experiment) { try trial(experiment, $0) } })
  }

  private var command: String { experiment.configuration.command }

  func watched<Result>(
    saves unit: String, _ body: (Observer) throws -> Result
  ) throws -> Result {
    try training.watched(options, command, saves: unit, body)
  }

  /// The model of the run, fitted now if it was not yet.
  func model() throws -> PMFModel {
    if let model = try experiment.readModel() { return model }
    return try watched(saves: "PMF epochs") {
      try experiment.trainPMF(on: backend, $0, among: Ranks.all)
    }
  }

  /// A model's error on what is held out, nil where nothing is; every rank asks for it.
  func sessionError(_ model: PMFModel) throws -> Double? {
    experiment.configuration.evaluation.split == .nothing
      ? nil : try experiment.sessionError(model, among: Ranks.all)
  }

  /// Writes the report of a finished run, unless the folder has it already.
  func report(
    _ sessionError: Double?, steps: Int? = nil, last: TrainingProgress? = nil
  ) throws -> TrainingReport {
    let folder = experiment.folder
    if let written = folder.read(TrainingReport.self, from: folder.report),
      written.configuration.identity == experiment.configuration.identity,
      steps == nil || written.steps == steps
    {
      Console.note("\(options.run) is finished; --fresh would start it again")
      try folder.finishEvents()
      return written
    }
    let report = TrainingReport(
      run: options.run, device: "\(backend.device.id)", configuration: experiment.configuration,
      sessionRMSE: sessionError, steps: steps, last: last,
      beliefSweeps: try experiment.beliefSweeps())
    try folder.finish(report)
    return report
  }
}

/// Options that an agent is started with.
protocol AgentSettings {
  associatedtype Agent: AgentConfiguration
  /// Whether its myopic copy (γ = 0) is trained as well; nil: as the run was started.
  var myopic: Bool? { get }
  /// Whether a new run trains it by default.
  var trainsMyopic: Bool { get }
  /// Sets what is given.
  func apply(to agent: inout Agent)
}

extension AgentSettings {
  static var command: String { Agent.command }
  var trainsMyopic: Bool { false }

  /// Gives a run the agent that it starts with, before any option is applied. A factorisation that
  /// was fitted before stays as it is.
  func begin(_ run: inout RunConfiguration, keepsPMF: Bool) {
    if keepsPMF { run.agent = Agent() } else { run.choose(Agent()) }
  }

  func apply(to begun: inout (any AgentConfiguration)?) {
    guard var mine = begun as? Agent else { return }
    apply(to: &mine)
    begun = mine
  }
}

/// All options of a command that trains an agent.
struct AgentCommandOptions<Agent: ParsableArguments & AgentSettings>: ParsableArguments {
  @OptionGroup var options: RunOptions
  @OptionGroup(title: "Data and PMF options") var settings: SettingOptions
  @OptionGroup(title: "Agent options") var agent: Agent
  @OptionGroup var group: GroupOptions
  @OptionGroup var training: TrainingOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  /// Trains it in sessions of ratings.
  func train() throws {
    try AgentTraining(
      options: options, settings: settings, agent: agent, group: group, training: training,
      device: device
    ).run(output)
  }
}

/// Trains an agent that acts in sessions, or a group of them.
struct AgentTraining {
  var options: RunOptions
  let settings: SettingOptions
  let agent: any AgentSettings
  let group: GroupOptions
  let training: TrainingOptions
  let device: DeviceOptions

  func run(_ output: OutputOptions) throws {
    try settings.ratings.rounds(options) {
      var round = self
      round.options = $0
      try round.train(output)
    }
  }

  private func train(_ output: OutputOptions) throws {
    if let group = try group.wanted(options.folder, fresh: training.fresh) {
      return try trainGroup(group, output)
    }
    let training = try Training(opening(options), training, device, trial: Self.trial)
    let (experiment, backend) = (training.experiment, training.backend)
    let model = try training.model()
    let (steps, last) = try training.watched(saves: "steps") { observer in
      if experiment.configuration.myopic == true {
        return try experiment.trainWithMyopic(model, on: backend, observer, among: Ranks.all)
      }
      let (trainer, last) = try experiment.trainAgent(
        model, on: backend, observer, among: Ranks.all)
      return (trainer.step, last)
    }
    guard Ranks.leads else { return }
    let report = try training.report(training.sessionError(model), steps: steps, last: last)
    let reward = report.last.map { ", reward \(decimal($0.reward, 3)) a step at the end" } ?? ""
    let step = try experiment.policyHistory()?.step ?? steps
    let choice = step < steps ? ", the policy of step \(grouped(step)) kept" : ""
    let beliefs = report.beliefSweeps.map {
      "beliefs: \($0.map(String.init).joined(separator: ", ")) sweeps from the earlier run's\n"
    }
    try output.print(
      report,
      "\(experiment.agentName): \(grouped(steps)) steps\(reward)\(choice)"
        + "\(cloning(experiment.configuration.agent))\n\(beliefs ?? "")"
        + "next: drr evaluate --run \(options.run)")
  }

  /// Says which of the steps are none of acting.
  private func cloning(_ agent: (any AgentConfiguration)?) -> String {
    guard let updates = agent?.preparation, updates > 0 else { return "" }
    return "; the first \(grouped(updates)) steps are updates of behavior cloning"
  }

  private func opening(_ run: RunOptions, isOfGroup: Bool = false) -> RunOpening {
    RunOpening(
      run: run, settings: settings, agent: agent, start: training.start, isOfGroup: isOfGroup)
  }

  private static func trial(_ experiment: Experiment, on backend: any Backend) throws -> Double {
    try DeviceTrial.secondsPerUpdate(
      experiment.configuration.agent, dimension: experiment.configuration.pmf.dimension,
      on: backend)
  }

  private func trainGroup(_ group: RunGroup, _ output: OutputOptions) throws {
    var run = options
    run.run += "/\(group.members[0].name)"
    Interrupt.install()
    let first = try opening(run, isOfGroup: true).open()
    let copies = first.configuration.myopic == true && first.myopic != nil ? 2 : 1
    let steps = first.configuration.totalSteps ?? 0
    let reports = try GroupTraining(
      group: group, options: options, training: training, device: device,
      first: first.configuration, need: first.memory, preparation: first.folder.preparation
    ).run(
      steps: copies * steps,
      on: device.backend(for: first) { try Self.trial(first, on: $0) }.device,
      TrainingReport.self)
    let rewards = reports.compactMap(\.last).map { decimal($0.reward, 3) }
    try output.print(
      reports,
      "\(first.agentName): \(group.members.count) runs of \(grouped(steps)) steps, rewards "
        + "\(rewards.joined(separator: " ")) a step at the end"
        + "\(cloning(first.configuration.agent))\nnext: "
        + "drr evaluate --run \(options.run)")
  }
}

/// What a training command reports.
struct TrainingReport: Codable {
  var run: String
  var device: String
  var configuration: RunConfiguration
  /// Nil where nothing was held out.
  var sessionRMSE: Double?
  var steps: Int?
  var last: TrainingProgress?
  /// Of each factorization of the beliefs; nil where they did not begin with an earlier run's.
  var beliefSweeps: [Int]?
}

extension DeviceOptions {
  /// The backend asked for; `auto` stays on the device that the run was started on.
  func backend(
    for experiment: Experiment, trial: (any Backend) throws -> Double
  ) throws -> any Backend {
    var device = self
    // Under mpirun each process has the GPU of its own number.
    if device.device == .auto, let begun = try experiment.device(),
      begun == .cpu || Ranks.all.size == 1,
      (try? DeviceCatalog.resolve(begun)) != nil
    {
      device.device = begun
    }
    let ranks = experiment.log.whole == nil ? 1 : Ranks.all.size
    return try device.backend(experiment.memory(ranks: ranks), trial: trial)
  }
}

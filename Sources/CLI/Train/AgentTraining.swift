import ArgumentParser
import DRR
import Kernels
import Tensor

/// A training command at work.
struct Training {
  let command: String
  let options: RunOptions
  let training: TrainingOptions
  let experiment: Experiment
  let backend: any Backend

  /// Settles the run, then the device, and only then touches the folder.
  init(
    _ command: String, _ opening: RunOpening, _ training: TrainingOptions, _ device: DeviceOptions,
    trial: (Experiment, any Backend) throws -> Double
  ) throws {
    self.command = command
    self.training = training
    options = opening.run
    let experiment = try opening.open()
    backend = try device.backend(for: experiment, fresh: opening.fresh) {
      try trial(experiment, $0)
    }
    try experiment.begin(fresh: opening.fresh)
    self.experiment = experiment
    Interrupt.install()
  }

  /// The model of the run, fitted now if it was not yet.
  func model() throws -> PMFModel {
    if let model = try experiment.readModel() { return model }
    return try training.watched(options, command, saves: "PMF epochs") {
      try experiment.trainPMF(on: backend, $0)
    }
  }

  /// Writes the report of a finished run, unless the folder has it already.
  func report(
    _ model: PMFModel, steps: Int? = nil, last: TrainingProgress? = nil
  ) throws
    -> TrainingReport
  {
    let folder = experiment.folder
    if let written = folder.read(TrainingReport.self, from: folder.report),
      written.configuration == experiment.configuration, steps == nil || written.steps == steps
    {
      Console.note("\(options.run) is finished; --fresh would start it again")
      return written
    }
    let report = TrainingReport(
      run: options.run, device: "\(backend.device.id)", configuration: experiment.configuration,
      sessionRMSE: experiment.configuration.evaluation.split == .nothing
        ? nil : experiment.sessionError(model), steps: steps, last: last)
    try folder.write(report, to: folder.report)
    return report
  }
}

/// Trains an agent that acts in sessions, or a group of them.
struct AgentTraining {
  let command: String
  let options: RunOptions
  let settings: SettingOptions
  let agent: any AgentSettings
  let group: GroupOptions
  let training: TrainingOptions
  let device: DeviceOptions

  func run(_ output: OutputOptions) throws {
    if let group = try group.wanted(options.folder, fresh: training.fresh) {
      return try GroupTraining(
        group: group, options: options, settings: settings, agent: agent, training: training,
        device: device
      ).run(output)
    }
    let training = try Training(
      command, RunOpening(run: options, settings: settings, agent: agent, fresh: training.fresh),
      training, device
    ) { experiment, backend in
      try DeviceTrial.secondsPerUpdate(
        experiment.configuration.drr!, dimension: experiment.configuration.pmf.dimension,
        on: backend)
    }
    let model = try training.model()
    let (trainer, last) = try training.training.watched(options, command, saves: "steps") {
      try agent.myopic
        ? training.experiment.trainWithTwin(model, on: training.backend, $0)
        : training.experiment.trainDRR(model, on: training.backend, $0)
    }
    let report = try training.report(model, steps: trainer.step, last: last)
    let reward = report.last.map { ", reward \(decimal($0.reward, 3)) a step at the end" } ?? ""
    let step = try training.experiment.policyHistory()?.step ?? trainer.step
    let choice = step < trainer.step ? ", the policy of step \(grouped(step)) kept" : ""
    try output.print(
      report,
      "\(training.experiment.agentName): \(grouped(trainer.step)) steps\(reward)\(choice); "
        + "next: drr evaluate --run \(options.run)")
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
}

extension DeviceOptions {
  /// The backend asked for; `auto` stays on the device that the run was begun on.
  func backend(
    for experiment: Experiment, fresh: Bool, trial: (any Backend) throws -> Double
  ) throws -> any Backend {
    var device = self
    let begun = fresh ? nil : try experiment.device()
    if device.device == .auto, let begun, (try? DeviceCatalog.resolve(begun)) != nil {
      device.device = begun
    }
    let backend = try device.backend(trial: trial)
    if let begun, DeviceRequest("\(backend.device.id)") != begun,
      try experiment.trainedSteps() != experiment.configuration.drr?.steps
    {
      Console.note("the run was started on another device: what follows is not equal to the bit")
    }
    return backend
  }
}

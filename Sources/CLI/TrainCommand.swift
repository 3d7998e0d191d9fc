import ArgumentParser
import DRR
import Kernels
import Tensor

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a PMF or an agent.",
    subcommands: [PMF.self, DRR.self])
}

/// How a training run is watched and saved.
struct TrainingOptions: ParsableArguments {
  @Flag(help: "Forget what the run's folder holds and begin again.")
  var fresh = false
  @Option(help: "Steps between checkpoints (default: one every 30 seconds).")
  var checkpointSteps: Int?

  func validate() throws {
    if let checkpointSteps, checkpointSteps < 1 {
      throw ValidationError("--checkpoint-steps is \(checkpointSteps); it must be 1 or more.")
    }
  }

  func observer(_ progress: Progress) -> Experiment.Observer {
    var observer = Experiment.Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    observer.shouldStop = { Interrupt.isRequested }
    observer.checkpointSteps = checkpointSteps
    return observer
  }

  /// Runs a stage under a progress bar, and says how to go on where it is interrupted.
  func watched<Result>(
    _ run: RunOptions, _ stage: String, _ body: (Experiment.Observer) throws -> Result
  ) throws -> Result {
    let progress = Progress()
    defer { progress.finish() }
    do {
      return try body(observer(progress))
    } catch let interrupted as Experiment.Interrupted {
      progress.finish()
      Console.note("to go on: drr train \(stage) --run \(run.run)")
      throw interrupted
    }
  }
}

/// The model of a run, fitted now if it was not yet.
private func fittedModel(
  _ experiment: Experiment, on backend: any Backend, _ run: RunOptions,
  _ training: TrainingOptions, stage: String
) throws -> PMFModel {
  if let model = try experiment.readModel() { return model }
  return try training.watched(run, stage) { try experiment.trainPMF(on: backend, $0) }
}

/// What a training command reports.
private struct TrainingReport: Encodable {
  var run: String
  var device: String
  var configuration: RunConfiguration
  var sessionRMSE: Double
  var steps: Int?
  var last: DRRTrainer.Report?
}

extension TrainCommand {
  struct PMF: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pmf", abstract: "Factorise the ratings: the vectors that DRR stands on.",
      discussion: """
        Examples:
          drr train pmf --data ml-1m.zip --run runs/million
          drr train pmf --data generated:medium --dimension 50 --seed 3 --run runs/medium
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var settings: SettingOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let experiment = try RunOpening(
        run: options, settings: settings, agent: nil, fresh: training.fresh
      ).open()
      let backend = try device.backend { try experiment.secondsPerPMFUpdate(on: $0) }
      let model = try fittedModel(experiment, on: backend, options, training, stage: "pmf")
      let report = TrainingReport(
        run: options.run, device: "\(backend.device.id)", configuration: experiment.configuration,
        sessionRMSE: experiment.sessionError(model))
      try experiment.folder.write(report, to: experiment.folder.report)
      if output.json { return print(try RunFolder.json(report, pretty: true)) }
      print(
        "PMF of \(model.userCount) users and \(model.itemCount) items, k \(model.dimension): "
          + "RMSE \(decimal(report.sessionRMSE, 4)) stars on the test users' unseen sessions")
    }
  }

  struct DRR: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drr", abstract: "Train DRR-ave by DDPG, fitting its PMF first.",
      discussion: """
        A run that was interrupted or killed goes on from its last checkpoint, to the same bits.

        Examples:
          drr train drr --data ml-100k.zip --run runs/first
          drr train drr --run runs/first                   # goes on after an interruption
          drr train drr --steps 50000 --seed 1 --device opencl --run runs/gpu
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var settings: SettingOptions
    @OptionGroup var agent: AgentOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let experiment = try RunOpening(
        run: options, settings: settings, agent: agent, fresh: training.fresh
      ).open()
      let configuration = experiment.configuration
      let backend = try device.backend {
        try DeviceTrial.secondsPerUpdate(
          configuration.drr!, dimension: configuration.pmf.dimension, on: $0)
      }
      let model = try fittedModel(experiment, on: backend, options, training, stage: "drr")
      let (trainer, last) = try training.watched(options, "drr") {
        try experiment.trainDRR(model, on: backend, $0)
      }
      let report = TrainingReport(
        run: options.run, device: "\(backend.device.id)", configuration: configuration,
        sessionRMSE: experiment.sessionError(model), steps: trainer.step, last: last)
      try experiment.folder.write(report, to: experiment.folder.report)
      if output.json { return print(try RunFolder.json(report, pretty: true)) }
      let reward = last.map { ", reward \(decimal($0.reward, 3)) a step at the end" } ?? ""
      print(
        "DRR-ave: \(grouped(trainer.step)) steps\(reward); next: drr evaluate --run \(options.run)")
    }
  }
}

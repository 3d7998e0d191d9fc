import ArgumentParser
import DRR

/// Whether a run is started anew.
struct FreshOption: ParsableArguments {
  @Flag(help: "Delete what the run's folder holds and start a new run.")
  var fresh = false
}

/// Whether a run's metrics go to TensorBoard too.
struct TensorBoardOption: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Write the metrics for TensorBoard too, into the folder tensorboard of the run, as they come; a "
        + "run that was begun so goes on so."))
  var tensorboard = false
}

/// How a training run is watched and saved.
struct TrainingOptions: ParsableArguments {
  @OptionGroup var start: StartOptions
  @OptionGroup var follow: TensorBoardOption
  @Option(help: "Steps between checkpoints. (default: one every 30 seconds)")
  var checkpointSteps: Int?
  @Flag(help: .hidden)
  var reportProgress = false

  var fresh: Bool { start.fresh }

  func validate() throws {
    if let checkpointSteps, checkpointSteps < 1 {
      throw ValidationError("--checkpoint-steps is \(checkpointSteps); it must be at least 1.")
    }
  }

  /// Runs a stage of `drr train`, and says how to go on where it is interrupted.
  func watched<Result>(
    _ run: RunOptions, _ command: String, saves unit: String,
    _ body: (Observer) throws -> Result
  ) throws -> Result {
    try Commands.watched(
      self, resume: "drr \(command) --run \(run.run)",
      saved: { "\(grouped($0)) \(unit) are saved" }, body)
  }
}

extension RunFolder {
  /// Writes what a finished training has to say, and ends what TensorBoard reads of it.
  func finish(_ report: some Encodable) throws {
    try write(report, to: self.report)
    try finishEvents()
  }

  /// Ends what TensorBoard reads of a run and of its myopic copy.
  func finishEvents() throws {
    for run in [self, myopic] { try EventFile(besideMetricsOf: run).finish() }
  }
}

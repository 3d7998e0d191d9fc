import ArgumentParser
import DRR

/// How a training run is watched and saved.
struct TrainingOptions: ParsableArguments {
  @Flag(help: "Forget what the run's folder holds and begin again.")
  var fresh = false
  @Option(help: "Steps between checkpoints (default: one every 30 seconds).")
  var checkpointSteps: Int?
  @Flag(help: .hidden)
  var reportProgress = false

  func validate() throws {
    if let checkpointSteps, checkpointSteps < 1 {
      throw ValidationError("--checkpoint-steps is \(checkpointSteps); it must be 1 or more.")
    }
  }

  func observer(_ progress: Progress) -> Experiment.Observer {
    var observer = Experiment.Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    observer.note = { Console.note("warning: \($0)") }
    observer.shouldStop = { Interrupt.isRequested }
    observer.checkpointSteps = checkpointSteps
    return observer
  }

  /// Runs a stage under a progress bar, and says how to go on where it is interrupted.
  func watched<Result>(
    _ run: RunOptions, _ command: String, saves unit: String,
    _ body: (Experiment.Observer) throws -> Result
  ) throws -> Result {
    let progress = Progress(reports: reportProgress)
    defer { progress.finish() }
    do {
      return try body(observer(progress))
    } catch let interrupted as Experiment.Interrupted {
      progress.finish()
      Console.note(
        "interrupted; \(grouped(interrupted.step)) \(unit) are saved; to go on: "
          + "drr train \(command) --run \(run.run)")
      throw interrupted
    }
  }
}

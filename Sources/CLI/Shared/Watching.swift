import DRR

extension Observer {
  /// Shows progress and warnings, and stops where Control-C asks for it.
  static func watching(
    _ progress: Progress, checkpointSteps: Int? = nil
  ) -> Observer {
    Interrupt.begins()
    var observer = Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    observer.note = { Console.warn("\($0)") }
    observer.shouldStop = { Interrupt.isRequested }
    observer.saved = { Interrupt.hasCheckpoint() }
    observer.checkpointSteps = checkpointSteps
    return observer
  }
}

/// Runs `body` under a progress bar. Where Control-C stops it, says what is saved and how to go on.
///
/// - Parameter saved: what an interruption at a step leaves behind.
func watched<Result>(
  _ training: TrainingOptions? = nil, resume: @autoclosure () -> String,
  saved: (_ step: Int) -> String, _ body: (Observer) throws -> Result
) throws -> Result {
  let progress = Progress(reports: training?.reportProgress ?? false)
  defer { progress.finish() }
  do {
    return try body(.watching(progress, checkpointSteps: training?.checkpointSteps))
  } catch let interrupted as Interrupted {
    progress.finish()
    Interrupt.note(saved(interrupted.step), resume: resume())
    throw interrupted
  }
}

import DRR

extension Observer {
  /// Shows progress and warnings, and stops where Control-C asks for it.
  ///
  /// - Parameter follow: whether event files are begun. Where one is there it goes on, and what is
  ///   trained after it, such as a myopic copy, has one too.
  static func watching(
    _ progress: Progress, checkpointSteps: Int? = nil, _ follow: TensorBoardOption? = nil
  ) -> Observer {
    Interrupt.begins()
    var observer = Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    observer.note = { Console.warn("\($0)") }
    var follows = follow?.tensorboard ?? false
    observer.metrics = { run, line in
      let file = EventFile(besideMetricsOf: run)
      if let line { return try file.add(line) }
      follows = follows || run.exists(run.events)
      if follows { try file.begin() }
    }
    observer.shouldStop = { Ranks.leads && Interrupt.isRequested }
    observer.saved = { Interrupt.hasCheckpoint() }
    observer.checkpointSteps = checkpointSteps
    return observer
  }
}

/// Runs `body` under a progress bar. Where Control-C stops it, says what is saved and how to go on.
///
/// - Parameter saved: what an interruption at a step leaves behind.
func watched<Result>(
  _ training: TrainingOptions? = nil, follow: TensorBoardOption? = nil,
  resume: @autoclosure () -> String,
  saved: (_ step: Int) -> String, _ body: (Observer) throws -> Result
) throws -> Result {
  let progress = Progress(reports: training?.reportProgress ?? false)
  defer { progress.finish() }
  do {
    return try body(
      .watching(
        progress, checkpointSteps: training?.checkpointSteps, follow ?? training?.follow))
  } catch let interrupted as Interrupted {
    progress.finish()
    Interrupt.note(saved(interrupted.step), resume: resume())
    throw interrupted
  }
}

import DRR

extension Observer {
  /// Shows progress and warnings, and stops where Control-C asks for it.
  static func watching(
    _ progress: Progress, checkpointSteps: Int? = nil
  ) -> Observer {
    var observer = Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    observer.note = { Console.note("warning: \($0)") }
    observer.shouldStop = { Interrupt.isRequested }
    observer.checkpointSteps = checkpointSteps
    return observer
  }
}

extension Interrupt {
  /// Says what an interrupted command leaves behind, and the command that goes on from there.
  static func note(_ saved: String, resume: String) {
    Console.note("interrupted; \(saved); to go on: \(resume)")
  }

  /// The command as it was typed, as it goes on with what it has saved.
  static var typedCommand: String {
    let words = CommandLine.arguments.dropFirst().filter { $0 != "--fresh" }
    return (["drr"] + words.map(quoted)).joined(separator: " ")
  }

  /// A word as a shell takes it whole.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:,=+%@".contains($0) }
    return isPlain && !word.isEmpty
      ? word
      : "'"
        + word.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: #"'\''"#) + "'"
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

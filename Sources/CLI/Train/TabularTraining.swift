import DRR

/// Trains in a tabular MDP and prints how far the greedy policy is from the best.
struct TabularTraining {
  /// Such as "train dqn".
  let command: String
  let options: RunOptions
  let group: GroupOptions
  let training: TrainingOptions
  let device: DeviceOptions

  /// - Parameter settings: makes those of a new run, or of the one that was started, those that are
  ///   wanted, and returns the process of their file.
  func run(
    _ output: OutputOptions,
    _ settings: (inout SmallWorldConfiguration) throws -> FiniteProcess?
  ) throws {
    let begun: SmallWorldConfiguration? =
      try training.start.begun(options.folder, by: command)
    if let begun, begun.command != command {
      throw RunError(
        "\(options.run) is \(begun.title); go on with it by `drr \(begun.command) --run "
          + "\(options.run)`, or name another --run")
    }
    var wanted = begun ?? SmallWorldConfiguration()
    let process = try settings(&wanted)
    if wanted.dqn != nil, wanted.steps <= wanted.learningStarts {
      noteNoUpdate(steps: wanted.steps, learningStarts: wanted.learningStarts)
    }
    try SettledTraining(
      options: options, group: group, training: training, device: device, settings: wanted
    ).run(output, trial: { try DeviceTrial.secondsPerSmallUpdate(on: $0) }) { settings, backend in
      let trainer = try SmallWorldTrainer(settings, process, on: backend)
      return (
        trainer,
        {
          try trainer.process.text(
            trainer.table(), step: $0.step, worth: $0.greedyValue, best: $0.bestValue)
        }
      )
    }
  }
}

import DRR

/// Trains in a tabular MDP and prints how far the greedy policy is from the best.
struct TabularTraining {
  let command: String
  let options: RunOptions
  let training: TrainingOptions
  let device: DeviceOptions

  /// - Parameter settings: those wanted, from those of a run that was started.
  func run(
    _ output: OutputOptions, _ settings: (SmallWorldConfiguration?) -> SmallWorldConfiguration
  ) throws {
    let folder = options.folder
    let begun = training.fresh ? nil : try folder.read(SmallWorldConfiguration.self)
    let run = try Run(settings(begun), folder: folder)
    let backend = try device.backend { try DeviceTrial.secondsPerSmallUpdate(on: $0) }
    let trainer = try SmallWorldTrainer(run.configuration, on: backend)
    try run.begin(fresh: training.fresh)
    Interrupt.install()
    let last = try training.watched(options, command, saves: "steps") {
      try run.train(trainer, device: "\(backend.device.id)", $0)
    }
    guard let last else { return }
    try folder.write(last, to: folder.report)
    let (process, table) = (trainer.process, try trainer.table())
    let path = process.greedyPath(table).map { process.states[$0] }
    try output.print(
      last,
      """
      \(run.configuration.environment.rawValue), step \(grouped(last.step)): the greedy policy is \
      worth \(decimal(last.greedyValue, 3)), the best \(decimal(last.bestValue, 3))
      greedy path: \(path.joined(separator: " → "))
      """)
  }
}

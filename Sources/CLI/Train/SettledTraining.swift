import DRR
import Kernels
import Tensor

/// Trains what is settled without data, or a group of it.
struct SettledTraining<Settings: RunSettings> {
  let options: RunOptions
  let group: GroupOptions
  let training: TrainingOptions
  /// Nil for what is trained on the host alone.
  let device: DeviceOptions?
  let settings: Settings

  /// - Parameters:
  ///   - trial: seconds of an update on a device.
  ///   - make: the trainer, and what a person is told of its last report, which may be completed.
  func run<Training: Trainer>(
    _ output: OutputOptions, trial: (any Backend) throws -> Double,
    _ make: (Settings, any Backend) throws -> (Training, (inout Training.Report) throws -> String)
  ) throws {
    Interrupt.install()
    if let group = try group.wanted(options.folder, fresh: training.fresh) {
      return try trainGroup(group, output, trial: trial, Training.self)
    }
    let run = try Run(settings, folder: options.folder)
    if !training.fresh, let begun = try run.folder.read(Settings.self) {
      try run.requireSame(begun)
    }
    let backend: any Backend = try Ranks.begun(
      run.folder, { try run.begin(fresh: training.fresh) }, with: { try self.backend(trial) })
    let (trainer, text) = try make(run.settings, backend)
    let last = try training.watched(options, settings.command, saves: "steps") {
      try run.train(trainer, device: "\(backend.device.id)", $0, among: Ranks.all)
    }
    guard Ranks.leads, var last else { return }
    let lines = try text(&last)
    try output.print(last, lines) { try run.folder.finish(last) }
  }

  private func backend(_ trial: (any Backend) throws -> Double) throws -> any Backend {
    try device?.backend(settings.memory, trial: trial) ?? DeviceCatalog.backend(for: .cpu)
  }

  private func trainGroup<Training: Trainer>(
    _ group: RunGroup, _ output: OutputOptions, trial: (any Backend) throws -> Double,
    _ type: Training.Type
  ) throws {
    let reports = try GroupTraining(
      group: group, options: options, training: training, device: device, first: settings,
      need: settings.memory
    ).run(steps: settings.totalSteps ?? 0, on: backend(trial).device, Training.Report.self)
    try output.print(
      reports,
      "\(group.members.count) runs, \(settings.title) each, in \(options.run)")
  }
}

import ArgumentParser
import DRR
import Kernels

/// Trains the runs of a group side by side, each a `drr train` of its own on one core; under `mpirun`
/// each rank its part of them.
struct GroupTraining {
  let group: RunGroup
  let options: RunOptions
  let training: TrainingOptions
  /// Nil for what is trained on the host alone.
  let device: DeviceOptions?
  /// The settings of the first run.
  let first: any RunSettings
  /// What each takes of memory.
  let need: MemoryNeed
  /// Writes what the runs share, before the settings of new ones.
  var preparation: (@Sendable () throws -> Void)?
  /// Options of the command that are no settings.
  var also: [String] = []

  /// Trains the runs, and tells what those that are trained have reported.
  ///
  /// - Parameters:
  ///   - steps: of each run, as its progress counts them.
  ///   - device: chosen once the folders of the runs are there.
  func run<Report: Decodable>(
    steps: Int, on device: @autoclosure () throws -> DeviceInfo, _ type: Report.Type
  ) throws -> [Report] {
    // What no machine has room for leaves no folders.
    try need.require(on: nil)
    try prepare()
    try train(steps: steps, on: device())
    return group.members.compactMap { member in
      let folder = member.folder(in: options.folder)
      return folder.read(Report.self, from: folder.report)
    }
  }

  /// Makes the folders of all runs, each with its settings, once every rank has looked at them.
  private func prepare() throws {
    try Ranks.all.barrier()
    if Ranks.leads { try prepare(first) }
    try Ranks.all.barrier()
  }

  private func prepare<Settings: RunSettings>(_ first: Settings) throws {
    let folder = options.folder
    try folder.create()
    try folder.lock()
    folder.removeTemporaries()
    let runs = try group.members.map { member in
      try Run(
        first.member(seed: member.seed, split: member.split), folder: member.folder(in: folder))
    }
    for run in runs where run.folder.exists(run.folder.path) {
      try run.folder.requireUnlocked()
      if !training.fresh, let begun = try run.folder.read(Settings.self) {
        try run.requireSame(begun)
      }
    }
    if training.fresh { try folder.clear() }
    try folder.write(group, to: folder.group)
    for run in runs {
      try run.folder.create()
      if training.fresh { try run.folder.clear() }
    }
    try preparation?()
    for run in runs {
      if try run.folder.read(Settings.self) != run.settings { try run.folder.write(run.settings) }
    }
  }

  /// As many runs at a time as there are cores, and memory for. The first that fails stops the
  /// others, which save; those of other ranks go on to their end.
  private func train(steps: Int, on device: DeviceInfo) throws {
    let progress = Progress()
    defer { progress.finish() }
    // Where only the data tell how many steps there are, runs are shown by their shares.
    let each = steps > 0 ? steps : 1_000
    let ranks = Ranks.all
    let members = group.members[ranks.share(of: group.members.count)]
    let jobs = members.map {
      TrainingPool.Job(name: $0.name, words: arguments($0, device: device.id))
    }
    var pool = TrainingPool()
    let fitting = need.fitting(
      min(pool.width, members.count), on: device, sharers: Ranks.localCount)
    pool.width = max(fitting.count, 1)
    if let reason = fitting.reason { Console.note(reason) }
    let outcome = try pool.run(jobs) { finished, reports in
      let fitting = reports.filter { $0.note.hasPrefix("PMF") }
      let share =
        fitting.reduce(0) { $0 + Double($1.done) / Double(max($1.total, 1)) }
        / Double(max(fitting.count, 1))
      let shares = steps > 0 ? reports.filter { !$0.note.hasPrefix("PMF") } : reports
      let done = shares.reduce(0) {
        $0 + (steps > 0 ? $1.done : 1_000 * $1.done / max($1.total, 1))
      }
      progress.update(
        finished * each + done, of: members.count * each,
        (steps > 0 ? "steps" : "thousandths") + " of \(members.count) runs"
          + (fitting.isEmpty || steps == 0 ? "" : ", PMF \(Int(share * 100))%"))
    }
    progress.finish()
    var failure = ""
    if let (name, reason) = outcome.failures.first {
      let path = "\(options.run)/\(name)"
      failure = reason.hasPrefix(path) ? reason : "\(path): \(reason)"
    } else if Interrupt.isRequested && outcome.finished < members.count {
      Interrupt.note("every run is saved", resume: "drr \(first.command) --run \(options.run)")
      throw Interrupted(step: 0)
    }
    try Ranks.requireNone(failure)
  }

  /// Whether the runs' metrics go to TensorBoard: as is asked for now, or was when they were begun.
  private var follows: Bool {
    training.follow.tensorboard
      || group.members.contains { member in
        let run = member.folder(in: options.folder)
        return run.exists(run.events)
      }
  }

  private func arguments(_ member: RunGroup.Member, device: DeviceID) -> [String] {
    var arguments = first.command.split(separator: " ").map(String.init)
    arguments += ["--run", "\(options.run)/\(member.name)", "--report-progress"] + also
    if let own = self.device {
      arguments += ["--device", "\(device)"]
      if let core = own.blas.blasCore { arguments += ["--blas-core", core] }
    }
    if follows { arguments.append("--tensorboard") }
    if let steps = training.checkpointSteps { arguments += ["--checkpoint-steps", "\(steps)"] }
    return arguments
  }
}

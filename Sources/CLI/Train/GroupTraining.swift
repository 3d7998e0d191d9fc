import ArgumentParser
import DRR
import Kernels
import Platform

/// Trains the runs of a group side by side, each a `drr train` of its own on one core.
struct GroupTraining {
  let group: RunGroup
  let options: RunOptions
  let training: TrainingOptions
  /// Nil for what is trained on the host alone.
  let device: DeviceOptions?
  /// The settings of the first run.
  let first: any RunSettings
  /// Options of the command that are no settings.
  var also: [String] = []

  private struct Worker {
    var name: String
    var process: ChildProcess
    var report: ProgressReport?
    var error: String?
  }

  /// Makes the folders of all runs, each with its settings.
  func prepare() throws { try prepare(first) }

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
      if try run.folder.read(Settings.self) != run.settings { try run.folder.write(run.settings) }
    }
  }

  /// What the runs that are trained have reported.
  func reports<Report: Decodable>(_ type: Report.Type) -> [Report] {
    group.members.compactMap { member in
      let folder = member.folder(in: options.folder)
      return folder.read(Report.self, from: folder.report)
    }
  }

  /// As many runs at a time as there are cores. The first that fails stops the others, which save.
  ///
  /// - Parameter steps: of each run, as its progress counts them.
  func train(steps: Int, on device: DeviceID) throws {
    let cores = CPUBackend.info.computeUnits
    var waiting = group.members[...]
    var working: [Worker] = []
    var (finished, isStopping, failure) = (0, false, String?.none)
    let progress = Progress()
    defer { progress.finish() }
    // Whatever goes wrong here, no run is left behind.
    defer { for worker in working { worker.process.send(SIGTERM) } }
    while !working.isEmpty || (!waiting.isEmpty && !isStopping) {
      while working.count < max(cores, 1), !isStopping, let member = waiting.popFirst() {
        // One thread each: the processes are as many as the cores.
        let process = try ChildProcess(
          [ChildProcess.own] + arguments(member, device: device), reading: .error,
          setting: ["OPENBLAS_NUM_THREADS": "1"], quietly: true, apart: true)
        working.append(Worker(name: member.name, process: process))
      }
      usleep(50_000)
      for index in working.indices.reversed() {
        // Whether it ended is asked first, so that its last lines are read.
        let exit = working[index].process.exit()
        read(&working[index], isStopping: isStopping)
        guard let exit else { continue }
        let worker = working.remove(at: index)
        if exit == .code(0) {
          finished += 1
        } else if failure == nil, !(isStopping && exit.isStop) {
          let path = "\(options.run)/\(worker.name)"
          let reason = worker.error ?? exit.text
          failure = reason.hasPrefix(path) ? reason : "\(path): \(reason)"
        }
      }
      if !isStopping, Interrupt.isRequested || failure != nil {
        isStopping = true
        for worker in working { worker.process.send(SIGTERM) }
      }
      let fitting = working.compactMap(\.report).filter { $0.note.hasPrefix("PMF") }
      let share =
        fitting.reduce(0) { $0 + Double($1.done) / Double(max($1.total, 1)) }
        / Double(max(fitting.count, 1))
      let learning = working.compactMap(\.report).filter { !$0.note.hasPrefix("PMF") }
      // Where only the data tell how many steps there are, runs are shown by their shares.
      let each = steps > 0 ? steps : 1_000
      let shares = steps > 0 ? learning : working.compactMap(\.report)
      let done = shares.reduce(0) {
        $0 + (steps > 0 ? $1.done : 1_000 * $1.done / max($1.total, 1))
      }
      progress.update(
        finished * each + done, of: group.members.count * each,
        (steps > 0 ? "steps" : "thousandths") + " of \(group.members.count) runs"
          + (fitting.isEmpty || steps == 0 ? "" : ", PMF \(Int(share * 100))%"))
    }
    progress.finish()
    if let failure { throw RunError(failure) }
    if Interrupt.isRequested && finished < group.members.count {
      Interrupt.note("every run is saved", resume: "drr \(first.command) --run \(options.run)")
      throw Interrupted(step: 0)
    }
  }

  private func arguments(_ member: RunGroup.Member, device: DeviceID) -> [String] {
    var arguments = first.command.split(separator: " ").map(String.init)
    arguments += ["--run", "\(options.run)/\(member.name)", "--report-progress"] + also
    if let own = self.device {
      arguments += ["--device", "\(device)"]
      if let core = own.blas.blasCore { arguments += ["--blas-core", core] }
    }
    if let steps = training.checkpointSteps { arguments += ["--checkpoint-steps", "\(steps)"] }
    return arguments
  }

  /// Takes in what a run has said, and passes on what a person should know.
  private func read(_ worker: inout Worker, isStopping: Bool) {
    for line in worker.process.lines() where !line.isEmpty {
      if let report = ProgressReport(line: line) {
        worker.report = report
      } else if line.hasPrefix("Error: ") {
        worker.error = String(line.dropFirst("Error: ".count))
      } else if !line.hasPrefix("interrupted;") || !isStopping {
        let warning = "warning: "
        line.hasPrefix(warning)
          ? Console.warn("\(worker.name): \(line.dropFirst(warning.count))")
          : Console.note("\(worker.name): \(line)")
      }
    }
  }
}

extension ChildProcess.Exit {
  /// Asked to end, a run saves and says so; one that has not started yet just ends.
  var isStop: Bool { self == .code(130) || self == .signal(SIGTERM) }

  var text: String {
    switch self {
    case .code(let code): "ended with code \(code)"
    case .signal(let signal): "ended by signal \(signal)"
    }
  }
}

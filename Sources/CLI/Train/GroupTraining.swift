import ArgumentParser
import DRR
import Kernels
import Platform

/// Trains the runs of a group side by side, each a `drr train drr` of its own on one core.
struct GroupTraining {
  let group: RunGroup
  let options: RunOptions
  let settings: SettingOptions
  let agent: any AgentSettings
  let training: TrainingOptions
  let device: DeviceOptions

  private struct Worker {
    var name: String
    var process: ChildProcess
    var report: ProgressReport?
    var error: String?
  }

  func run(_ output: OutputOptions) throws {
    let first = try begin()
    let steps = first.configuration.drr!.steps
    let all = agent.myopic && first.twin != nil ? 2 * steps : steps
    let backend = try device.backend(for: first, fresh: training.fresh) {
      try DeviceTrial.secondsPerUpdate(
        first.configuration.drr!, dimension: first.configuration.pmf.dimension, on: $0)
    }
    try prepare(first)
    Interrupt.install()
    try train(steps: all, device: "\(backend.device.id)")
    let reports = group.members.compactMap { member in
      let folder = member.folder(in: options.folder)
      return folder.read(TrainingReport.self, from: folder.report)
    }
    let rewards = reports.compactMap(\.last).map { decimal($0.reward, 3) }
    try output.print(
      reports,
      "\(first.agentName): \(group.members.count) runs of \(grouped(steps)) steps, rewards "
        + "\(rewards.joined(separator: " ")) a step at the end; next: "
        + "drr evaluate --run \(options.run)")
  }

  /// The first run, with the settings given. Changes nothing.
  private func begin() throws -> Experiment {
    var run = options
    run.run += "/\(group.members[0].name)"
    return try RunOpening(run: run, settings: settings, agent: agent, fresh: training.fresh)
      .open()
  }

  /// Makes the folders of all runs, each with its configuration.
  private func prepare(_ first: Experiment) throws {
    let folder = options.folder
    try folder.create()
    try folder.lock()
    let runs = group.members.map { member in
      (member.folder(in: folder), member.configuration(from: first.configuration))
    }
    for (run, wanted) in runs where run.exists(run.path) {
      try run.requireUnlocked()
      guard !training.fresh, let begun = try run.readConfiguration() else { continue }
      var comparable = wanted
      comparable.data.source = begun.data.source
      comparable.data.name = begun.data.name
      if let change = begun.firstDifference(from: comparable) {
        throw RunError(
          "\(run.path): the run was begun with \(change.name) \(change.begun), not "
            + "\(change.wanted); name another --run, or begin again with --fresh")
      }
    }
    if training.fresh { try folder.clear() }
    try folder.write(group, to: folder.group)
    for (run, wanted) in runs {
      try run.create()
      if training.fresh { try run.clear() }
      if try run.readConfiguration() != wanted { try run.write(wanted, to: run.configuration) }
    }
  }

  /// As many runs at a time as there are cores. The first that fails stops the others, which save.
  private func train(steps: Int, device: String) throws {
    let cores =
      DeviceCatalog.candidates().compactMap(\.info)
      .first { $0.kind == .cpu }?.computeUnits ?? 1
    var waiting = group.members[...]
    var working: [Worker] = []
    var (finished, isStopping, failure) = (0, false, String?.none)
    let progress = Progress()
    defer { progress.finish() }
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
      progress.update(
        finished * steps + learning.reduce(0) { $0 + $1.done }, of: group.members.count * steps,
        "steps of \(group.members.count) runs"
          + (fitting.isEmpty ? "" : ", PMF \(Int(share * 100))%"))
    }
    progress.finish()
    if let failure { throw RunError(failure) }
    if Interrupt.isRequested && finished < group.members.count {
      Interrupt.note("every run is saved", resume: "drr train drr --run \(options.run)")
      throw Interrupted(step: 0)
    }
  }

  private func arguments(_ member: RunGroup.Member, device: String) -> [String] {
    var arguments = [
      "train", "drr", "--run", "\(options.run)/\(member.name)", "--device", device,
      "--report-progress", agent.myopic ? "--myopic" : "--no-myopic",
    ]
    if let core = self.device.blas.blasCore { arguments += ["--blas-core", core] }
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
        Console.note("\(worker.name): \(line)")
      }
    }
  }
}

extension ChildProcess.Exit {
  /// Asked to end, a run saves and says so; one that has not begun yet just ends.
  var isStop: Bool { self == .code(130) || self == .signal(SIGTERM) }

  var text: String {
    switch self {
    case .code(let code): "ended with code \(code)"
    case .signal(let signal): "ended by signal \(signal)"
    }
  }
}

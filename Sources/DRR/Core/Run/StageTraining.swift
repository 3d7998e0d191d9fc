import Essentials
import Tensor

/// A stage of a run while it is trained, and what its files hold so far.
struct StageTraining<Settings: RunSettings, Training: Trainer> {
  private let run: Run<Settings>
  private let stage: Stage<Settings>
  private let trainer: Training
  private let device: String
  private let observer: Observer
  private let ranks: any Collective
  private let updates: SharedUpdates?
  /// Lines of the metrics.
  private var lines = 0
  /// What has computed the stage, in order.
  private var arithmetic: [String]
  private var lastSave = ContinuousClock.now
  private var savedStep = 0

  init(
    _ run: Run<Settings>, _ stage: Stage<Settings>, _ trainer: Training, device: String,
    _ observer: Observer, among ranks: any Collective
  ) throws {
    (self.run, self.stage, self.trainer) = (run, stage, trainer)
    (self.device, self.observer, self.ranks) = (device, observer, ranks)
    trainer.watch(observer)
    updates = try trainer.share(among: ranks)
    arithmetic = [DeviceInfo.arithmetic(ofDevice: device)]
  }

  private var folder: RunFolder { run.folder }
  private var leads: Bool { ranks.leads }

  /// Trains to the end; the last report, that of an earlier process where nothing was left to do.
  mutating func finish() throws -> Training.Report? {
    try open()
    var last = trainer.step > 0 ? folder.lastMetrics(Training.Report.self, kind: stage.line) : nil
    var note = stage.unit
    (lastSave, savedStep) = (.now, trainer.step)
    if trainer.step == 0, !trainer.isFinished { try validate(after: nil) }
    // A training of no steps leaves what it is given.
    if trainer.isFinished && !folder.exists(stage.path) { try save() }
    while !trainer.isFinished {
      let before = trainer.step
      if let report = try advance() {
        last = report
        note = stage.unit + trainer.summary(of: report)
      }
      observer.progress(trainer.step, trainer.steps, note)
      try saveWhereDue(since: before)
    }
    return last
  }

  // MARK: - Beginning

  /// Begins, or goes on from the checkpoint.
  private mutating func open() throws {
    if folder.exists(stage.path) {
      try goOn()
    } else {
      if leads { lines = try folder.keepMetrics(of: stage.lineKinds, first: 0) }
      try trainer.begin()
    }
    // Nothing is saved before all have looked for what there is to go on from.
    try ranks.barrier()
    if leads { try observer.metrics(folder, nil) }
  }

  private mutating func goOn() throws {
    observer.saved()
    let file = try run.readCheckpoint(stage)
    try trainer.restore(from: file)
    addArithmetic(behindThatOf: file)
    if leads && !trainer.isFinished { lines = try keepMetrics(as: file) }
  }

  private mutating func addArithmetic(behindThatOf file: SafetensorsFile) {
    let own = arithmetic[0]
    let begun = file.metadata["arithmetic"]?.components(separatedBy: "; ") ?? []
    // Older programs wrote the device alone.
    let last = begun.last ?? file.metadata["device"] ?? ""
    if !trainer.isFinished, last != (begun.isEmpty ? device : own) {
      observer.note(
        "\(folder.path) was computed by \(last) up to step \(trainer.step), and is by "
          + "\(own) from here on: its bits are those of neither alone")
    }
    arithmetic = begun + (begun.last == own ? [] : [own])
  }

  /// Cuts the metrics back to where they were when a checkpoint was written.
  private func keepMetrics(as file: SafetensorsFile) throws -> Int {
    let expected = try file.count("metrics_lines") ?? 0
    // Older programs counted bytes.
    if let bytes = try file.count("metrics_bytes") {
      if folder.metricsSize < bytes {
        observer.note(
          "\(folder.metrics) has \(folder.metricsSize) bytes, expected \(bytes): lines are missing")
      }
      try folder.truncateMetrics(to: bytes)
    }
    let found = try folder.keepMetrics(of: stage.lineKinds, first: expected)
    if found < expected {
      observer.note(
        "\(folder.metrics) has \(found) lines of \(stage.kind), expected \(expected): the others "
          + "are missing")
    }
    return found
  }

  // MARK: - Steps

  /// One or more steps; a report if one is due.
  private mutating func advance() throws -> Training.Report? {
    let before = trainer.step
    let found: Training.Report?
    do {
      found = try trainer.advance()
      try updates?.check()
      try validate(after: before)
    } catch is Diverged {
      throw divergence
    } catch is Interrupted {
      // A step that was given up is made again from what is saved.
      throw Interrupted(step: savedStep)
    }
    guard let found else { return nil }
    // A checkpoint of numbers is not given up for one without.
    guard trainer.isFinite(found) else { throw divergence }
    try write(found, kind: stage.line)
    return found
  }

  private mutating func validate(after before: Int?) throws {
    if let line = try trainer.validate(after: before) {
      try write(line, kind: MetricsLine.validation)
    }
  }

  private mutating func write(_ report: any Codable & Sendable, kind: String) throws {
    guard leads else { return }
    let line = try folder.append(
      MetricsLine(
        kind: kind, step: trainer.step, time: Program.now.timeIntervalSince1970, report: report))
    lines += 1
    try observer.metrics(folder, line)
  }

  private var divergence: RunError {
    let name = stage.unit.split(separator: " ").dropLast().joined(separator: " ")
    return RunError(
      "\(name) diverged by step \(trainer.step): its losses or weights are no longer numbers; lower "
        + "the learning rate\(stage.learningRates.map { ", \($0)" } ?? "")")
  }

  // MARK: - Checkpoints

  /// What follows a step: a checkpoint, or one and the end.
  private struct Order: BitwiseCopyable, Sendable {
    let isStopping: Bool
    let isDue: Bool
  }

  private mutating func saveWhereDue(since before: Int) throws {
    let due =
      observer.checkpointSteps.map { trainer.step / $0 > before / $0 }
      ?? (ContinuousClock.now - lastSave > .seconds(30))
    // The first rank alone knows the time, and who asks it to stop.
    let order = try ranks.broadcast(
      Order(isStopping: observer.shouldStop(), isDue: due || trainer.savesEachStep), root: 0)
    if order.isStopping || order.isDue || trainer.isFinished {
      try save()
      (lastSave, savedStep) = (.now, trainer.step)
    }
    if order.isStopping && !trainer.isFinished { throw Interrupted(step: savedStep) }
  }

  private func save() throws {
    guard try trainer.isFinite() else { throw divergence }
    var metadata = try run.metadata(stage, device: device, lines: lines)
    metadata["arithmetic"] = arithmetic.joined(separator: "; ")
    var file = SafetensorsWriter(metadata: metadata)
    try trainer.save(to: &file)
    if updates != nil, ranks.size > 1 { try requireSame(file) }
    if leads { try file.write(to: stage.path) } else { try file.attend() }
    try ranks.barrier()
    try trainer.saved()
    observer.saved()
  }

  /// Whoever rounds in another way would part from the others without a sign.
  private func requireSame(_ file: SafetensorsWriter) throws {
    let sum = try file.checksum
    guard try ranks.allGather([sum]).allSatisfy({ $0[0] == sum }) else {
      throw RunError(
        "\(folder.path): the ranks have come to different weights; an agent is trained by devices "
          + "of one kind")
    }
  }
}

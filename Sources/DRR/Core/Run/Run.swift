import Essentials
import Tensor

/// A run at work: its settings, and the folder that remembers it. Every algorithm is trained by it:
/// begin, train, validate, save, stop, go on.
public struct Run<Settings: RunSettings>: Sendable {
  /// The settings that the run is trained by.
  public let settings: Settings
  /// Where the run is kept.
  public let folder: RunFolder

  /// - Throws: `ConfigurationError`.
  public init(_ settings: Settings, folder: RunFolder) throws {
    try settings.validate()
    self.settings = settings
    self.folder = folder
  }

  /// The run that a folder holds.
  ///
  /// - Throws: `RunError` if there is none, or one of another algorithm.
  public init(reading folder: RunFolder) throws {
    guard let found = try folder.read(Settings.self) else {
      throw folder.absence("train \(Settings.algorithms[0])")
    }
    try self.init(found, folder: folder)
  }

  /// Makes the folder this run's own: created, locked until the process ends, rid of what a killed
  /// process left, and holding these settings. `fresh` forgets an earlier run.
  ///
  /// - Throws: `RunError` if another process trains in the folder, or it holds a run of other
  ///   settings.
  public func begin(fresh: Bool = false) throws {
    try folder.create()
    try folder.lock()
    try prepare(fresh: fresh)
  }

  /// What a locked folder still needs.
  package func prepare(fresh: Bool = false) throws {
    folder.removeTemporaries()
    if fresh {
      try folder.clear()
    } else if let begun = try folder.read(Settings.self) {
      try requireSame(begun)
    }
    let kept = try? folder.read(Settings.self)
    if kept == nil { try folder.preparation?() }
    if kept != settings || !folder.hasCurrentSchema {
      try folder.write(settings)
    }
  }

  /// - Throws: `RunError` if a run was started with other settings than these.
  public func requireSame(_ begun: Settings) throws {
    guard let change = settings.firstDifference(from: begun) else { return }
    throw RunError(
      "\(folder.path): the run was started with \(change.name) \(change.begun), not "
        + "\(change.wanted); name another --run, or start again with --fresh")
  }

  /// The whole run as one stage.
  public var stage: Stage<Settings> {
    Stage(
      kind: settings.algorithm, path: folder.checkpoint, settings: settings,
      unit: "\(settings.algorithm) steps")
  }

  /// Trains a stage to its end, going on where an interrupted run stopped.
  ///
  /// - Parameters:
  ///   - stage: nil: the whole run.
  ///   - device: where it is computed, for the checkpoint to say.
  ///   - ranks: who train it together: the first of them speaks and writes for all.
  /// - Returns: the last report; that of an earlier process if nothing was left to do.
  /// - Throws: `Interrupted` if the observer asked to stop, after a checkpoint; `RunError` if the
  ///   values are no longer numbers.
  @discardableResult
  public func train<Training: Trainer>(
    _ trainer: Training, _ stage: Stage<Settings>? = nil, device: String,
    _ observer: Observer = Observer(), among ranks: any Collective = SoleCollective()
  ) throws -> Training.Report? {
    let leads = ranks.leads
    let stage = stage ?? self.stage
    trainer.watch(observer)
    let updates = try trainer.share(among: ranks)
    var lines = 0
    var arithmetic = [DeviceInfo.arithmetic(ofDevice: device)]
    if folder.exists(stage.path) {
      observer.saved()
      let file = try readCheckpoint(stage)
      try trainer.restore(from: file)
      let begun = file.metadata["arithmetic"]?.components(separatedBy: "; ") ?? []
      // Older programs wrote the device alone.
      let last = begun.last ?? file.metadata["device"] ?? ""
      if !trainer.isFinished, last != (begun.isEmpty ? device : arithmetic[0]) {
        observer.note(
          "\(folder.path) was computed by \(last) up to step \(trainer.step), and is by "
            + "\(arithmetic[0]) from here on: its bits are those of neither alone")
      }
      arithmetic = begun + (begun.last == arithmetic[0] ? [] : arithmetic)
      if leads && !trainer.isFinished { lines = try keepMetrics(of: stage, as: file, observer) }
    } else {
      if leads { lines = try folder.keepMetrics(of: stage.lineKinds, first: 0) }
      try trainer.begin()
    }
    // Nothing is saved before all have looked for what there is to go on from.
    try ranks.barrier()
    if leads { try observer.metrics(folder, nil) }
    func save() throws {
      guard try trainer.isFinite() else { throw divergence(trainer.step, stage) }
      var metadata = try metadata(stage, device: device, lines: lines)
      metadata["arithmetic"] = arithmetic.joined(separator: "; ")
      var file = SafetensorsWriter(metadata: metadata)
      try trainer.save(to: &file)
      if updates != nil, ranks.size > 1 { try requireSame(file, ranks) }
      if leads { try file.write(to: stage.path) }
      try ranks.barrier()
      try trainer.saved()
      observer.saved()
    }
    func report(_ report: any Codable & Sendable, kind: String) throws {
      guard leads else { return }
      let line = try folder.append(
        MetricsLine(
          kind: kind, step: trainer.step, time: Program.now.timeIntervalSince1970, report: report))
      lines += 1
      try observer.metrics(folder, line)
    }
    var last =
      trainer.step > 0 ? folder.lastMetrics(Training.Report.self, kind: stage.line) : nil
    var note = stage.unit
    var (lastSave, savedStep) = (ContinuousClock.now, trainer.step)
    if trainer.step == 0, !trainer.isFinished, let line = try trainer.validate(after: nil) {
      try report(line, kind: MetricsLine.validation)
    }
    // A training of no steps leaves what it is given.
    if trainer.isFinished && !folder.exists(stage.path) { try save() }
    while !trainer.isFinished {
      let before = trainer.step
      let found: Training.Report?
      do {
        found = try trainer.advance()
        try updates?.check()
        if let line = try trainer.validate(after: before) {
          try report(line, kind: MetricsLine.validation)
        }
      } catch is Diverged {
        throw divergence(trainer.step, stage)
      }
      if let found {
        // A checkpoint of numbers is not given up for one without.
        guard trainer.isFinite(found) else { throw divergence(trainer.step, stage) }
        try report(found, kind: stage.line)
        last = found
        note = stage.unit + trainer.summary(of: found)
      }
      observer.progress(trainer.step, trainer.steps, note)
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
    return last
  }

  /// Whoever rounds in another way would part from the others without a sign.
  private func requireSame(_ file: SafetensorsWriter, _ ranks: any Collective) throws {
    let sum = file.checksum
    guard try ranks.allGather([sum]).allSatisfy({ $0[0] == sum }) else {
      throw RunError(
        "\(folder.path): the ranks have come to different weights; an agent is trained by devices "
          + "of one kind")
    }
  }

  /// What follows a step: a checkpoint, or one and the end.
  private struct Order: BitwiseCopyable, Sendable {
    let isStopping: Bool
    let isDue: Bool
  }

  /// The checkpoint of a stage, which is of this run.
  ///
  /// - Parameter stage: nil: the whole run.
  /// - Throws: `RunError` if there is none, or another run's.
  public func readCheckpoint(_ stage: Stage<Settings>? = nil) throws -> SafetensorsFile {
    let stage = stage ?? self.stage
    guard folder.exists(stage.path) else {
      throw RunError(
        "\(folder.path): nothing has been trained in this run; use `drr \(settings.command) --run "
          + "\(folder.path)`")
    }
    let file = try SafetensorsFile(ofRun: stage.path)
    try check(file, is: stage)
    return file
  }

  /// What a file of a stage says of itself.
  package func metadata(
    _ stage: Stage<Settings>, device: String, lines: Int = 0
  ) throws -> [String: String] {
    [
      "kind": stage.kind, "configuration": try RunFolder.json(stage.settings.identity),
      "device": device, "metrics_lines": "\(lines)",
      "arithmetic": DeviceInfo.arithmetic(ofDevice: device),
    ]
  }

  /// Refuses a file of another kind or other settings.
  package func check(_ file: SafetensorsFile, is stage: Stage<Settings>) throws {
    let kind = file.metadata["kind"] ?? "nothing"
    guard kind == stage.kind || Settings.olderKinds(of: stage.kind).contains(kind) else {
      throw RunError(
        "\(file.path) belongs to another run: its kind is \(kind), expected \(stage.kind)")
    }
    guard
      let found = RunFolder.value(Settings.self, json: file.metadata["configuration"] ?? "")
    else {
      throw RunError(
        "\(file.path) belongs to another run: its configuration cannot be read")
    }
    if let change = firstSettingThatDiffers(found.identity, stage.settings.identity) {
      throw RunError(
        "\(file.path) belongs to another run: its configuration has \(change.name) "
          + "\(change.begun), expected \(change.wanted)")
    }
  }

  private func divergence(_ step: Int, _ stage: Stage<Settings>) -> RunError {
    let name = stage.unit.split(separator: " ").dropLast().joined(separator: " ")
    return RunError(
      "\(name) diverged by step \(step): its losses or weights are no longer numbers; lower the "
        + "learning rate\(stage.learningRates.map { ", \($0)" } ?? "")")
  }

  /// Cuts the metrics back to where they were when a checkpoint was written.
  private func keepMetrics(
    of stage: Stage<Settings>, as file: SafetensorsFile, _ observer: Observer
  ) throws -> Int {
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
}

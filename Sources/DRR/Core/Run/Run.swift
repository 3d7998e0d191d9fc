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
    var training = try StageTraining(
      self, stage ?? self.stage, trainer, device: device, observer, among: ranks)
    return try training.finish()
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
}

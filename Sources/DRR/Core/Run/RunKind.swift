import Tensor

/// What a run of one algorithm is configured by: `config.json` keeps it under the algorithm's name.
public protocol RunKind: Codable, Hashable, Sendable {
  /// The algorithm as the command line calls it.
  static var algorithm: String { get }
  /// What results depend on: where the data lie is no part of it.
  var identity: Self { get }
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  func validate() throws
}

extension RunKind {
  public var identity: Self { self }
}

/// A training that goes step by step and can be saved between any two of them.
public protocol Trainable: AnyObject {
  /// A line of the metrics.
  associatedtype Report: Codable & Sendable
  /// Steps made, of how many.
  var step: Int { get }
  var steps: Int { get }
  /// One or more steps.
  ///
  /// - Returns: a report where one is due.
  func advance() throws -> Report?
  /// The state of training in a few words, behind a progress bar.
  func summary(of report: Report) -> String
  /// Whether training has kept to numbers. Waits for the device.
  func isFinite() throws -> Bool
  /// Everything that the next step depends on.
  func save(to file: inout SafetensorsWriter) throws
  func restore(from file: SafetensorsFile) throws
}

extension Trainable {
  public var isFinished: Bool { step >= steps }
}

/// What `config.json` of such a run holds.
private struct StoredRun<Kind: RunKind>: Codable {
  var algorithm: String
  var settings: Kind
}

private struct StoredAlgorithm: Codable { var algorithm: String }

extension RunFolder {
  /// The algorithm that a run of this folder is of, where its configuration names one; nil for runs
  /// of DRR and PMF, and where no run was begun.
  public func readAlgorithm() -> String? {
    read(StoredAlgorithm.self, from: configuration)?.algorithm
  }

  /// The configuration of a run; nil where none was begun.
  ///
  /// - Throws: `RunError` where the folder holds a run of another algorithm, or a damaged one.
  public func read<Kind: RunKind>(_ kind: Kind.Type) throws -> Kind? {
    guard exists(configuration) else { return nil }
    if let found = read(StoredRun<Kind>.self, from: configuration),
      found.algorithm == Kind.algorithm
    {
      return found.settings
    }
    throw RunError(
      "\(configuration): not the configuration of a run of \(Kind.algorithm)"
        + (readAlgorithm().map { $0 == Kind.algorithm ? ": a setting is missing" : " but of \($0)" }
          ?? ""))
  }
}

/// A run at work: its configuration and the folder that remembers it.
public struct KindRun<Kind: RunKind>: Sendable {
  public let configuration: Kind
  public let folder: RunFolder

  /// - Throws: `ConfigurationError`.
  public init(_ configuration: Kind, folder: RunFolder) throws {
    try configuration.validate()
    self.configuration = configuration
    self.folder = folder
  }

  /// The run that a folder holds.
  ///
  /// - Throws: `RunError` where there is none, or one of another algorithm.
  public init(reading folder: RunFolder) throws {
    guard let found = try folder.read(Kind.self) else {
      throw RunError(
        "\(folder.path) holds no run; begin one with `drr train \(Kind.algorithm)`")
    }
    try self.init(found, folder: folder)
  }

  /// Makes the folder this run's own: created, locked until the process ends, rid of what a killed
  /// process left, and holding this configuration. `fresh` forgets an earlier run.
  public func begin(fresh: Bool = false) throws {
    try folder.create()
    try folder.lock()
    folder.removeTemporaries()
    if fresh {
      try folder.clear()
    } else if let begun = try folder.read(Kind.self),
      let change = firstSettingThatDiffers(begun.identity, configuration.identity)
    {
      throw RunError(
        "\(folder.path): the run was begun with \(change.name) \(change.begun), not "
          + "\(change.wanted); name another --run, or begin again with --fresh")
    }
    if try folder.read(Kind.self) != configuration {
      try folder.write(
        StoredRun(algorithm: Kind.algorithm, settings: configuration), to: folder.configuration)
    }
  }

  /// Trains to the end, going on where an interrupted run stopped.
  ///
  /// - Parameter device: where it is computed, for the checkpoint to say.
  /// - Returns: the last report; that of an earlier process where nothing was left to do.
  @discardableResult
  public func train<Training: Trainable>(
    _ trainer: Training, device: String, unit: String = "steps",
    _ observer: Observer = Observer()
  ) throws -> Training.Report? {
    if folder.exists(folder.checkpoint) {
      let file = try readCheckpoint()
      try trainer.restore(from: file)
      let size = Int(file.metadata["metrics_bytes"] ?? "") ?? 0
      if folder.metricsSize < size {
        observer.note(
          "\(folder.metrics) has \(folder.metricsSize) bytes, expected \(size): lines are missing")
      }
      try folder.truncateMetrics(to: size)
    } else {
      try folder.truncateMetrics(to: 0)
    }
    func save() throws {
      guard try trainer.isFinite() else {
        throw RunError(
          "\(Kind.algorithm) diverged by step \(trainer.step): its values are no longer numbers; "
            + "lower the learning rate")
      }
      var metadata = try identity
      metadata["device"] = device
      metadata["metrics_bytes"] = "\(folder.metricsSize)"
      var file = SafetensorsWriter(metadata: metadata)
      try trainer.save(to: &file)
      try file.write(to: folder.checkpoint)
    }
    var last = trainer.step > 0 ? folder.lastMetrics(Training.Report.self) : nil
    var note = "\(Kind.algorithm) \(unit)"
    var (lastSave, saved) = (ContinuousClock.now, trainer.step)
    if trainer.isFinished && !folder.exists(folder.checkpoint) { try save() }
    while !trainer.isFinished {
      let before = trainer.step
      if let report = try trainer.advance() {
        try folder.append(report)
        last = report
        note = "\(Kind.algorithm) \(unit)\(trainer.summary(of: report))"
      }
      observer.progress(trainer.step, trainer.steps, note)
      let stop = observer.shouldStop()
      let due =
        observer.checkpointSteps.map { trainer.step / $0 > before / $0 }
        ?? (ContinuousClock.now - lastSave > .seconds(30))
      if stop || due || trainer.isFinished {
        try save()
        (lastSave, saved) = (.now, trainer.step)
      }
      if stop && !trainer.isFinished { throw Interrupted(step: saved) }
    }
    return last
  }

  /// The checkpoint, which is of this run.
  ///
  /// - Throws: `RunError` where there is none, or another run's.
  public func readCheckpoint() throws -> SafetensorsFile {
    guard folder.exists(folder.checkpoint) else {
      throw RunError(
        "\(folder.path): nothing has been trained in this run; use `drr train \(Kind.algorithm)`")
    }
    let file = try SafetensorsFile(contentsOf: folder.checkpoint, requireChecksum: true)
    for (key, expected) in try identity.sorted(by: { $0.key < $1.key })
    where file.metadata[key] != expected {
      throw RunError("\(file.path) belongs to another run: its \(key) differs")
    }
    return file
  }

  private var identity: [String: String] {
    get throws {
      [
        "kind": Kind.algorithm,
        "configuration": try RunFolder.json(configuration.identity),
      ]
    }
  }
}

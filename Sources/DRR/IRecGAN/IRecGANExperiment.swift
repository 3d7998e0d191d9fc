import ClickSessions
import DRRCore
import Tensor

/// A run of IRecGAN at work: its sessions, their split, and the parts that its folder remembers.
public struct IRecGANExperiment: Sendable {
  public let configuration: IRecGANRunConfiguration
  public let log: SessionLog
  public let train: SessionLog
  public let validation: SessionLog
  public let test: SessionLog
  public let folder: RunFolder

  /// - Throws: `ConfigurationError`; `RunError` where the sessions are not those that the run began
  ///   on.
  public init(
    _ configuration: IRecGANRunConfiguration, log: SessionLog, folder: RunFolder
  ) throws {
    try configuration.validate()
    var found = IRecGANRunConfiguration.Data(source: configuration.data.source, log: log)
    found.name = configuration.data.name
    guard found == configuration.data else {
      throw RunError(
        "\(configuration.data.source): the data have changed since the run began: \(found.sessions) "
          + "sessions with checksum \(found.checksum), expected \(configuration.data.sessions) with "
          + configuration.data.checksum)
    }
    self.configuration = configuration
    self.log = log
    self.folder = folder
    let parts = try configuration.split.indices(of: log)
    train = log.selecting(parts.training)
    validation = log.selecting(parts.validation)
    test = log.selecting(parts.test)
    try configuration.settings.require(train)
  }

  /// Makes the folder this run's own: created, locked until the process ends, rid of what a killed
  /// process left, and holding this configuration. `fresh` forgets an earlier run.
  public func begin(fresh: Bool = false) throws {
    try folder.create()
    try folder.lock()
    folder.removeTemporaries()
    if fresh {
      try folder.clear()
    } else if let begun = try folder.readIRecGAN(),
      let change = firstSettingThatDiffers(begun.identity, configuration.identity)
    {
      throw RunError(
        "\(folder.path): the run was begun with \(change.name) \(change.begun), not "
          + "\(change.wanted); name another --run, or begin again with --fresh")
    }
    if try folder.readIRecGAN() != configuration {
      try folder.write(configuration, to: folder.configuration)
    }
  }

  func makeTrainer(
    _ part: IRecGANTrainer.Part, on backend: any Backend
  ) throws -> IRecGANTrainer {
    try IRecGANTrainer(
      configuration.settings, part, train: train, validation: validation,
      seed: configuration.seed, on: backend)
  }

  /// Trains a part, going on where an interrupted run stopped. A method needs the pretrained
  /// networks.
  ///
  /// - Returns: the last reports of each stage.
  @discardableResult
  public func train(
    _ part: IRecGANTrainer.Part, on backend: any Backend,
    _ observer: Observer = Observer()
  ) throws -> [IRecGANReport] {
    let trainer = try makeTrainer(part, on: backend)
    let path = folder.checkpoint(of: part)
    var lines = 0
    if folder.exists(path) {
      let file = try read(part)
      try trainer.restore(from: file)
      lines = Int(file.metadata["metrics_lines"] ?? "") ?? 0
    } else if part != .pretraining {
      try trainer.begin(from: try finished(.pretraining, on: backend))
    }
    if !trainer.isFinished { try keepMetrics(of: part, first: lines, observer) }
    var reports: [IRecGANReport] = []
    var note = ""
    var lastSave = ContinuousClock.now
    var warned: Set<String> = []
    func save() throws {
      guard try trainer.isFinite() else { throw divergence(part, "training") }
      var file = SafetensorsWriter(metadata: try metadata(part, lines, on: backend))
      try trainer.save(to: &file)
      try file.write(to: path)
      lastSave = .now
    }
    // A plan without epochs or rounds leaves the networks as they begin.
    if trainer.isFinished && !folder.exists(path) { try save() }
    while !trainer.isFinished {
      if let report = try trainer.advance() {
        guard report.loss.isFinite else { throw divergence(part, report.stage) }
        try folder.append(report)
        lines += 1
        reports.append(report)
        note = report.summary
        for warning in report.warnings(
          listSize: configuration.settings.listSize, itemCount: train.itemCount)
        where warned.insert(String(warning.prefix(20))).inserted {
          observer.note("\(part.name), round \(report.round ?? 0): \(warning)")
        }
      }
      let (done, total) = trainer.progress
      observer.progress(done, total, "\(part.name) batches\(note)")
      let stop = observer.shouldStop()
      if stop || trainer.isFinished || ContinuousClock.now - lastSave > .seconds(30) {
        try save()
      }
      if stop && !trainer.isFinished { throw Interrupted(step: done) }
    }
    return reports
  }

  /// The networks of a part that is trained; nil where it is not, or not to its end.
  public func readNetworks(
    _ part: IRecGANTrainer.Part, on backend: any Backend
  ) throws -> (user: UserModel, agent: ListAgent)? {
    guard folder.exists(folder.checkpoint(of: part)) else { return nil }
    let trainer = try makeTrainer(part, on: backend)
    try trainer.restore(from: try read(part))
    return trainer.isFinished ? (trainer.user, trainer.agent) : nil
  }

  private func finished(
    _ part: IRecGANTrainer.Part, on backend: any Backend
  ) throws -> SafetensorsFile {
    guard try readNetworks(part, on: backend) != nil else {
      throw RunError("\(folder.path): the networks that every method begins with are not trained")
    }
    return try read(part)
  }

  private func divergence(_ part: IRecGANTrainer.Part, _ stage: String) -> RunError {
    RunError(
      "\(part.name) diverged (\(stage)): its losses or weights are no longer numbers; lower the "
        + "learning rates")
  }

  // MARK: - Identity

  private func identity(_ part: IRecGANTrainer.Part) throws -> [String: String] {
    [
      "kind": "irecgan/\(part.name)", "data": configuration.data.checksum,
      "configuration": try RunFolder.json(configuration.identity),
    ]
  }

  private func metadata(
    _ part: IRecGANTrainer.Part, _ lines: Int, on backend: any Backend
  ) throws -> [String: String] {
    var metadata = try identity(part)
    metadata["device"] = "\(backend.device.id)"
    metadata["metrics_lines"] = "\(lines)"
    return metadata
  }

  /// Refuses a file of another part, configuration or data.
  private func read(_ part: IRecGANTrainer.Part) throws -> SafetensorsFile {
    let file = try SafetensorsFile(
      contentsOf: folder.checkpoint(of: part), requireChecksum: true)
    for (key, expected) in try identity(part).sorted(by: { $0.key < $1.key })
    where file.metadata[key] != expected {
      throw RunError("\(file.path) belongs to another run: its \(key) differs")
    }
    return file
  }

  private func keepMetrics(
    of part: IRecGANTrainer.Part, first lines: Int, _ observer: Observer
  ) throws {
    let found = try folder.keepMetrics(of: part, first: lines)
    if found < lines {
      observer.note(
        "\(folder.metrics) has \(found) lines of \(part.name), expected \(lines): the others are "
          + "missing")
    }
  }
}

extension IRecGANReport {
  /// The state of training in a few words, behind a progress bar.
  var summary: String {
    let parts: [String?] = [
      user.map { "U P@1 \(decimal(100 * $0.precision1, 1))" },
      agent.map { "A P@1 \(decimal(100 * $0.precision1, 1))" },
      realness.map { "q_D \(decimal($0, 3))" },
      discriminatorAccuracy.map { "D right \(decimal($0, 2))" },
      entropy.map { "entropy \(decimal($0, 2))" },
      distinctItems.map { "\($0) items" },
      sessionLength.map { "length \(decimal($0, 2))" },
    ]
    return parts.compactMap { $0 }.map { ", \($0)" }.joined()
  }
}

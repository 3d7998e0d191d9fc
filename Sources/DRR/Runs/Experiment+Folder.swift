import ActorCritic
import Agents
import DRRCore
import Environments
import Factorization
import Tensor

extension Experiment {
  /// The files of a run that training goes on from.
  enum Stage: String, CaseIterable {
    case model = "pmf"
    case pmfCheckpoint = "pmf-checkpoint"
    case checkpoint = "drr"
    case world = "world"
    case beliefs = "beliefs"
  }

  private func path(of stage: Stage) -> String {
    switch stage {
    case .model: folder.model
    case .pmfCheckpoint: folder.pmfCheckpoint
    case .checkpoint: folder.checkpoint
    case .world: folder.world
    case .beliefs: folder.beliefs
    }
  }

  /// Makes the folder this run's own: created where it is missing, locked until the process ends,
  /// rid of what a killed process left, and holding this configuration. `fresh` forgets an earlier
  /// run.
  ///
  /// - Throws: `RunError` where another process trains in the folder, or a file of it belongs to
  ///   another run.
  public func begin(fresh: Bool = false) throws {
    try folder.create()
    try folder.lock()
    if folder.exists(folder.twin.path) { try folder.twin.requireUnlocked() }
    try prepare(fresh: fresh)
  }

  /// What a locked folder still needs: nothing left of a killed process or, where `fresh`, of an
  /// earlier run, and this configuration.
  func prepare(fresh: Bool = false) throws {
    try folder.create()
    folder.removeTemporaries()
    if fresh { try folder.clear() }
    for stage in Stage.allCases where folder.exists(path(of: stage)) {
      if stage == .checkpoint && configuration.drr == nil { continue }
      try check(SafetensorsFile(contentsOf: path(of: stage)), holds: stage)
    }
    if folder.exists(folder.model) { folder.remove(folder.pmfCheckpoint) }
    if try folder.readConfiguration() != configuration {
      try folder.write(configuration, to: folder.configuration)
    }
  }

  /// Throws `ConfigurationError` where no training user has a history that fills the window.
  public func requireHistories() throws {
    _ = try RatingEnvironment.starts(
      log: log, split: split, statistics: statistics, window: drr.window,
      scale: configuration.scale)
  }

  /// DRR steps behind the folder's checkpoint; nil where there is none.
  public func trainedSteps() throws -> Int? {
    guard folder.exists(folder.checkpoint) else { return nil }
    let file = try SafetensorsFile(contentsOf: folder.checkpoint, requireChecksum: true)
    return try file.int64s("trainer.counters").first.map { Int($0) }
  }

  /// What became of the policies of the folder's training; nil where there was none.
  public func policyHistory() throws -> PolicyHistory? {
    guard folder.exists(folder.checkpoint) else { return nil }
    return try KeptPolicy.history(
      in: SafetensorsFile(contentsOf: folder.checkpoint, requireChecksum: true))
  }

  /// The device that the folder's checkpoint was computed on; nil where there is none.
  public func device() throws -> DeviceRequest? {
    guard let stage = [.checkpoint, .pmfCheckpoint].first(where: { folder.exists(path(of: $0)) })
    else { return nil }
    let file = try SafetensorsFile(contentsOf: path(of: stage))
    return file.metadata["device"].flatMap { DeviceRequest($0) }
  }

  // MARK: - Identity

  func metadata(_ stage: Stage, on backend: any Backend) throws -> [String: String] {
    var metadata = try identity(stage)
    metadata["device"] = "\(backend.device.id)"
    metadata["metrics_bytes"] = "\(folder.metricsSize)"
    return metadata
  }

  private func identity(_ stage: Stage) throws -> [String: String] {
    [
      "kind": stage.rawValue, "data": configuration.data.checksum, "seed": "\(configuration.seed)",
      "configuration": try RunFolder.json(settings(of: stage)),
    ]
  }

  /// What a stage's result depends on. Where the data lie is not part of it.
  private func settings(of stage: Stage) -> RunConfiguration {
    var settings = configuration
    settings.data.source = ""
    settings.data.name = ""
    switch stage {
    case .checkpoint: break
    case .beliefs:
      settings.drr = settings.drr.map { drr in
        var beliefs = DRRConfiguration()
        beliefs.residual = ResidualConfiguration()
        beliefs.residual!.beliefs = drr.residual?.beliefs ?? BeliefModel.Configuration()
        return beliefs
      }
    default: settings.drr = nil
    }
    return settings
  }

  /// Refuses a file of another kind, configuration, data or seed.
  func check(_ file: SafetensorsFile, holds stage: Stage) throws {
    let expected = try identity(stage)
    for key in ["kind", "data", "seed"] {
      let found = file.metadata[key] ?? "nothing"
      if found != expected[key]! {
        throw RunError(
          "\(file.path) belongs to another run: its \(key) is \(found), expected \(expected[key]!)")
      }
    }
    let found = file.metadata["configuration"] ?? ""
    guard found != expected["configuration"]! else { return }
    let difference = RunFolder.configuration(json: found)?
      .firstDifference(from: settings(of: stage))
    throw RunError(
      "\(file.path) belongs to another run: its configuration "
        + (difference.map { "has \($0.name) \($0.begun), expected \($0.wanted)" }
          ?? "cannot be read"))
  }

  /// Cuts the metrics back to where they were when a checkpoint was written.
  func restoreMetrics(from file: SafetensorsFile, _ observer: Observer) throws {
    let size = Int(file.metadata["metrics_bytes"] ?? "") ?? 0
    if folder.metricsSize < size {
      observer.note(
        "\(folder.metrics) has \(folder.metricsSize) bytes, expected \(size): lines are missing")
    }
    try folder.truncateMetrics(to: size)
  }
}

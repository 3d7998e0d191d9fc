import ActorCritic
import Agents
import DRRCore
import Environments
import Factorization
import Tensor

extension Experiment {
  /// The files of a run that training goes on from.
  enum FileKind: String, CaseIterable {
    case model = "pmf"
    case pmfCheckpoint = "pmf-checkpoint"
    case checkpoint = "drr"
    case world = "world"
    case beliefs = "beliefs"
  }

  private func path(of stage: FileKind) -> String {
    switch stage {
    case .model: folder.model
    case .pmfCheckpoint: folder.pmfCheckpoint
    case .checkpoint: folder.checkpoint
    case .world: folder.world
    case .beliefs: folder.beliefs
    }
  }

  var run: Run<RunConfiguration> { get throws { try Run(configuration, folder: folder) } }

  /// Makes the folder this run's own: created where it is missing, locked until the process ends,
  /// rid of what a killed process left, and holding this configuration. `fresh` forgets an earlier
  /// run.
  ///
  /// - Throws: `RunError` where another process trains in the folder, or a file of it belongs to
  ///   another run.
  public func begin(fresh: Bool = false) throws {
    try folder.create()
    try folder.lock()
    if folder.exists(folder.myopic.path) { try folder.myopic.requireUnlocked() }
    try prepare(fresh: fresh)
  }

  /// What a locked folder still needs: nothing left of a killed process or, where `fresh`, of an
  /// earlier run, and this configuration.
  func prepare(fresh: Bool = false) throws {
    try folder.create()
    if !fresh {
      for stage in FileKind.allCases where folder.exists(path(of: stage)) {
        if stage == .checkpoint && configuration.agent == nil { continue }
        try check(SafetensorsFile(contentsOf: path(of: stage)), holds: stage)
      }
    }
    try run.prepare(fresh: fresh)
    if folder.exists(folder.model) { folder.remove(folder.pmfCheckpoint) }
  }

  /// Throws `RunError` where nothing or everything is liked, `ConfigurationError` where no training
  /// user has a history that fills the window.
  public func requireHistories() throws {
    try log.requireLikes(on: configuration.scale)
    _ = try RatingEnvironment.starts(
      log: log, split: split, statistics: statistics, window: agent.training.window,
      scale: configuration.scale)
  }

  /// Steps behind the folder's checkpoint; nil where there is none.
  public func trainedSteps() throws -> Int? {
    guard folder.exists(folder.checkpoint) else { return nil }
    let file = try SafetensorsFile(ofRun: folder.checkpoint)
    return try file.integers("trainer.counters", .count).first
  }

  /// What became of the policies of the folder's training; nil where there was none.
  public func policyHistory() throws -> PolicyHistory? {
    guard folder.exists(folder.checkpoint) else { return nil }
    return try BestCheckpoint.history(
      in: SafetensorsFile(ofRun: folder.checkpoint))
  }

  /// The device that the folder's checkpoint was computed on; nil where there is none.
  public func device() throws -> DeviceRequest? {
    guard let stage = [.checkpoint, .pmfCheckpoint].first(where: { folder.exists(path(of: $0)) })
    else { return nil }
    let file = try SafetensorsFile(contentsOf: path(of: stage))
    return file.metadata["device"].flatMap { DeviceRequest($0) }
  }

  // MARK: - Identity

  func stage(_ kind: FileKind) -> Stage<RunConfiguration> {
    var stage = Stage(
      kind: kind == .checkpoint ? configuration.algorithm : kind.rawValue, path: path(of: kind),
      settings: settings(of: kind),
      unit: kind == .checkpoint
        ? configuration.agent?.stepsName ?? "steps"
        : configuration.pmf.stepsName)
    if kind == .pmfCheckpoint { stage.line = FileKind.model.rawValue }
    stage.learningRates =
      kind == .checkpoint
      ? configuration.agent?.learningRates : "\(configuration.pmf.learningRate)"
    return stage
  }

  func metadata(_ kind: FileKind, on backend: any Backend) throws -> [String: String] {
    try run.metadata(stage(kind), device: "\(backend.device.id)")
  }

  /// What a file's result depends on.
  private func settings(of kind: FileKind) -> RunConfiguration {
    var settings = configuration
    switch kind {
    case .checkpoint: break
    case .beliefs:
      settings.agent = (settings.agent as? ResidualAgentConfiguration).map {
        var beliefs = ResidualAgentConfiguration()
        (beliefs.training, beliefs.ddpg) = (SessionTraining(), DDPGConfiguration())
        beliefs.residual.beliefs = $0.residual.beliefs
        return beliefs
      }
    default:
      settings.agent = nil
      settings.warm?.beliefs = nil
    }
    return settings
  }

  /// Refuses a file of another kind, configuration, data or seed.
  func check(_ file: SafetensorsFile, holds kind: FileKind) throws {
    try run.check(file, is: stage(kind))
  }
}

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
          + "\(configuration.data.checksum); name the data that it was trained on by --data, or train a "
          + "new run on these")
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

  /// Makes the folder this run's own.
  public func begin(fresh: Bool = false) throws { try run.begin(fresh: fresh) }

  private var run: Run<IRecGANRunConfiguration> {
    get throws { try Run(configuration, folder: folder) }
  }

  private func stage(_ part: IRecGANTrainer.Part) -> Stage<IRecGANRunConfiguration> {
    var stage = Stage(
      kind: "irecgan/\(part.name)", path: folder.checkpoint(of: part), settings: configuration,
      unit: "\(part.name) batches")
    stage.olderLineKinds = [part.name]
    return stage
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
    _ observer: Observer = Observer(), among ranks: any Collective = SoleCollective()
  ) throws -> [IRecGANReport] {
    let trainer = PartTrainer(
      try makeTrainer(part, on: backend), of: self,
      pretrained: part == .pretraining
        ? nil : { try finished(.pretraining, on: backend) })
    try run.train(
      trainer, stage(part), device: "\(backend.device.id)", observer, among: ranks)
    return trainer.reports
  }

  /// The networks of a part that is trained; nil where it is not, or not to its end.
  public func readNetworks(
    _ part: IRecGANTrainer.Part, on backend: any Backend
  ) throws -> (user: UserModel, agent: ListAgent)? {
    guard folder.exists(folder.checkpoint(of: part)) else { return nil }
    let trainer = try makeTrainer(part, on: backend)
    try trainer.restore(from: run.readCheckpoint(stage(part)))
    return trainer.isFinished ? (trainer.user, trainer.agent) : nil
  }

  private func finished(
    _ part: IRecGANTrainer.Part, on backend: any Backend
  ) throws -> SafetensorsFile {
    guard try readNetworks(part, on: backend) != nil else {
      throw RunError(
        "\(folder.path): the networks that every method begins with are not trained; go on with it by "
          + "`drr train irecgan --run \(folder.path)`")
    }
    return try run.readCheckpoint(stage(part))
  }
}

/// A part of IRecGAN's training, which warns of an adversary that has won.
private final class PartTrainer: Trainer {
  let trainer: IRecGANTrainer
  let experiment: IRecGANExperiment
  /// What a method goes on from.
  let pretrained: (() throws -> SafetensorsFile)?
  private(set) var reports: [IRecGANReport] = []
  private var observer = Observer()
  private var warned: Set<String> = []

  init(
    _ trainer: IRecGANTrainer, of experiment: IRecGANExperiment,
    pretrained: (() throws -> SafetensorsFile)?
  ) {
    self.trainer = trainer
    self.experiment = experiment
    self.pretrained = pretrained
  }

  var step: Int { trainer.progress.done }
  var steps: Int { trainer.progress.total }
  var isFinished: Bool { trainer.isFinished }
  func watch(_ observer: Observer) { self.observer = observer }
  func share(among ranks: any Collective) throws -> SharedUpdates? {
    let updates = try SharedUpdates(
      ranks, parts: experiment.configuration.settings.batchParts)
    trainer.share(updates, among: ranks)
    return updates
  }
  func summary(of report: IRecGANReport) -> String { report.summary }
  func isFinite(_ report: IRecGANReport) -> Bool { report.loss.isFinite }
  func isFinite() throws -> Bool { try trainer.isFinite() }
  func save(to file: inout SafetensorsWriter) throws { try trainer.save(to: &file) }
  func restore(from file: SafetensorsFile) throws { try trainer.restore(from: file) }
  func begin() throws {
    if let pretrained { try trainer.begin(from: pretrained()) }
  }

  func advance() throws -> IRecGANReport? {
    guard let report = try trainer.advance() else { return nil }
    reports.append(report)
    for warning in report.warnings(
      listSize: experiment.configuration.settings.listSize, itemCount: experiment.train.itemCount)
    where warned.insert(String(warning.prefix(20))).inserted {
      observer.note("\(trainer.part.name), round \(report.round ?? 0): \(warning)")
    }
    return report
  }
}

extension IRecGANReport {
  /// The state of training in a few words, behind a progress bar.
  var summary: String {
    func of(_ logged: Double?, _ digits: Int) -> String {
      logged.map { " (log \(decimal($0, digits)))" } ?? ""
    }
    let parts: [String?] = [
      user.map { "U P@1 \(decimal(100 * $0.precision1, 1))" },
      agent.map { "A P@1 \(decimal(100 * $0.precision1, 1))" },
      realness.map { "q_D \(decimal($0, 3))" },
      discriminatorAccuracy.map { "D right \(decimal($0, 2))" },
      entropy.map { "entropy \(decimal($0, 2))" },
      distinctItems.map { "\($0) items" },
      leaving.map { "P(leave) \(decimal($0, 4))" },
      simulated.map { "P(leave) \(decimal($0.leaving, 4))" + of(logged?.leaving, 4) },
      simulated.map { "length \(decimal($0.length, 2))" + of(logged?.length, 2) },
      simulated.map { "reward \(decimal($0.reward, 2))" + of(logged?.reward, 2) },
    ]
    return parts.compactMap { $0 }.map { ", \($0)" }.joined()
  }
}

import ClickSessions
import DRRCore
import Essentials
import Tensor

/// What every cell of a sweep has in common. Cells can be added later.
public struct SweepSettings: RunSettings {
  public static let algorithms = ["irecgan-sweep"]
  public var title: String { "a sweep of IRecGAN" }
  public var command: String { "simulate sweep" }

  public var world: String
  /// CRC-32 of the simulator's files; nil for one that is drawn, and in runs of older programs.
  public var worldChecksum: String?
  public var methods: [IRecGANMethod]
  public var settings: IRecGANConfiguration
  public var evaluationSessions: Int

  public init(_ sweep: IRecGANSweep, world: String, checksum: String? = nil) {
    self.world = world
    worldChecksum = checksum
    methods = sweep.methods
    settings = sweep.settings
    evaluationSessions = sweep.evaluationSessions
  }

  /// Each cell has seeds of its own.
  public var seed: UInt64 {
    get { 0 }
    set {}
  }

  /// An older program's checkpoint has no checksum; the configuration beside it gets one.
  public var identity: Self {
    var identity = self
    identity.worldChecksum = nil
    return identity
  }

  public func firstDifference(from begun: Self) -> SettingDifference? {
    var wanted = self
    if begun.worldChecksum == nil { wanted.worldChecksum = nil }
    return firstSettingThatDiffers(begun, wanted)
  }

  public func validate() throws {
    try settings.validate()
    try SessionSimulation.requireCount(evaluationSessions, "evaluation sessions")
  }
}

/// A sweep as a run: a step is a cell, and each is saved.
public final class SweepTrainer: Trainer {
  public struct Report: Codable, Sendable {
    public var outcomes: [IRecGANSweep.Outcome]
  }

  /// Of all cells that were ever done in the run.
  public private(set) var outcomes: [IRecGANSweep.Outcome] = []
  private let sweep: IRecGANSweep
  private let source: WorldSource
  private let makeBackend: () throws -> any Backend
  private let folder: RunFolder
  private var observer = Observer()

  /// - Parameter makeBackend: a backend for each cell.
  public init(
    _ sweep: IRecGANSweep, in source: WorldSource, folder: RunFolder,
    on makeBackend: @escaping () throws -> any Backend
  ) {
    self.sweep = sweep
    self.source = source
    self.makeBackend = makeBackend
    self.folder = folder
  }

  private func isDone(_ cell: SimulatedLog) -> Bool { outcomes.contains { $0.cell == cell } }
  public var step: Int { sweep.cells.count(where: isDone) }
  public var steps: Int { sweep.cells.count }
  public var savesEachStep: Bool { true }
  public func watch(_ observer: Observer) { self.observer = observer }
  public func summary(of report: Report) -> String {
    report.outcomes.first.map {
      ", \($0.cell.policy) \($0.cell.sessions) k \($0.cell.listSize)"
    } ?? ""
  }
  public func isFinite() -> Bool { outcomes.allSatisfy { $0.reward.isFinite } }

  /// A cell. Its networks leave nothing of theirs in the next one's memory.
  public func advance() throws -> Report? {
    let cell = sweep.cells.first { !isDone($0) }!
    let found = try sweep.run(
      cell, in: source, on: makeBackend(), isStopped: observer.shouldStop)
    outcomes += found
    return Report(outcomes: found)
  }

  public func save(to file: inout SafetensorsWriter) throws {
    try file.add("outcomes", Array(RunFolder.json(outcomes).utf8))
  }

  public func restore(from file: SafetensorsFile) throws {
    outcomes = try file.json("outcomes", [IRecGANSweep.Outcome].self)
    try file.require(isFinite(), "outcomes", "has a reward that is no number", "numbers")
  }

  /// Older programs kept a cell a line. One that a killed process left unfinished is done again.
  public func begin() throws {
    let older = FileManager.default.contents(atPath: "\(folder.path)/outcomes.jsonl")
    for line in older?.split(separator: UInt8(ascii: "\n")) ?? [] {
      guard
        let cell = RunFolder.value(
          [IRecGANSweep.Outcome].self, json: String(decoding: line, as: UTF8.self))
      else { break }
      outcomes += cell
    }
  }
}

import ActorCritic
import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Factorization
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("Runs whose beliefs begin with an earlier run's")
struct WarmBeliefTests {
  /// The tiny log without its last users and items.
  private static let old: RatingsLog = {
    let log = Worlds.tiny
    let rows = (0..<log.count).filter { log.users[$0] < 44 && log.items[$0] < 110 }.map {
      RatingsLog.Row(
        user: log.userIDs[Int(log.users[$0])], item: log.itemIDs[Int(log.items[$0])],
        rating: log.ratings[$0], time: log.times[$0])
    }
    return RatingsLog(name: "old", rows: rows, range: 1...5)
  }()

  private static func configuration(
    _ log: RatingsLog, _ change: (inout ResidualAgentConfiguration) -> Void = { _ in }
  ) -> RunConfiguration {
    ExperimentTests.configuration(log) {
      $0.agent = ResidualWorlds.drr {
        $0.steps = 48
        for index in $0.residual.beliefs.factorizations.indices {
          $0.residual.beliefs.factorizations[index].sweeps = 12
        }
        change(&$0)
      }
    }
  }

  /// A run of the old data, with a factorization and beliefs.
  private static func earlier(_ folder: TemporaryFolder) throws -> Experiment {
    let run = try ExperimentTests.experiment(
      folder.path + "/first", Self.configuration(old), log: old)
    _ = try run.makeTrainer(run.trainPMF(on: CPUBackend()), on: CPUBackend())
    return run
  }

  /// A run of all data that begins with another, whose files it keeps.
  ///
  /// - Parameter learned: how many held-out ratings the other has learned, where that is kept.
  private static func run(
    _ path: String, from earlier: Experiment, learned: Int? = nil
  ) throws -> Experiment {
    var configuration = Self.configuration(Worlds.tiny)
    let drawn = try ExperimentTests.experiment(path, configuration)
    let vectors = try drawn.warmStart(from: earlier).bytes()
    let beliefs = try #require(try drawn.beliefStart(from: earlier) { Issue.record("\($0)") })
    #expect(beliefs.knownItems == old.itemCount)
    try Data(vectors).write(to: URL(fileURLWithPath: drawn.folder.start))
    try Data(beliefs.bytes()).write(to: URL(fileURLWithPath: drawn.folder.beliefStart))
    configuration.warm = WarmStart(
      path: drawn.folder.start, of: vectors, beliefs: try beliefs.bytes(), learned: learned)
    return try ExperimentTests.experiment(path, configuration)
  }

  private static func contents(_ path: String) -> Data? {
    FileManager.default.contents(atPath: path)
  }

  @Test("stopped while they are fitted, a run goes on to the same bits without the earlier run")
  func resumed() throws {
    let folder = TemporaryFolder()
    let earlier = try Self.earlier(folder)
    let (whole, parts) = (
      try Self.run(folder.path + "/whole", from: earlier),
      try Self.run(folder.path + "/parts", from: earlier)
    )
    try ExperimentTests.run(whole)
    try FileManager.default.removeItem(atPath: earlier.folder.path)
    var isFitting = false
    var observer = Observer()
    observer.progress = { isFitting = $2.hasSuffix("beliefs") }
    observer.shouldStop = { isFitting }
    let model = try parts.trainPMF(on: CPUBackend())
    #expect(throws: Interrupted.self) {
      _ = try parts.trainAgent(model, on: CPUBackend(), observer)
    }
    #expect(isFitting && !parts.folder.exists(parts.folder.beliefs))
    try ExperimentTests.run(parts)
    for name in ["pmf", "beliefs", "checkpoint"] {
      let files = ["whole", "parts"].map {
        Self.contents("\(folder.path)/\($0)/\(name).safetensors")
      }
      #expect(files[0] != nil && files[0] == files[1], "\(name)")
    }
    let sweeps = try #require(try whole.beliefSweeps())
    #expect(sweeps.count == 2 && sweeps.allSatisfy { $0 < 12 }, "\(sweeps)")
  }

  @Test("what a run began with is refused where it is damaged or another's")
  func damaged() throws {
    let folder = TemporaryFolder()
    let run = try Self.run(folder.path + "/run", from: Self.earlier(folder))
    let model = try run.trainPMF(on: CPUBackend())
    let path = run.folder.beliefStart
    func message() -> String {
      do {
        _ = try run.makeTrainer(model, on: CPUBackend())
        return "no error"
      } catch { return "\(error)" }
    }
    let whole = try #require(Self.contents(path))
    for position in [3, 40, whole.count / 2, whole.count - 1] {
      var damaged = whole
      damaged[position] ^= 0x10
      try damaged.write(to: URL(fileURLWithPath: path))
      #expect(message().contains(path), "byte \(position)")
    }
    try whole.write(to: URL(fileURLWithPath: path))
    try SafetensorsFile(contentsOf: path).changing("beliefs.0.noise", at: 0, to: 3).write(to: path)
    #expect(message().contains("\(path): these are not the vectors that the run began with"))
    try FileManager.default.removeItem(atPath: path)
    #expect(message().contains(path))
    try whole.write(to: URL(fileURLWithPath: path))
    #expect(message() == "no error")
  }

  @Test("once they are fitted, what a run alone began with is removed, and nothing asks for it")
  func forgotten() throws {
    let folder = TemporaryFolder()
    let earlier = try Self.earlier(folder)
    let kept = try Self.run(folder.path + "/kept", from: earlier)
    let learned = try kept.heldOut(
      learnedBy: kept.warmStart(from: earlier), kept.beliefStart(from: earlier) { _ in }
    ).learned
    let gone = try Self.run(folder.path + "/gone", from: earlier, learned: learned)
    var lines: [String] = []
    for run in [kept, gone] {
      let model = try run.trainPMF(on: CPUBackend())
      _ = try run.trainWithMyopic(model, on: CPUBackend())
      let agent = AgentRanker(run.agentName, try run.readAgent(model, on: CPUBackend()))
      let found = try run.evaluate(model, [agent])
      lines.append(try run.report([found], on: CPUBackend()).protocolSummary)
    }
    #expect(kept.folder.exists(kept.folder.beliefStart))
    #expect(!gone.folder.exists(gone.folder.beliefStart))
    #expect(lines[0] == lines[1] && lines[0].contains("had learned \(learned) of "), "\(lines)")
    // The myopic copy takes what a fit of its own comes to.
    let model = try #require(try kept.readModel())
    try FileManager.default.removeItem(atPath: kept.folder.myopic.beliefs)
    _ = try #require(kept.myopic).makeAgent(model, on: CPUBackend())
    for name in ["pmf", "beliefs", "checkpoint", "twin/beliefs", "twin/checkpoint"] {
      let files = ["kept", "gone"].map { Self.contents("\(folder.path)/\($0)/\(name).safetensors") }
      #expect(files[0] != nil && files[0] == files[1], "\(name)")
    }
    // Killed before it was removed, it goes when the run is taken up.
    try FileManager.default.copyItem(
      atPath: kept.folder.beliefStart, toPath: gone.folder.beliefStart)
    _ = try gone.trainAgent(model, on: CPUBackend())
    #expect(!gone.folder.exists(gone.folder.beliefStart))
    try FileManager.default.removeItem(atPath: gone.folder.beliefs)
    do {
      _ = try gone.makeAgent(model, on: CPUBackend())
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("\(gone.folder.beliefs) is missing, and "), "\(error)")
      #expect("\(error)".contains("start again with --fresh"), "\(error)")
    }
  }

  @Test("beliefs begin as drawn where the earlier run has none that serve, and it is said why")
  func drawn() throws {
    let folder = TemporaryFolder()
    let earlier = try Self.earlier(folder)
    func reason(
      _ from: Experiment, _ log: RatingsLog = Worlds.tiny,
      _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> String {
      var configuration = Self.configuration(log)
      change(&configuration)
      var notes: [String] = []
      let start = try ExperimentTests.experiment(folder.path + "/new", configuration, log: log)
        .beliefStart(from: from) { notes.append($0) }
      #expect(start == nil)
      return notes.joined(separator: "; ")
    }
    // A run of PMF alone.
    var plain = Self.configuration(Self.old)
    plain.agent = nil
    let pmf = try ExperimentTests.experiment(folder.path + "/pmf", plain, log: Self.old)
    _ = try pmf.trainPMF(on: CPUBackend())
    #expect(
      try reason(pmf)
        == "\(pmf.folder.path) has no beliefs: those of this run begin as drawn")
    let other = try reason(earlier) {
      $0.agent = ResidualWorlds.drr { $0.residual.beliefs.factorizations[1].dimension = 4 }
    }
    #expect(other.contains("has beliefs of dimensions [2, 3], not [2, 4]"))
    let strange = RatingsLog(
      name: "strange",
      rows: (0..<Worlds.tiny.count).map {
        RatingsLog.Row(
          user: "\(Worlds.tiny.users[$0])", item: "other \(Worlds.tiny.items[$0])",
          rating: Worlds.tiny.ratings[$0], time: Worlds.tiny.times[$0])
      }, range: 1...5)
    #expect(try reason(earlier, strange).contains("has beliefs of other items"))
    // An agent without beliefs has nothing to be said of.
    #expect(try reason(earlier) { $0.agent = Worlds.drr() } == "")
  }

  @Test("ratings that the beliefs or the vectors had learned and the run holds out are counted")
  func heldOut() throws {
    let folder = TemporaryFolder()
    let earlier = try Self.earlier(folder)
    let run = try Self.run(folder.path + "/run", from: earlier)
    let vectors = try run.warmStart(from: earlier)
    let beliefs = try run.beliefStart(from: earlier) { _ in }
    let visible = Set(
      earlier.split.visibleRows(in: Self.old).map { row in
        [Self.old.userIDs[Int(Self.old.users[Int(row)])]]
          + [Self.old.itemIDs[Int(Self.old.items[Int(row)])]]
      })
    let log = Worlds.tiny
    let held = (0..<log.count).filter { run.split.heldOut(row: $0) != nil }
    let learned = held.count {
      visible.contains([log.userIDs[Int(log.users[$0])], log.itemIDs[Int(log.items[$0])]])
    }
    let found = run.heldOut(learnedBy: vectors, beliefs)
    #expect(learned > 0 && found.learned == learned && found.all == held.count)
    // Of what PMF stops by its vectors learn nothing.
    #expect(run.heldOut(learnedBy: vectors, nil).learned <= learned)
  }
}

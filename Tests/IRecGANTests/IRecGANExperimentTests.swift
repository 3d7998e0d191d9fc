import ClickSessions
import DRRCore
import DRRTestSupport
import Foundation
import IRecGAN
import Tensor
import TestSupport
import Testing

@Suite("Runs of IRecGAN and their folders")
struct IRecGANExperimentTests {
  let folder = TemporaryFolder()
  private let parts: [IRecGANTrainer.Part] = [.pretraining, .method(.irecgan), .method(.pg)]

  private func configuration(
    _ log: SessionLog, seed: UInt64 = 3
  ) -> IRecGANRunConfiguration {
    IRecGANRunConfiguration(
      data: .init(source: "made", log: log), reading: SessionOptions(), world: nil,
      simulation: nil, seed: seed, settings: SessionWorlds.settings())
  }

  private func experiment(
    _ name: String, seed: UInt64 = 3, sessions: Int = 60
  ) throws -> IRecGANExperiment {
    let log = try SessionWorlds.log(sessions)
    return try IRecGANExperiment(
      configuration(log, seed: seed), log: log, folder: RunFolder("\(folder.path)/\(name)"))
  }

  /// Trains a part; every `pace` batches somebody interrupts.
  private func train(
    _ experiment: IRecGANExperiment, _ part: IRecGANTrainer.Part, pace: Int = .max
  ) throws {
    while true {
      var batches = 0
      var observer = Observer()
      observer.shouldStop = {
        batches += 1
        return batches >= pace
      }
      do {
        try experiment.train(part, on: CPUBackend(), observer)
        return
      } catch is Interrupted {}
    }
  }

  private func contents(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)".replacingOccurrences(of: folder.path + "/", with: "")
    }
  }

  @Test("interrupted again and again, a run leaves the same files")
  func interrupted() throws {
    let (whole, broken) = (try experiment("whole"), try experiment("broken"))
    try whole.begin()
    try broken.begin()
    for part in parts {
      try train(whole, part)
      try train(broken, part, pace: 5)
    }
    for file in parts.map({ whole.folder.checkpoint(of: $0) }) + [whole.folder.metrics] {
      let other = file.replacingOccurrences(of: "/whole/", with: "/broken/")
      #expect(try contents(file) == contents(other), "\(file)")
    }
    #expect(try whole.readNetworks(.method(.irecgan), on: CPUBackend()) != nil)
    #expect(try whole.readNetworks(.method(.ac), on: CPUBackend()) == nil)
    let device = try #require(try whole.folder.deviceOfIRecGAN())
    #expect("\(device)" == "cpu")
  }

  /// A process may be killed before its first checkpoint, or in the middle of a line; and a method
  /// may be taken up again after another one.
  @Test("every line of the metrics stands there once")
  func metrics() throws {
    let (whole, broken) = (try experiment("whole"), try experiment("broken"))
    for experiment in [whole, broken] { try experiment.folder.create() }
    for part in parts { try train(whole, part) }
    let lines = String(decoding: try contents(whole.folder.metrics), as: UTF8.self)
    let some = lines.split(separator: "\n").prefix(2).joined(separator: "\n")
    try Data("\(some)\n{\"part\":\"pretr".utf8).write(
      to: URL(fileURLWithPath: broken.folder.metrics))
    try train(broken, .pretraining)
    var batches = 0
    var observer = Observer()
    observer.shouldStop = {
      batches += 1
      return batches == 20
    }
    #expect(throws: Interrupted.self) {
      try broken.train(.method(.irecgan), on: CPUBackend(), observer)
    }
    try train(broken, .method(.pg))
    try train(broken, .method(.irecgan))
    let found = String(decoding: try contents(broken.folder.metrics), as: UTF8.self)
    #expect(found.split(separator: "\n").sorted() == lines.split(separator: "\n").sorted())
  }

  @Test("what belongs to another run is refused")
  func foreign() throws {
    let one = try experiment("one")
    try one.begin()
    #expect(
      message { try train(one, .method(.pg)) }
        == "one: the networks that every method begins with are not trained; go on with it by "
        + "`drr train irecgan --run one`")
    try train(one, .pretraining)
    let other = try experiment("other", seed: 4)
    try other.folder.create()
    try FileManager.default.copyItem(
      atPath: one.folder.checkpoint(of: .pretraining),
      toPath: other.folder.checkpoint(of: .pretraining))
    #expect(
      message { try train(other, .pretraining) }
        == "other/pretrained.safetensors belongs to another run: its configuration has "
        + "seed 3, expected 4")
    try FileManager.default.copyItem(
      atPath: one.folder.configuration, toPath: other.folder.configuration)
    #expect(
      message { try other.begin() }
        == "other: the run was started with seed 3, not 4; name another --run, or start again "
        + "with --fresh")
    let log = try SessionWorlds.log(60)
    let changed = log.selecting(0..<59)
    #expect(
      message {
        _ = try IRecGANExperiment(configuration(log), log: changed, folder: one.folder)
      }
        == "made: the data have changed since the run began: 59 sessions with checksum , expected 60 "
        + "with ; name the data that it was trained on by --data, or train a new run on these")
  }

  private func outcome(_ seed: Int) throws -> IRecGANSweep.Outcome {
    let text = """
      {"cell":{"policy":"max","sessions":9,"listSize":3,"seed":\(seed)},"method":"pg",
       "reward":1.5,"coverage":0.5,"distinctItems":4}
      """
    return try JSONDecoder().decode(IRecGANSweep.Outcome.self, from: Data(text.utf8))
  }

  @Test("a sweep goes on with what an older program has done, and keeps to its settings")
  func sweep() throws {
    let run = RunFolder("\(folder.path)/sweep")
    let cells = (1...2).map {
      SimulatedLog(policy: "max", sessions: 9, listSize: 3, seed: $0)
    }
    var sweep = IRecGANSweep(cells: cells, methods: [.pg], settings: SessionWorlds.settings())
    sweep.evaluationSessions = 20
    func trainer(_ sweep: IRecGANSweep) throws -> SweepTrainer {
      SweepTrainer(sweep, in: try WorldSource("tabular", on: CPUBackend()), folder: run) {
        CPUBackend()
      }
    }
    let keeper = try Run(SweepSettings(sweep, world: "tabular"), folder: run)
    try keeper.begin()
    // Two cells, and a line that was left unfinished.
    let older = try [outcome(1), outcome(3)].map { try RunFolder.json([$0]) + "\n" }.joined()
    try Data((older + "[{\"cell\":{\"pol").utf8).write(
      to: URL(fileURLWithPath: "\(run.path)/outcomes.jsonl"))
    let first = try trainer(sweep)
    try keeper.train(first, device: "cpu")
    #expect(try Array(first.outcomes.prefix(2)) == [outcome(1), outcome(3)])
    #expect(first.outcomes.dropFirst(2).map(\.cell.seed).allSatisfy { $0 == 2 })
    #expect(Set(first.outcomes.dropFirst(2).map(\.method)).isSuperset(of: ["random", "mle", "pg"]))
    let second = try trainer(sweep)
    try keeper.train(second, device: "cpu")
    #expect(second.outcomes == first.outcomes)
    // The lock is the process's own, so another folder with the same files.
    try FileManager.default.copyItem(atPath: run.path, toPath: "\(folder.path)/copy")
    var other = sweep
    other.evaluationSessions = 7
    let foreign = try Run(
      SweepSettings(other, world: "tabular"), folder: RunFolder("\(folder.path)/copy"))
    #expect(
      message { try foreign.begin() }
        == "copy: the run was started with evaluationSessions 20, not 7; name another --run, or "
        + "start again with --fresh")
  }
}

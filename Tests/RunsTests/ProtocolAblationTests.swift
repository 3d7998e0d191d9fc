import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("The leak ladder")
struct ProtocolAblationTests {
  private typealias Rung = ProtocolAblation.Rung

  private static func ladder(
    _ folder: TemporaryFolder, steps: Int = 40
  ) throws -> ProtocolAblation {
    var configuration = RunConfiguration(source: "generated:tiny", log: Worlds.tiny)
    configuration.seed = 3
    configuration.pmf.dimension = 6
    configuration.pmf.epochs = 3
    configuration.pmf.batchSize = 256
    configuration.evaluation.minimumCandidates = 5
    configuration.evaluation.cutoffs = [2, 5]
    configuration.drr = Worlds.drr()
    configuration.drr!.steps = steps
    return try ProtocolAblation(
      configuration, log: Worlds.tiny, folder: RunFolder(folder.path + "/run"))
  }

  @Test("each rung takes away what it says, and no more")
  func rungs() {
    let honest = EvaluationProtocol()
    let protocols = Rung.allCases.map { $0.evaluation(honest: honest) }
    #expect(protocols[0] == .asPublished && protocols[4] == honest)
    var expected = EvaluationProtocol.asPublished
    expected.exploration = 0
    #expect(protocols[1] == expected)
    expected.keepsHistory = false
    #expect(protocols[2] == expected)
    expected.pmfRows = .visible
    #expect(protocols[3] == expected)
  }

  @Test("a run that is kept is the one that its rung was measured with")
  func kept() throws {
    let folder = TemporaryFolder()
    var ladder = try Self.ladder(folder)
    ladder.keepsRuns = true
    try ladder.begin()
    let backend = CPUBackend()
    let report = try ladder.climb(seeds: 1, on: backend)
    let run = try ladder.experiment(.honest)
    let model = try #require(try run.readModel())
    let scores = try OfflineEvaluation(sessions: run.sessions(), cutoffs: [2])
      .evaluate(AgentRanker(run.agentName, run.readAgent(model, on: backend)))
    let precision = try #require(scores.mean(.precision, at: 2))
    let measured = report.precisions(of: "DRR trained", on: .honest, at: 2)
    #expect(measured.count == 1 && abs(measured[0] - precision) < 1e-12)
    #expect(try ladder.experiment(.historyRemoved).folder.path.hasSuffix("asPublished-3"))
  }

  @Test("every rung and seed is measured, on the same sessions where only rankers differ")
  func climb() throws {
    let folder = TemporaryFolder()
    let ladder = try Self.ladder(folder)
    try ladder.begin()
    var last = 0
    var observer = Observer()
    observer.progress = { done, total, _ in
      #expect(done >= last && total == 10_000)
      last = done
    }
    let report = try ladder.climb(seeds: 2, on: CPUBackend(), observer)
    #expect(last == 10_000)
    #expect(report.measurements.map(\.rung) == Rung.allCases + Rung.allCases)
    #expect(report.measurements.map(\.configuration.seed) == [3, 3, 3, 3, 3, 4, 4, 4, 4, 4])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: ladder.folder.path)
        == ["leak-ladder.json"])
    for measurement in report.measurements {
      #expect(
        measurement.rankers.map(\.name) == [
          "random", "popularity", "item mean", "PMF rating", "random action U", "DRR untrained",
          "DRR trained",
        ])
      #expect(measurement.admission.sessions > 0)
      #expect(measurement.rankers.allSatisfy { $0.rows[0].precision != nil })
    }
    func precision(_ ranker: String, _ rung: Rung) -> [Double] {
      report.precisions(of: ranker, on: rung, at: 2)
    }
    // Exploration concerns agents alone; the history that is given away concerns all.
    for ranker in ["random", "popularity", "item mean", "PMF rating", "random action U"] {
      #expect(precision(ranker, .asPublished) == precision(ranker, .greedy))
    }
    #expect(precision("DRR trained", .asPublished) != precision("DRR trained", .greedy))
    for (kept, removed) in zip(precision("random", .greedy), precision("random", .historyRemoved)) {
      #expect(kept > removed)
    }
    // What the PMF has seen is nothing to rankers without it.
    for ranker in ["random", "popularity", "item mean"] {
      #expect(precision(ranker, .historyRemoved) == precision(ranker, .visibleFit))
    }
    #expect(precision("PMF rating", .historyRemoved) != precision("PMF rating", .visibleFit))
  }

  @Test("an interrupted ladder goes on to the same figures, and keeps what is done")
  func resumed() throws {
    let (whole, parts) = (TemporaryFolder(), TemporaryFolder())
    func text(_ report: ProtocolAblationReport) throws -> String { try RunFolder.json(report) }
    let reference = try Self.ladder(whole)
    try reference.begin()
    let expected = try text(reference.climb(seeds: 1, on: CPUBackend()))
    let ladder = try Self.ladder(parts)
    try ladder.begin()
    var interruptions = 0
    var asked = 0
    while interruptions < 6 {
      do {
        var observer = Observer()
        observer.shouldStop = {
          asked += 1
          return asked % 30 == 0
        }
        let report = try ladder.climb(seeds: 1, on: CPUBackend(), observer)
        #expect(try text(report) == expected)
        break
      } catch is Interrupted {
        interruptions += 1
      }
    }
    #expect(interruptions >= 3 && interruptions < 6)
    // What is read back is not trained again; other settings are.
    var trained = 0
    var observer = Observer()
    observer.progress = { _, _, _ in trained += 1 }
    #expect(try text(ladder.climb(seeds: 1, on: CPUBackend(), observer)) == expected)
    #expect(trained == 0)
    let other = try Self.ladder(parts, steps: 20)
    #expect(try text(other.climb(seeds: 1, on: CPUBackend(), observer)) != expected)
    #expect(trained > 60)
  }
}

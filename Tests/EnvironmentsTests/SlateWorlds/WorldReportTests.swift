import DRRCore
import DRRTestSupport
import Environments
import TestSupport
import Testing

/// What policies earn against what they earned in RecSim itself and in a numpy twin of it
/// (bench/results/worlds.md).
@Suite("What policies earn in worlds")
struct WorldReportTests {
  private static func row(_ report: WorldReport, _ name: String) throws -> WorldReport.Row {
    try #require(report.rows.first { $0.policy.hasPrefix(name) }, "\(report.rows.map(\.policy))")
  }

  /// Within twice the 95 % interval of the difference; `half` is half of the reference's own.
  private static func expect(_ row: WorldReport.Row, near value: Double, _ half: Double) {
    let own = (row.episode.high - row.episode.low) / 2
    #expect(
      abs(row.episode.mean - value) < 2 * (own * own + half * half).squareRoot(),
      "\(row.policy): \(row.episode), expected \(value) ± \(half)")
  }

  @Test(
    "long-term satisfaction",
    arguments: [(0.1, 949.0, 840.0, 993.0, 1_020.0), (0.3, 983, 477, 1_633, 1_655)])
  func satisfaction(
    _ sensitivity: Double, _ random: Double, _ myopic: Double, _ least: Double, _ planner: Double
  ) throws {
    var settings = LongTermSatisfaction.Settings()
    settings.sensitivity = sensitivity
    let report = try LongTermSatisfaction.report(settings, episodes: 200, seeds: [0, 1])
    Self.expect(try Self.row(report, "random"), near: random, 8)
    Self.expect(try Self.row(report, "myopic"), near: myopic, 8)
    Self.expect(try Self.row(report, "least temptation"), near: least, 8)
    Self.expect(try Self.row(report, "planner, hidden"), near: planner, 8)
    #expect(report.rows.allSatisfy { $0.steps == 60 && $0.episode.count == 400 })
  }

  @Test("interest evolution, ten candidates") func evolution() throws {
    let report = try InterestEvolution.report(
      InterestEvolution.Settings(), episodes: 100, seeds: [0, 1])
    Self.expect(try Self.row(report, "random"), near: 155.1, 2.8)
    Self.expect(try Self.row(report, "myopic"), near: 165.1, 7.2)
    let planner = try Self.row(report, "planner, quality of topic")
    Self.expect(planner, near: 291, 12)
    let myopic = try Self.row(report, "myopic")
    #expect(planner.episode.mean > 1.5 * myopic.episode.mean)
    let oracle = try Self.row(report, "planner, hidden")
    Self.expect(oracle, near: 293, 13)
    #expect(!planner.readsHidden && oracle.readsHidden)
  }

  @Test("interest exploration") func exploration() throws {
    let report = try InterestExploration.report(
      InterestExploration.Settings(), episodes: 100, seeds: [0])
    let random = try Self.row(report, "random").episode
    #expect(try Self.row(report, "hidden").episode.mean > random.high)
    #expect(try Self.row(report, "myopic").episode.mean > random.high)
  }

  @Test("VirtualTaobao's rates of clicks") func taobao() throws {
    try RealData.with("virtual-taobao.safetensors") { path in
      let report = try VirtualTaobao.report(
        VirtualTaobaoNetworks(contentsOf: path), episodes: 64, seeds: [0, 1])
      let random = try Self.row(report, "random").step
      #expect(random.low < 0.18 && random.high > 0.18, "\(random)")
      #expect(try Self.row(report, "best by user").step.mean > 9.7)
      // Random actions of ten clicks lie together.
      let clicked = try Self.row(report, "mean of random actions").step.mean
      #expect(clicked > 5 && clicked > 10 * random.mean, "\(clicked)")
      // One action for everybody earns all there is.
      #expect(try Self.row(report, "constant").step.mean > 9.7)
    }
  }

  @Test("the mean of what two kinds of users clicked suits neither") func mean() throws {
    let folder = TemporaryFolder()
    try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
    let report = try VirtualTaobao.report(
      VirtualTaobaoNetworks(contentsOf: folder.path + "/tiny.safetensors"), episodes: 100,
      seeds: [0])
    // For half of the users a₀ is to be 1, for the others −1: the mean is near 0, and every other page
    // earns ten clicks.
    let clicked = try Self.row(report, "mean of random actions").step.mean
    #expect(abs(clicked - 5) < 1.2, "\(clicked)")
  }
}

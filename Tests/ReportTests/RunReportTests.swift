import DRRCore
import DRRData
import Environments
import Evaluation
import Foundation
import Kernels
import Report
import Runs
import SlateQ
import Tables
import TestSupport
import Testing

@Suite("Reports of runs")
struct RunReportTests {
  /// A folder with a table of the cliff.
  private static func learned(
    _ path: String, seed: UInt64 = 0, steps: Int = 2_000
  ) throws -> RunFolder {
    var settings = TabularConfiguration()
    (settings.environment, settings.steps, settings.seed) = (.cliff, steps, seed)
    return try ReportPage.trained(path, settings, by: TabularLearner(settings))
  }

  @Test("of a table show what was learned of each tile beside the best there is") func table()
    throws
  {
    let place = TemporaryFolder()
    let first = try Self.learned("\(place.path)/q0", steps: 3_000)
    let one = try ReportPage.html([first])
    ReportPage.check(one)
    #expect(one.contains("What was learned of cliff"))
    for words in [
      "Value of the greedy policy", "Error of the table", "Exploration", "a Q-learning run",
    ] {
      #expect(one.contains(words), "\(words)")
    }
    // V* of the cliff's start: thirteen steps of −1, γ .99.
    let value = (0..<13).reduce(0.0) { sum, _ in 0.99 * sum - 1 }
    #expect(one.contains(decimal(value, 2)))
    // Another setting is another run.
    let more = try Self.learned("\(place.path)/more")
    let both = try ReportPage.html([first, more])
    ReportPage.check(both)
    #expect(both.contains("q0, learned") && both.contains("more, learned"))
    #expect(both.components(separatedBy: "What was learned of cliff").count == 3)
  }

  @Test("of seeds that were begun one by one are those of the group that they make")
  func seedsByHand() throws {
    let place = TemporaryFolder()
    // Seeds out of order, and in a group of their own the order of its command.
    let folder = RunFolder("\(place.path)/hand")
    try folder.create()
    let seeds = try [1, 0].map { try Self.learned("\(folder.path)/run-\($0)", seed: $0) }
    let group = RunFolder("\(place.path)/group")
    for seed in 0..<2 { _ = try Self.learned("\(group.path)/seed-\(seed)", seed: UInt64(seed)) }
    try group.write(RunGroup(seeds: 2), to: group.group)
    let wanted = ReportPage.pictures(try ReportPage.html([group]))
    #expect(wanted.contains { $0.contains("learned, 2 trainings") })
    let named = try ReportPage.html([seeds[1], seeds[0]])
    ReportPage.check(named)
    #expect(ReportPage.pictures(named) == wanted)
    let found = try ReportPage.html([folder])
    #expect(ReportPage.pictures(found) == wanted && found.contains("2 trainings: "))
    #expect(try RunReport([folder], on: DeviceCatalog.backend(for: .cpu)).summary == "one run")
    // The band lies between the least and the largest of both, at every step.
    let values = try seeds.map { seed in
      try String(contentsOfFile: seed.metrics, encoding: .utf8).split(separator: "\n").map {
        try #require(
          (JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["valueError"]
            as? Double)
      }
    }
    let chart = try #require(wanted.first { $0.contains("<title>Error of the values</title>") })
    let band = try #require(chart.firstMatch(of: /<path d="M([^"]*) Z"/)).1
    let heights = band.split(separator: "L").map {
      Double($0.split(separator: " ")[1]) ?? .nan
    }
    let count = values[0].count
    #expect(heights.count == 2 * count)
    for step in 0..<count {
      let (a, b) = (values[0][step], values[1][step])
      let thickness = heights[2 * count - 1 - step] - heights[step]
      #expect((thickness > 0.05) == (abs(a - b) > 0.01) || abs(a - b) < 0.2, "\(step)")
    }
    // One that differs otherwise stands alone beside them, and is none of a folder of seeds.
    let other = try Self.learned("\(place.path)/other", seed: 2, steps: 1_000)
    #expect(
      try RunReport(seeds + [other], on: DeviceCatalog.backend(for: .cpu)).summary == "2 runs")
    // The same seed twice is no group of seeds.
    let again = try Self.learned("\(place.path)/again", seed: 1)
    #expect(
      try RunReport([seeds[0], again], on: DeviceCatalog.backend(for: .cpu)).summary == "2 runs")
    _ = try Self.learned("\(folder.path)/strange", seed: 2, steps: 1_000)
    do {
      _ = try ReportPage.html([folder])
      Issue.record("runs of unlike settings were drawn as one")
    } catch let error as RunError {
      #expect(
        error.description.contains("holds 3 runs that differ in more than their seeds; name those"))
    }
  }

  @Test("of agents of worlds show the known policies beside them") func worlds() throws {
    let place = TemporaryFolder()
    var settings = SlateQRunConfiguration()
    settings.world = .satisfaction(.init())
    settings.agent.environments = 8
    settings.agent.rollouts = 1
    settings.agent.hidden = 8
    settings.agent.steps = 4_096
    settings.agent.validations = 4
    settings.agent.validationEpisodes = 4
    let folder = try ReportPage.trained(
      "\(place.path)/slateq", settings,
      by: SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu)))
    let page = try ReportPage.html([folder]) { $0.episodes = 3 }
    ReportPage.check(page)
    for words in [
      "Returns in long-term-satisfaction", "SlateQ, untrained", "least temptation",
      "Return, validation users", "kept: step",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    #expect(try !ReportPage.html([folder]) { $0.episodes = 0 }.contains("Returns in"))
  }

  @Test("of many tables show what each genre's learned, where the data are at hand")
  func manyTables() throws {
    let place = TemporaryFolder()
    // Whoever watched a drama watches the next one; of comedies there are two.
    var rows = "userId,movieId,rating,timestamp\n"
    for user in 1...40 {
      for (time, item) in [11, 1, 12, 2, 3, 4].enumerated() {
        rows += "\(user),\(item),\(4 + user % 2),\(1_000 * time + user)\n"
      }
    }
    let titles =
      [(1, "One & only"), (2, "Two"), (3, "Three"), (4, "Four")].map {
        "\($0.0),\($0.1),Drama"
      } + ["11,Eleven,Comedy", "12,Twelve,Comedy"]
    let source = try place.folder(
      "data",
      [
        "ratings.csv": rows,
        "movies.csv": "movieId,title,genres\n" + titles.joined(separator: "\n") + "\n",
      ])
    func ratings(_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog {
      try RatingsSource.load(source, range: range)
    }
    let log = try ratings(source, nil)
    var settings = MultiTableRunConfiguration(source: source, log: log)
    settings.settings.order = 1
    settings.settings.shrinkage = 0
    settings.settings.discount = 0
    settings.evaluation.testShare = 0.3
    let folder = RunFolder(place.path + "/tables")
    let run = try Run(settings, folder: folder)
    try run.begin()
    _ = try MultiTableTraining(run, log, UserSplit(log, settings.evaluation)).train(
      SoleCollective())
    let page = try ReportPage.html([folder]) { $0.readRatings = ratings }
    ReportPage.check(page)
    #expect(page.contains("What the tables learned, by genre"))
    #expect(page.contains("What the tables recommend, by genre"))
    #expect(page.contains("Drama") && page.contains("Comedy") && page.contains("One &amp; only"))
    // What was watched next is worth 1, and nothing looks ahead.
    #expect(page.components(separatedBy: "<td>1.000</td>").count == 5)
    // Nothing is read where nothing is to be read.
    let bare = try ReportPage.html([folder])
    #expect(!bare.contains("by genre"))
  }

  @Test("need a run") func nothing() throws {
    let place = TemporaryFolder()
    #expect(throws: RunError.self) { try ReportPage.html([RunFolder(place.path)]) }
    #expect(throws: RunError.self) { try ReportPage.html([RunFolder(place.path + "/absent")]) }
  }
}

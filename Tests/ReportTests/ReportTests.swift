import Charts
import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Evaluation
import Foundation
import Kernels
import OffPolicy
import Report
import Runs
import SlateQ
import Tables
import Tensor
import TestSupport
import Testing

@Suite("Reports of runs")
struct ReportTests {
  @Test("a plane through space is found, with all that lies in it") func projection() {
    // Points 3 u + 1 v of a plane in four dimensions, u and v orthonormal.
    let (u, v): ([Float], [Float]) = ([0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5])
    var random = SeededGenerator(2)
    var vectors: [Float] = []
    var wanted: [(x: Double, y: Double)] = []
    for _ in 0..<200 {
      let a = Float.random(in: -3...3, using: &random)
      let b = Float.random(in: -1...1, using: &random)
      wanted.append((Double(a), Double(b)))
      vectors += zip(u, v).map { 7 + a * $0 + b * $1 }
    }
    let found = Projection(vectors, width: 4)
    #expect(abs(found.share - 1) < 1e-6)
    let mean = (
      x: wanted.reduce(0) { $0 + $1.x } / 200, y: wanted.reduce(0) { $0 + $1.y } / 200
    )
    // Distances are kept, whatever the directions' signs.
    for (place, point) in found.points.enumerated() {
      let length = (point.x * point.x + point.y * point.y).squareRoot()
      let (x, y) = (wanted[place].x - mean.x, wanted[place].y - mean.y)
      #expect(abs(length - (x * x + y * y).squareRoot()) < 1e-4)
      // Both spreads differ by nine, so that the first component is nearly u.
      #expect(abs(abs(point.x) - abs(x)) < 0.5)
    }
    // Part of what varies lies outside of the plane.
    let cube = Projection((0..<300).map { _ in Float.random(in: -1...1, using: &random) }, width: 3)
    #expect((0.5...0.9).contains(cube.share))
    #expect(Projection([1, 1, 1, 1], width: 2).share == 0)
  }

  private static func page(
    _ folders: [RunFolder], _ change: (inout RunReport) -> Void = { _ in }
  ) throws -> String {
    var report = try RunReport(folders, on: DeviceCatalog.backend(for: .cpu))
    change(&report)
    return try report.html()
  }

  /// A page that asks for nothing, and whose pictures are XML.
  private static func check(_ page: String) {
    #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("url("))
    let addresses = page.matches(of: /https?:\/\/[^"<\s]*/).map { String($0.0) }
    #expect(Set(addresses).isSubset(of: ["http://www.w3.org/2000/svg"]))
    for picture in page.split(separator: "<svg").dropFirst() {
      let text = "<svg" + picture.prefix(upTo: picture.firstRange(of: "</svg>")!.upperBound)
      #expect(XMLScan(text).isWellFormed, "\(text.prefix(200))")
      #expect(!text.contains("nan") && !text.contains("inf"), "\(text.prefix(200))")
    }
  }

  @Test("of a table show what was learned of each tile beside the best there is") func table()
    throws
  {
    let place = TemporaryFolder()
    var folders: [RunFolder] = []
    for seed in UInt64(0)..<2 {
      var settings = TabularConfiguration()
      settings.environment = .cliff
      settings.steps = 3_000
      settings.seed = seed
      let folder = RunFolder("\(place.path)/q\(seed)")
      let run = try Run(settings, folder: folder)
      try run.begin()
      _ = try run.train(try TabularLearner(settings), device: "cpu")
      folders.append(folder)
    }
    let one = try Self.page([folders[0]])
    Self.check(one)
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
    var other = TabularConfiguration()
    other.environment = .cliff
    other.steps = 2_000
    let more = RunFolder("\(place.path)/more")
    let run = try Run(other, folder: more)
    try run.begin()
    _ = try run.train(try TabularLearner(other), device: "cpu")
    let both = try Self.page([folders[0], more])
    Self.check(both)
    #expect(both.contains("q0, learned") && both.contains("more, learned"))
    #expect(both.components(separatedBy: "What was learned of cliff").count == 3)
  }

  @Test("of seeds that were begun one by one are those of the group that they make")
  func seedsByHand() throws {
    let place = TemporaryFolder()
    func train(_ path: String, _ seed: UInt64, steps: Int = 2_000) throws -> RunFolder {
      var settings = TabularConfiguration()
      (settings.environment, settings.steps, settings.seed) = (.cliff, steps, seed)
      let folder = RunFolder(path)
      let run = try Run(settings, folder: folder)
      try run.begin()
      _ = try run.train(try TabularLearner(settings), device: "cpu")
      return folder
    }
    // Seeds out of order, and in a group of their own the order of its command.
    let folder = RunFolder("\(place.path)/hand")
    try folder.create()
    let seeds = try [1, 0].map { try train("\(folder.path)/run-\($0)", $0) }
    let group = RunFolder("\(place.path)/group")
    for seed in 0..<2 { _ = try train("\(group.path)/seed-\(seed)", UInt64(seed)) }
    try group.write(RunGroup(seeds: 2), to: group.group)
    func pictures(_ page: String) -> [Substring] {
      page.split(separator: "<svg").dropFirst().map {
        $0.prefix(upTo: $0.firstRange(of: "</svg>")!.lowerBound)
      }
    }
    let wanted = pictures(try Self.page([group]))
    #expect(wanted.contains { $0.contains("learned, 2 trainings") })
    let named = try Self.page([seeds[1], seeds[0]])
    Self.check(named)
    #expect(pictures(named) == wanted)
    let found = try Self.page([folder])
    #expect(pictures(found) == wanted && found.contains("2 trainings: "))
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
    let other = try train("\(place.path)/other", 2, steps: 1_000)
    #expect(
      try RunReport(seeds + [other], on: DeviceCatalog.backend(for: .cpu)).summary == "2 runs")
    // The same seed twice is no group of seeds.
    let again = try train("\(place.path)/again", 1)
    #expect(
      try RunReport([seeds[0], again], on: DeviceCatalog.backend(for: .cpu)).summary == "2 runs")
    _ = try train("\(folder.path)/strange", 2, steps: 1_000)
    do {
      _ = try Self.page([folder])
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
    let folder = RunFolder("\(place.path)/slateq")
    let run = try Run(settings, folder: folder)
    try run.begin()
    _ = try run.train(
      try SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu)), device: "cpu")
    let page = try Self.page([folder]) { $0.episodes = 3 }
    Self.check(page)
    for words in [
      "Returns in long-term-satisfaction", "SlateQ, untrained", "least temptation",
      "Return, validation users", "kept: step",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    #expect(try !Self.page([folder]) { $0.episodes = 0 }.contains("Returns in"))
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
    let source = place.path + "/data"
    try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
    try rows.write(toFile: source + "/ratings.csv", atomically: true, encoding: .utf8)
    let titles =
      [(1, "One & only"), (2, "Two"), (3, "Three"), (4, "Four")].map {
        "\($0.0),\($0.1),Drama"
      } + ["11,Eleven,Comedy", "12,Twelve,Comedy"]
    try ("movieId,title,genres\n" + titles.joined(separator: "\n") + "\n").write(
      toFile: source + "/movies.csv", atomically: true, encoding: .utf8)
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
    let page = try Self.page([folder]) { $0.readRatings = ratings }
    Self.check(page)
    #expect(page.contains("What the tables learned, by genre"))
    #expect(page.contains("What the tables recommend, by genre"))
    #expect(page.contains("Drama") && page.contains("Comedy") && page.contains("One &amp; only"))
    // What was watched next is worth 1, and nothing looks ahead.
    #expect(page.components(separatedBy: "<td>1.000</td>").count == 5)
    // Nothing is read where nothing is to be read.
    let bare = try Self.page([folder])
    #expect(!bare.contains("by genre"))
  }

  /// Decisions between three actions by a policy that prefers the first, of two users each.
  private static func log(_ count: Int) throws -> LoggedFeedback {
    var random = SeededGenerator(7)
    let propensities = [0.7, 0.28, 0.02]
    let actions = (0..<count).map { _ -> Int32 in
      let draw = Double.random(in: 0..<1, using: &random)
      return draw < 0.7 ? 0 : draw < 0.98 ? 1 : 2
    }
    return try LoggedFeedback(
      name: "log.csv", users: (0..<count).map { Int32($0 / 2) }, actions: actions,
      rewards: actions.map {
        Double.random(in: 0..<1, using: &random) < 0.2 + 0.3 * Double($0) ? 1 : 0
      },
      propensities: actions.map { propensities[Int($0)] }, actionCount: 3)
  }

  /// The bars of a page's pictures of importance weights: what each says, by the picture's title.
  private static func bars(_ page: String) -> [String: [String]] {
    var found: [String: [String]] = [:]
    for picture in page.split(separator: "<svg").dropFirst() {
      let text = String(picture.prefix(upTo: picture.firstRange(of: "</svg>")!.lowerBound))
      let titles = text.matches(of: /<title>([^<]*)<\/title>/).map { String($0.1) }
      guard let name = titles.first, name.hasPrefix("Importance weights of ") else { continue }
      found[String(name.dropFirst("Importance weights of ".count))] = Array(titles.dropFirst())
    }
    return found
  }

  @Test("of an off-policy evaluation show every estimate, every weight, and who is refused")
  func offPolicy() throws {
    let place = TemporaryFolder()
    let log = try Self.log(2_000)
    var configuration = OffPolicyConfiguration()
    configuration.resamples = 60
    configuration.minimumESS = 300
    // 1/3 over .7, .28 and .02; over the smallest propensity the last action weighs 50.
    let third = FixedTarget(name: "third & last", table: [0, 0, 1])
    let report = try log.evaluate(
      [UniformTarget(), third], configuration,
      onPolicy: ["uniform": Interval(value: 0.4321, low: 0.41, high: 0.45)])
    #expect(report.policies[0].refusal == nil && report.policies[1].refusal != nil)
    let folder = RunFolder("\(place.path)/ope")
    try folder.create()
    try folder.write(report, to: folder.report)
    let page = try Self.page([folder])
    Self.check(page)
    for words in [
      "<strong>uniform by dr: ", "not ranked: third &amp; last.", "uniform, rank 1",
      "third &amp; last: not ranked", "Calibration of the reward model", "0.4321",
      "third &amp; last: not ranked: the effective sample size is", "clip 44.7",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    for policy in report.policies {
      for (name, value) in policy.estimates {
        let low = value.low.map { " (\(decimal($0, 4)) to \(decimal(value.high!, 4)))" }
        let words = "\(name): \(decimal(value.value, 4))\(low ?? ", no interval")"
        #expect(page.contains("<title>\(words)</title>"), "\(words)")
      }
    }
    // By hand: each action's weight has a range of its own, between quarters of powers of ten.
    let counts = (0..<3).map { action in log.actions.count { $0 == action } }
    let bars = Self.bars(page)
    #expect(
      bars["uniform"] == [
        "0.316 to 0.562: \(counts[0].thousands) of 2,000 decisions",
        "1 to 1.78: \(counts[1]) of 2,000 decisions",
        "10 to 17.8: \(counts[2]) of 2,000 decisions",
      ])
    #expect(
      bars["third &amp; last"] == [
        "0: \((counts[0] + counts[1]).thousands) of 2,000 decisions",
        "31.6 to 56.2: \(counts[2]) of 2,000 decisions",
      ])
    let size = report.policies[0].diagnostics.effectiveSampleSize
    #expect(page.contains("effective sample size \(decimal(size, 0)) of 2,000 decisions"))
    // A file alone, as --json prints it, and beside a run.
    let file = RunFolder(folder.report)
    #expect(try Self.page([file]).contains("<strong>uniform by dr: "))
    var settings = TabularConfiguration()
    settings.steps = 200
    let run = RunFolder("\(place.path)/q")
    let training = try Run(settings, folder: run)
    try training.begin()
    _ = try training.train(try TabularLearner(settings), device: "cpu")
    let both = try Self.page([run, folder])
    Self.check(both)
    #expect(both.contains("ope: Values of policies") && both.contains("a Q-learning run"))
  }

  @Test("of sessions show their products of ratios, and reports without counts say so")
  func sessions() throws {
    let place = TemporaryFolder()
    var log = Trajectories(name: "sessions.csv", stateIDs: ["x"], actionIDs: ["a", "b"])
    // Products 4, 1 and 0.5, of two, one and one steps.
    for session in [[2.0, 2], [1], [0.5], [1]] {
      for ratio in session {
        log.addStep(state: 0, action: 0, reward: 1, propensity: 0.25, target: 0.25 * ratio)
      }
      log.endSession()
    }
    let report = try log.evaluate(nil, bootstrap: ClusterBootstrap(resamples: 50))
    let folder = RunFolder("\(place.path)/sessions")
    try folder.create()
    try folder.write(report, to: folder.report)
    let page = try Self.page([folder])
    Self.check(page)
    #expect(
      Self.bars(page)["target"] == [
        "0.316 to 0.562: 1 of 4 sessions", "1 to 1.78: 2 of 4 sessions",
        "3.16 to 5.62: 1 of 4 sessions",
      ])
    #expect(page.contains("target is not to be ranked: ") && page.contains("is 2.3, below 100"))
    var old = report
    old.diagnostics.histogram = nil
    try folder.write(old, to: folder.report)
    let plain = try Self.page([folder])
    Self.check(plain)
    #expect(plain.contains("They were not counted when this evaluation was kept"))
    // What is no number is drawn as none, and counts that are none are no report.
    var odd = report
    odd.estimates["is"] = Interval(value: .nan, low: .nan, high: .infinity)
    try folder.write(odd, to: folder.report)
    Self.check(try Self.page([folder]))
    for (wrong, right) in [
      ("\"counts\" : [", "\"counts\" : [ -1,"), ("\"edges\" : [", "\"edges\" : [ 7,"),
    ] {
      let text = try RunFolder.json(report, pretty: true)
      #expect(text.contains(wrong))
      try text.replacing(wrong, with: right).write(
        toFile: folder.report, atomically: true, encoding: .utf8)
      #expect(throws: RunError.self) { try Self.page([folder]) }
    }
    try folder.write(["a": 1], to: folder.report)
    #expect(throws: RunError.self) { try Self.page([folder]) }
  }

  @Test("need a run") func nothing() throws {
    let place = TemporaryFolder()
    #expect(throws: RunError.self) { try Self.page([RunFolder(place.path)]) }
    #expect(throws: RunError.self) { try Self.page([RunFolder(place.path + "/absent")]) }
  }
}

extension Int {
  /// With a comma before the last three digits.
  fileprivate var thousands: String {
    self < 1_000 ? "\(self)" : "\(self / 1_000)," + String("\(1_000 + self % 1_000)".dropFirst())
  }
}

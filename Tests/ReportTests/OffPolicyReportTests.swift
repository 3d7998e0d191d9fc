import DRRCore
import Foundation
import OffPolicy
import Report
import Tables
import TestSupport
import Testing

@Suite("Reports of off-policy evaluations")
struct OffPolicyReportTests {
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
    for picture in ReportPage.pictures(page) {
      let titles = picture.matches(of: /<title>([^<]*)<\/title>/).map { String($0.1) }
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
    let page = try ReportPage.html([folder])
    ReportPage.check(page)
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
    #expect(try ReportPage.html([file]).contains("<strong>uniform by dr: "))
    var settings = TabularConfiguration()
    settings.steps = 200
    let run = try ReportPage.trained(
      "\(place.path)/q", settings, by: TabularLearner(settings))
    let both = try ReportPage.html([run, folder])
    ReportPage.check(both)
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
    let page = try ReportPage.html([folder])
    ReportPage.check(page)
    #expect(
      Self.bars(page)["target"] == [
        "0.316 to 0.562: 1 of 4 sessions", "1 to 1.78: 2 of 4 sessions",
        "3.16 to 5.62: 1 of 4 sessions",
      ])
    #expect(page.contains("target is not to be ranked: ") && page.contains("is 2.3, below 100"))
    var old = report
    old.diagnostics.histogram = nil
    try folder.write(old, to: folder.report)
    let plain = try ReportPage.html([folder])
    ReportPage.check(plain)
    #expect(plain.contains("They were not counted when this evaluation was kept"))
    // What is no number is drawn as none, and counts that are none are no report.
    var odd = report
    odd.estimates["is"] = Interval(value: .nan, low: .nan, high: .infinity)
    try folder.write(odd, to: folder.report)
    ReportPage.check(try ReportPage.html([folder]))
    for (wrong, right) in [
      ("\"counts\" : [", "\"counts\" : [ -1,"), ("\"edges\" : [", "\"edges\" : [ 7,"),
    ] {
      let text = try RunFolder.json(report, pretty: true)
      #expect(text.contains(wrong))
      try text.replacing(wrong, with: right).write(
        toFile: folder.report, atomically: true, encoding: .utf8)
      #expect(throws: RunError.self) { try ReportPage.html([folder]) }
    }
    try folder.write(["a": 1], to: folder.report)
    #expect(throws: RunError.self) { try ReportPage.html([folder]) }
  }
}

extension Int {
  /// With a comma before the last three digits.
  fileprivate var thousands: String {
    self < 1_000 ? "\(self)" : "\(self / 1_000)," + String("\(1_000 + self % 1_000)".dropFirst())
  }
}

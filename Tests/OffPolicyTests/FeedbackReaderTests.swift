import DRRData
import DRRTestSupport
import Foundation
import OffPolicy
import Testing

@Suite("Logs of decisions")
struct FeedbackReaderTests {
  let temporary = TemporaryFolder()

  private func write(_ name: String, _ text: String) throws -> String {
    let url = URL(fileURLWithPath: temporary.path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: true, encoding: .utf8)
    return url.path
  }

  private func fault(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func fault(csv text: String) throws -> String? {
    let path = try write("log.csv", text)
    return fault { _ = try LoggedFeedback.read(csv: path) }
      .map { $0.replacingOccurrences(of: temporary.path, with: "") }
  }

  private static func decision(_ members: String) -> String {
    "{\"Version\":\"1\",\"c\":{},\"p\":[0.5,0.3,0.2],\(members)}\n"
  }

  @Test("Vowpal Wabbit's dsjson: costs, probabilities and actions from 1 on")
  func decisionJSON() throws {
    let text =
      Self.decision(
        "\"_label_cost\":-1.5,\"_label_probability\":0.5,\"_label_Action\":3,\"a\":[3,1,2],"
          + "\"Timestamp\":\"2020-01-01T00:00:01.5Z\"")
      + Self.decision(
        "\"_label_cost\":0,\"_label_probability\":0.2,\"_label_Action\":1,\"a\":[2,3,1],"
          + "\"Timestamp\":\"2020-01-01T00:00:02Z\"")
    let log = try LoggedFeedback.read(dsjson: try write("log.dsjson", text))
    #expect(log.actions == [2, 0] && log.rewards == [1.5, 0] && log.propensities == [0.5, 0.2])
    #expect(log.actionIDs == ["1", "2", "3"] && log.clusterCount == 2 && log.positionCount == 1)
    #expect(log.times == [1_577_836_801_500_000, 1_577_836_802_000_000])
    // By hand, the uniform policy: (1.5 (1/3) / 0.5 + 0) / 2.
    var configuration = OffPolicyConfiguration()
    configuration.estimators = [.ips]
    configuration.ranking = .ips
    let found = try log.evaluate([UniformTarget()], configuration)
    #expect(found.policies[0].estimates["ips"].map { abs($0.value - 0.5) < 1e-12 } == true)
  }

  @Test("dsjson that lacks something is refused with its line")
  func brokenDecisions() throws {
    let good = "\"_label_cost\":0,\"_label_probability\":0.5,\"_label_Action\":1,\"a\":[1,2]"
    for (members, part) in [
      ("\"a\":[1,2]", "no _label_cost, expected a number"),
      (
        good.replacingOccurrences(of: "0.5", with: "0"),
        "_label_probability is \"0\", expected the probability of the "
          + "logged action, above 0 and at most 1; it is never taken as 1"
      ),
      (
        good.replacingOccurrences(of: "n\":1", with: "n\":3"),
        "_label_Action is \"3\", expected a number from 1 to 2"
      ),
      (
        good.replacingOccurrences(of: "[1,2]", with: "[]"),
        "a is \"[]\", expected a list of the actions"
      ),
      (
        good + ",\"Timestamp\":\"soon\"",
        "Timestamp is \"soon\", expected a date as 2019-11-24T00:03:13Z"
      ),
    ] {
      let path = try write("log.dsjson", Self.decision(good) + Self.decision(members))
      let said = fault { _ = try LoggedFeedback.read(dsjson: path) }
      #expect(said?.hasSuffix("log.dsjson, line 2: \(part)") == true, "\(said ?? "")")
    }
    let empty = try write("log.dsjson", "\n")
    #expect(
      fault { _ = try LoggedFeedback.read(dsjson: empty) }?.hasSuffix(
        "no decisions, expected one a line") == true)
  }

  @Test("a plain log is read column by column, whatever their order")
  func plain() throws {
    let path = try write(
      "log.csv",
      """
      x2,propensity,reward,action,user,position,time,x1
      0.5,0.25,1,10,bob,2,7,-1
      0,1,0.5,9,ann,1,8,2.5e-1
      1,1e-3,-2,10,bob,2,9,0

      """)
    let log = try LoggedFeedback.read(csv: path)
    #expect(log.count == 3 && log.name == "log.csv" && log.clustering == "user")
    #expect(log.actionIDs == ["9", "10"] && log.actions == [1, 0, 1])
    #expect(log.positionIDs == ["1", "2"] && log.positions == [1, 0, 1])
    #expect(log.clusters == [0, 1, 0] && log.clusterCount == 2 && log.times == [7, 8, 9])
    #expect(log.rewards == [1, 0.5, -2] && log.propensities == [0.25, 1, 0.001])
    #expect(log.context.numberNames == ["x2", "x1"] && log.context.vector(1) == [0, 0.25])
    #expect(log.clusteredByRow().clusterCount == 3 && !log.rewardsAreBinary)
    // What is written is read again.
    try log.write(csv: temporary.path + "/again.csv")
    let again = try LoggedFeedback.read(csv: temporary.path + "/again.csv")
    #expect(again.actions == log.actions && again.rewards == log.rewards)
    #expect(again.propensities == log.propensities && again.clusters == log.clusters)
    #expect((0..<3).allSatisfy { again.context.vector($0) == log.context.vector($0) })
  }

  @Test("a log without users and positions has one position and a cluster a row")
  func bare() throws {
    let log = try LoggedFeedback.read(
      csv: try write("log.csv", "action,reward,propensity\na,1,0.5\nb,0,0.5\na,0,0.5\n"))
    #expect(log.clustering == "row" && log.clusterCount == 3 && log.positionIDs == ["1"])
    #expect(log.positions == [0, 0, 0] && log.context.width == 0 && log.times.isEmpty)
  }

  @Test(
    "a propensity that is no probability is refused with file, line and value",
    arguments: ["0", "0.0", "-0.5", "1.0001", "2", "nan", "NaN", "inf", "", "0.5x", "1e-400"])
  func propensity(value: String) throws {
    let message = try fault(csv: "action,reward,propensity\na,1,0.5\na,1,\(value)\n")
    let shown = value.isEmpty ? "is empty" : "is \"\(value)\""
    #expect(
      message?.hasSuffix(
        "log.csv, line 3: propensity \(shown), expected the probability of the logged action, "
          + "above 0 and at most 1; it is never taken as 1") == true, "\(message ?? "none")")
  }

  @Test("what else is wrong with a log is told by line and value")
  func wrong() throws {
    let head = "action,reward,propensity\n"
    for (text, parts) in [
      ("", ["it is empty"]), (head, ["no decisions"]),
      ("action,reward\na,1\n", ["line 1", "no column propensity", "never taken as 1"]),
      ("reward,propensity\n1,1\n", ["line 1", "no column action"]),
      ("action,propensity\na,1\n", ["line 1", "no column reward"]),
      (head + "a,won,0.5\n", ["line 2", "reward is \"won\"", "expected a number"]),
      (head + "a,nan,0.5\n", ["line 2", "reward is \"nan\""]),
      (head + ",1,0.5\n", ["line 2", "action is empty"]),
      (head + "a,1\n", ["line 2", "2 fields", "expected 3"]),
      ("action,reward,propensity,x1\na,1,0.5,tall\n", ["line 2", "x1 is \"tall\""]),
      ("action,reward,propensity,time\na,1,0.5,noon\n", ["line 2", "time is \"noon\""]),
    ] {
      let message = try fault(csv: text) ?? "none"
      #expect(parts.allSatisfy(message.contains), "\(message)")
    }
    #expect(
      fault { _ = try LoggedFeedback.read(csv: "/nowhere/log.csv") }
        == "/nowhere/log.csv: no such file or folder")
    #expect(throws: LineFault.self) {
      try LoggedFeedback(
        name: "made", actions: [0], rewards: [1], propensities: [0], actionCount: 1)
    }
  }

  private static let header =
    ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,"
    + "user_feature_2,user_feature_3,user-item_affinity_0,user-item_affinity_1\n"
  private static let items =
    ",item_id,item_feature_0,item_feature_1,item_feature_2,item_feature_3\n"
    + "0,0,-0.5,a,b,c\n1,1,1.5,a,d,c\n"

  private func bandit(
    _ rows: String, items: String = items, header: String = header
  ) throws
    -> LoggedFeedback
  {
    _ = try write("small/bts/men/item_context.csv", items)
    _ = try write("small/bts/men/men.csv", header + rows)
    return try OpenBandit(temporary.path).read(.bts, .men)
  }

  @Test("impressions of Open Bandit, their users, items and affinities")
  func openBandit() throws {
    let log = try bandit(
      """
      0,2019-11-24 00:03:13.442536+00:00,1,3,1,0.25,u,v,w,x,0.0,2.0
      1,2019-11-24 01:03:14+01:00,0,1,0,1.0,u,v,w,y,0.0,0.0
      2,2019-11-24T00:03:15.5Z,1,1,0,0.5,u,v,w,x,1.0,0.0

      """)
    #expect(log.actions == [1, 0, 1] && log.positions == [1, 0, 0] && log.rewards == [1, 0, 0])
    #expect(log.positionIDs == ["1", "3"] && log.propensities == [0.25, 1, 0.5])
    #expect(log.clusters == [0, 1, 0] && log.clustering == "the four user features")
    #expect(
      log.times == [1_574_553_793_442_536, 1_574_553_794_000_000, 1_574_553_795_500_000])
    #expect(log.context.vector(0) == [1, 1, 1, 1, 0] && log.context.vector(1) == [1, 1, 1, 0, 1])
    #expect(log.actionFeatures.vector(1) == [1.5, 1, 0, 1, 1])
    #expect(log.affinities.value(0, 1) == 2 && log.affinities.value(0, 0) == 0)
    #expect(log.affinities.value(1, 0) == 0 && log.affinities.value(2, 0) == 1)
    let open = try OpenBandit(temporary.path)
    #expect(open.logs.map { "\($0.behaviour) \($0.campaign)" } == ["bts men"])
  }

  @Test("what is wrong with impressions is told by line and value")
  func openBanditWrong() throws {
    func message(_ row: String, header: String = Self.header, items: String = Self.items) -> String
    {
      fault { _ = try bandit(row + "\n", items: items, header: header) } ?? "none"
    }
    let time = "0,2019-11-24 00:03:13+00:00"
    for (text, parts) in [
      (message("\(time),2,1,0,0.5,u,v,w,x,0,0"), ["men.csv, line 2", "item_id is \"2\""]),
      (message("\(time),1,1,0,0,u,v,w,x,0,0"), ["line 2", "propensity_score is \"0\"", "never"]),
      (message("\(time),1,1,0,,u,v,w,x,0,0"), ["line 2", "propensity_score is empty"]),
      (message("\(time),1,1,2,0.5,u,v,w,x,0,0"), ["line 2", "click is \"2\"", "0 or 1"]),
      (message("\(time),1,1,0,0.5,u,v,w,x,0,far"), ["line 2", "affinity_1 is \"far\""]),
      (message("0,yesterday,1,1,0,0.5,u,v,w,x,0,0"), ["timestamp is \"yesterday\""]),
      (
        message("", header: Self.header.replacingOccurrences(of: "propensity_score", with: "p")),
        ["line 1", "no column propensity_score", "never taken as 1"]
      ),
      (
        message("", items: Self.items + "2,2,0,a,b,c\n"),
        ["line 1", "no column user-item_affinity_2"]
      ),
      (message("", items: Self.items + "2,1,0,a,b,c\n"), ["item_context.csv, line 4", "item_id"]),
    ] {
      #expect(parts.allSatisfy(text.contains), "\(text)")
    }
    let open = try OpenBandit(temporary.path)
    #expect(
      fault { _ = try open.read(.random, .women) }?.contains(
        "no random/women/women.csv in it, expected one of bts/men") == true)
    #expect(
      fault { _ = try OpenBandit(temporary.path + "/small/bts/men/men.csv") }?.contains(
        "neither a folder nor a .zip") == true)
  }

  @Test("the published small logs")
  func real() throws {
    try RealData.with("open-bandit-small.zip") { path in
      let open = try OpenBandit(path)
      #expect(open.logs.count == 4)
      for (campaign, items, clicks) in [
        (OpenBandit.Campaign.men, 34, [46.0, 69]), (.women, 46, [46, 46]),
      ] {
        for (behaviour, clicks) in zip(OpenBandit.Behaviour.allCases, clicks) {
          let log = try open.read(behaviour, campaign)
          #expect(log.count == 10_000 && log.actionCount == items && log.positionCount == 3)
          #expect(log.rewards.reduce(0, +) == clicks && log.rewardsAreBinary)
          #expect(zip(log.times, log.times.dropFirst()).allSatisfy { $0 <= $1 })
        }
      }
      let log = try open.read(.bts, .men)
      #expect(log.clusterCount == 238 && log.context.width == 26)
      #expect(log.propensities.min() == 0.000165 && log.propensities.max() == 0.72529)
    }
  }
}

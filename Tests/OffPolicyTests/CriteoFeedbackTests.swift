import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import OffPolicy
import TestSupport
import Testing

/// Criteo's counterfactual data in its two layouts, on samples that were made here.
@Suite("Criteo's counterfactual data")
struct CriteoFeedbackTests {
  let temporary = TemporaryFolder()

  /// A click among three candidates, none among two, and a banner of two slots.
  private static let banners = """
    example 7: 12ab 1 0.25 1 3 1:300 2:600 3:77
    1 exid:7 11:a 12:x
    0 exid:7 11:b 12:x
    0 exid:7 11:c 12:y
    example 8: 99cd 0 0.5 1 2 1:160 2:600 3:78
    0 exid:8 11:b 12:x 12:x
    0 exid:8 11:a 12:y
    example 9: 55ef 1 0.01 2 3 1:160 2:600
    1 exid:9 11:b
    1 exid:9 11:a
    0 exid:9 11:c

    """

  /// A click among two candidates, none among three.
  private static let challenge = """
    70 |l 0.001 |p 4.0|f 0:300 1:250 2:1 5:1\u{20}
    70 |f 0:300 1:250 2:1 6:2
    71 |l 0.999 |p 2 |f 0:320 1:50 3:1
    71 |f 0:320 1:50 4:1
    71 |f 1:50 0:320 4:1

    """

  private func write(_ text: String, _ name: String = "criteo.txt") throws -> String {
    let path = temporary.path + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func read(_ text: String, features: Bool = true) throws -> LoggedFeedback {
    try LoggedFeedback.read(criteo: try write(text), features: features)
  }

  private func vectors(_ log: LoggedFeedback, _ row: Int) -> [[Double]] {
    (0..<log.choiceCount(row)).map { log.actionFeatures.vector(log.featureRow(row, $0)) }
  }

  private func isNear(_ found: Double?, _ expected: Double) -> Bool {
    found.map { abs($0 - expected) < 1e-12 } ?? false
  }

  @Test("banners: clicks, propensities, candidates and features, of several slots none")
  func bannerLayout() throws {
    let log = try read(Self.banners)
    #expect(log.count == 2 && log.rewards == [1, 0] && log.propensities == [0.25, 0.5])
    #expect(log.actions == [0, 0] && log.multiplicities == [1, 10] && log.clusterCount == 2)
    #expect(log.actionIDs == ["1", "2", "3"] && log.positionIDs == ["1"])
    #expect((0..<2).map { log.choiceCount($0) } == [3, 2])
    // 1, 2, 3:77 and 3:78.
    #expect(
      log.context.vector(0) == [300, 600, 1, 0] && log.context.vector(1) == [160, 600, 0, 1])
    // 11:a, 12:x, 11:b, 11:c and 12:y.
    #expect(vectors(log, 0) == [[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]])
    #expect(vectors(log, 1) == [[0, 2, 1, 0, 0], [1, 0, 0, 0, 1]])
    let summary = log.summary
    #expect(summary.candidates == 2.5 && summary.actions == 3 && summary.notes?.count == 2)
    #expect(summary.notes?.contains { $0.hasPrefix("banners of several slots") } == true)
    // (1 / 0.25 / 3 + 10 / 0.5 / 2) / 11.
    #expect(isNear(summary.positions[0].inverseSum, (4.0 / 3 + 10) / 11))
    #expect(isNear(summary.meanReward, 1.0 / 11))
  }

  @Test("the challenge's layout: costs, inverse propensities and features by index")
  func challengeLayout() throws {
    let log = try read(Self.challenge)
    #expect(log.count == 2 && log.rewards == [1, 0] && log.propensities == [0.25, 0.5])
    #expect(log.multiplicities == [1, 10] && log.context.width == 0)
    #expect((0..<2).map { log.choiceCount($0) } == [2, 3])
    // 0, 1, 2, 5, 6, 3 and 4.
    #expect(vectors(log, 0) == [[300, 250, 1, 1, 0, 0, 0], [300, 250, 1, 0, 2, 0, 0]])
    #expect(
      vectors(log, 1)
        == [[320, 50, 0, 0, 0, 1, 0], [320, 50, 0, 0, 0, 0, 1], [320, 50, 0, 0, 0, 0, 1]])
    // Candidates that are alike share a row.
    #expect(log.featureRow(1, 1) == log.featureRow(1, 2) && log.actionFeatures.count == 4)
  }

  @Test("the uniform policy's values by hand, with features and without")
  func uniform() throws {
    for (text, weights) in [
      (Self.banners, [4.0 / 3, 1]), (Self.challenge, [2.0, 2.0 / 3]),
    ] {
      for features in [true, false] {
        let log = try read(text, features: features)
        #expect((log.actionFeatures.count > 0) == features)
        let found = try log.evaluate(
          [UniformTarget()],
          .quick {
            $0.estimators = [.ips, .snips]
            $0.ranking = .ips
          })
        // The click counts once, what was not clicked ten times.
        let (ips, all) = (weights[0] / 11, weights[0] + 10 * weights[1])
        let policy = found.policies[0]
        #expect(isNear(policy[.ips]?.value, ips))
        #expect(isNear(policy[.snips]?.value, weights[0] / all))
        #expect(isNear(found.behaviour.value, 1.0 / 11) && found.model == nil)
        #expect(isNear(policy.diagnostics.meanWeight, all / 11))
        let squares = weights[0] * weights[0] + 100 * weights[1] * weights[1]
        #expect(isNear(policy.diagnostics.effectiveSampleSize, all * all / squares))
        #expect(policy.diagnostics.unsupportedActions == 0)
      }
    }
  }

  @Test("direct and doubly robust values of predictions by hand")
  func modelled() throws {
    let log = try read(Self.banners)
    let rewards = GivenRewards(values: [[0.5, 0.2, 0.1], [0.3, 0.4]])
    let found = try log.estimates(UniformTarget(), rewards, clip: 10)
    let direct = 0.8 / 3 + 10 * 0.35
    #expect(isNear(found[.directMethod], direct / 11))
    let corrected = 2.0 / 3 - 3
    #expect(isNear(found[.doublyRobust], (direct + corrected) / 11))
    // The best candidate of each but for ε 0.3, which is shared by as many as there are.
    let greedy = try log.estimates(GreedyTarget(epsilon: 0.3), rewards, clip: 10)
    #expect(isNear(greedy[.ips], 3.2 / 11))
    // 0.8, 0.1 and 0.1 of the first, 0.15 and 0.85 of the second.
    let (clicked, other) = (0.8 * 0.5 + 0.1 * 0.2 + 0.1 * 0.1, 0.15 * 0.3 + 0.85 * 0.4)
    #expect(isNear(greedy[.directMethod], (clicked + 10 * other) / 11))
  }

  @Test("a policy of a file has a column for each candidate, 0 where a decision has none")
  func policyFile() throws {
    let log = try read(Self.banners)
    func policy(_ text: String) throws -> any TargetPolicy {
      try PolicyFile.read(try write(text, "policy.csv"), for: log)
    }
    let found = try log.estimates(
      try policy("1,2,3\n0.5,0.25,0.25\n0.2,0.8,0\n"),
      GivenRewards(values: [[0, 0, 0], [0, 0]]), clip: 10)
    #expect(isNear(found[.ips], 0.5 / 0.25 / 11))
    #expect(isNear(found[.snips], 2 / (2 + 10 * 0.4)))
    for (text, part) in [
      (
        "1,2,3\n1,0,0\n0.5,0.25,0.25\n",
        "line 3: candidate 3 has the probability 0.25, expected 0, as decision 2 has 2 candidates"
      ),
      (
        "action,probability\n1,1\n",
        "line 1: one probability an action, and other candidates in every decision of criteo.txt, "
          + "expected the columns 1 to 3, and a line for each decision"
      ),
    ] {
      let error = #expect(throws: DataError.self) { try policy(text) }
      #expect(error?.description.hasSuffix(part) == true, "\(error?.description ?? "")")
    }
    let marginal = #expect(throws: LineFault.self) { try FixedTarget(marginalOf: log, for: log) }
    #expect(marginal?.description.hasPrefix("criteo.txt: candidates of its own") == true)
    let crossed = #expect(throws: ConfigurationError.self) {
      try log.evaluate([UniformTarget()], .quick { $0.model.isCrossed = true })
    }
    #expect(crossed?.description.hasPrefix("crossed is true; it must be false") == true)
  }

  @Test("packed by gzip they are the same")
  func packed() throws {
    let data = Data(Self.challenge.utf8)
    func little(_ value: some FixedWidthInteger) -> Data {
      withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    // One block that is stored as it is.
    let (size, head) = (UInt16(data.count), Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]))
    let gzip =
      head + [1] + little(size) + little(~size) + data + little(referenceCRC(data))
      + little(UInt32(size))
    let path = temporary.path + "/criteo_train.txt.gz"
    try gzip.write(to: URL(fileURLWithPath: path))
    #expect(try LoggedFeedback.read(criteo: path).propensities == [0.25, 0.5])
  }

  @Test("the text in an archive is read from there")
  func archived() throws {
    _ = try write("Not this one.\n", "README.txt")
    let log = try write(Self.banners, "CriteoBannerFillingChallenge.txt")
    let script = """
      import sys, tarfile
      folder = sys.argv[1]
      for name, files in ("log.tar.gz", ["README.txt", sys.argv[2]]), ("none.tgz", ["README.txt"]):
          with tarfile.open(f"{folder}/{name}", "w:gz") as archive:
              for file in files:
                  archive.add(f"{folder}/{file}", "data/" + file)
      print("done")
      """
    let arguments = [temporary.path, "CriteoBannerFillingChallenge.txt"]
    guard try Python.output(of: script, arguments, importing: "tarfile") != nil else { return }
    let archive = try LoggedFeedback.read(criteo: temporary.path + "/log.tar.gz")
    let plain = try LoggedFeedback.read(criteo: log)
    #expect(archive.propensities == plain.propensities && archive.rewards == plain.rewards)
    #expect(archive.clusters == plain.clusters && archive.count == 2)
    let error = #expect(throws: DataError.self) {
      try LoggedFeedback.read(criteo: temporary.path + "/none.tgz")
    }
    #expect(
      error?.description
        == "\(temporary.path)/none.tgz: no .txt in it, expected one of Criteo's logs")
  }

  private static let bannerFaults: [(String, String, String)] = [
    (
      "example 8: 99cd 0 0.5 1 2", "example 8: 99cd 0 0 1 2",
      "line 5: the propensity is \"0\", expected the probability of the logged action, above 0 and "
        + "at most 1; it is never taken as 1"
    ),
    (
      "example 8: 99cd 0 0.5 1 2", "example 8: 99cd 0 1.5 1 2",
      "line 5: the propensity is \"1.5\", expected the probability of the logged action, above 0 "
        + "and at most 1; it is never taken as 1"
    ),
    (
      "example 8: 99cd 0 0.5 1 2", "example 8: 99cd 2 0.5 1 2",
      "line 5: the click of an impression is \"2\", expected 0 or 1"
    ),
    (
      "example 8: 99cd 0 0.5 1 2", "example 8: 99cd 0 0.5 0 2",
      "line 5: the number of slots is \"0\", expected a number from 1 to 131072"
    ),
    (
      "example 9: 55ef 1 0.01 2 3", "example 9: 55ef 1 0.01 2 1",
      "line 8: the number of candidates is \"1\", expected a number from 2 to 131072"
    ),
    (
      "0 exid:7 11:b", "1 exid:7 11:b",
      "line 3: candidate 2 of impression 7 is clicked, expected a click on none but the first, "
        + "which was displayed"
    ),
    (
      "0 exid:9 11:c", "1 exid:9 11:c",
      "line 11: candidate 3 of impression 9 is clicked, expected clicks on none but the first 2, "
        + "which were displayed"
    ),
    (
      "0 exid:7 11:b", "no exid:7 11:b",
      "line 3: the click of a candidate is \"no\", expected 0 or 1"
    ),
    (
      "0 exid:7 11:c 12:y\n", "",
      "line 4: 2 candidates of impression 7, expected the 3 that its first line counts"
    ),
    (
      "0 exid:9 11:c\n", "",
      "line 10: 2 candidates of impression 9, expected the 3 that its first line counts"
    ),
    (
      "0 exid:7 11:c", "0 exid:8 11:c",
      "line 4: \"exid:8\", expected exid:7, as 1 of its candidates are still to come"
    ),
    (
      "example 8: 99cd 0 0.5 1 2 1:160 2:600 3:78", "0 exid:7 11:d",
      "line 5: \"0 exid:7 11:d\", expected example ID: HASH CLICKED PROPENSITY SLOTS CANDIDATES, "
        + "and features, where an impression begins"
    ),
    (
      "1:160 2:600 3:78", "1:wide 2:600 3:78",
      "line 5: \"1:wide\" among the features, expected INDEX:NUMBER"
    ),
    (
      "example 7: 12ab", "sample 7: 12ab",
      "line 1: \"sample 7: 12ab 1 0.25 1 3 1:300 2:600 3:...\", expected \"example ID: ...\" or "
        + "\"ID |l COST |p INVERSE |f ...\", as Criteo's counterfactual data begin"
    ),
  ]

  private static let challengeFaults: [(String, String, String)] = [
    (
      "|p 4.0|f", "|p 0|f",
      "line 1: |p is \"0\", expected the inverse of the displayed candidate's propensity, at "
        + "least 1"
    ),
    (
      "|p 4.0|f", "|p 0.5|f",
      "line 1: |p is \"0.5\", expected the inverse of the displayed candidate's propensity, at "
        + "least 1"
    ),
    (
      "|l 0.001", "|l 1",
      "line 1: |l is \"1\", expected 0.001 where the ad was clicked, 0.999 where it was not"
    ),
    (
      "70 |f", "70 |l 0.001 |p 4 |f",
      "line 2: a second |l in impression 70, expected one, in the line of the candidate that was "
        + "displayed, its first"
    ),
    (
      "71 |l 0.999 |p 2 |f", "71 |f",
      "line 3: no |l and |p in the first line of impression 71, expected those of the candidate "
        + "that was displayed; criteo_test_release has none, so that it tells nothing of a policy"
    ),
    (
      "|l 0.999 |p 2 |f", "|p 2 |l 0.999 |f",
      "line 3: \"|p 2\", expected |l COST, |p INVERSE and |f in this order"
    ),
    (
      "70 |f", "70 |p 4 |f",
      "line 2: \"70 |p 4 |f 0:300 1:250 2:1 6:2\", expected ID |l COST |p "
        + "INVERSE |f INDEX:NUMBER ..., or ID |f ... alone"
    ),
    (
      "70 |f 0:300", "70 |g 0:300",
      "line 2: \"|g 0:300 1:250 2:1 6:2\", expected |f INDEX:NUMBER ... at the end"
    ),
    ("6:2", "6", "line 2: \"6\" among the features, expected INDEX:NUMBER"),
    (
      "6:2", "6:1e31",
      "line 2: the feature \"6\" is 1e+31, expected a number from -1e+30 to 1e+30"
    ),
  ]

  @Test("what is wrong is told by line and value")
  func wrong() throws {
    for (sample, faults) in [
      (Self.banners, Self.bannerFaults), (Self.challenge, Self.challengeFaults),
    ] {
      for (old, new, part) in faults {
        let text = sample.replacingOccurrences(of: old, with: new)
        let error = #expect(throws: DataError.self) { try read(text) }
        let said = error?.description ?? "none"
        #expect(said.hasSuffix("criteo.txt, \(part)"), "\(said)")
      }
    }
    let several = Self.banners.split(separator: "\n").suffix(4).joined(separator: "\n")
    for (text, part) in [
      ("", "no impressions, expected some, with their candidates"),
      (
        several,
        "no banner of one slot, expected some, as the propensity of several slots is that of a "
          + "whole list"
      ),
    ] {
      let error = #expect(throws: DataError.self) { try read(text) }
      #expect(error?.description.hasSuffix("criteo.txt: \(part)") == true)
    }
    let name = String(repeating: "9", count: 1_001)
    let long = #expect(throws: DataError.self) {
      try read(Self.challenge.replacingOccurrences(of: "6:2", with: name + ":2"))
    }
    #expect(
      long?.description.hasSuffix(
        "a feature whose name is longer than 1000 bytes, expected "
          + "shorter ones") == true)
  }

  @Test("both layouts stand in docs/formats.md, with these tests")
  func documented() throws {
    let page = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/formats.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.contains("| `CriteoFeedbackTests` |") }
    #expect(rows.count == 2 && rows[0].hasPrefix("| Criteo's counterfactual data"))
    #expect(rows[0].contains("example ID: HASH CLICKED PROPENSITY SLOTS CANDIDATES"))
    #expect(rows[1].contains("ID \\|l COST \\|p INVERSE \\|f INDEX:NUMBER"))
  }

  @Test("written as dsjson, the decisions, their candidates and their counts are read again")
  func written() throws {
    let log = try read(Self.banners)
    let path = temporary.path + "/log.dsjson"
    try log.write(.dsjson, to: path)
    let again = try LoggedFeedback.read(dsjson: path)
    #expect(again.rewards == log.rewards && again.propensities == log.propensities)
    #expect(again.actions == log.actions && (0..<2).map { again.choiceCount($0) } == [3, 2])
    #expect(zip(again.multiplicities, [1, 10]).allSatisfy { abs($0 - $1) < 1e-9 })
    for row in 0..<2 {
      // Behind the position, which dsjson has as a feature of the context.
      #expect(again.context.vector(row).dropFirst().elementsEqual(log.context.vector(row)))
      #expect(vectors(again, row) == vectors(log, row))
    }
    let error = #expect(throws: DataError.self) { try log.write(.obp, to: path) }
    #expect(error?.description.hasPrefix("criteo.txt: candidates of its own") == true)
  }
}

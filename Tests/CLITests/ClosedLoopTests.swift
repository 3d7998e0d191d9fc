import Foundation
import TestSupport
import Testing

@Suite("drr simulate loop")
struct ClosedLoopTests {
  @Test("what a log says of a model is held against what it earns; the same seed gives the same")
  func loop() throws {
    let folder = Scratch()
    let words = [
      "simulate", "loop", "--data", "generated:tiny", "--items", "20", "--rounds", "3", "--lists",
      "2000", "--known-fraction", "0.2", "--json",
    ]
    let first = try Program.run(words + ["--run", "one", "--plot", "loop.svg"], in: folder)
    #expect(first.code == 0, "\(first.description)")
    let again = try Program.run(words + ["--run", "two"], in: folder)
    #expect(again.output == first.output)
    let found = try object(first.output)
    let loop = try #require((found["loops"] as? [[String: Any]])?.first)
    func value(_ key: String) throws -> Double { try #require(loop[key] as? Double) }
    let (oracle, popularity) = (try value("oracle"), try value("popularity"))
    // Lists of one item: nothing is above the best of each user, nor the same item for all below
    // the mean of all.
    let random = try value("random")
    #expect(oracle >= popularity && popularity >= random)
    let rounds = try #require(loop["rounds"] as? [[String: Any]])
    #expect(rounds.count == 3)
    for round in rounds {
      let candidate = try #require(round["candidate"] as? [String: Any])
      let planted = try #require(round["planted"] as? [String: Any])
      let truth = try #require(candidate["truth"] as? Double)
      let turned = try #require(planted["truth"] as? Double)
      #expect(truth <= oracle && turned < truth)
      #expect(planted["isPromoted"] as? Bool == false)
      // Half of 2,000 lists judge, and the mean of their noisy rewards is near the served truth: a
      // reward of −1 ... 1 has a deviation of less than 1, six of whose errors are .19.
      let earned = try #require((round["earned"] as? [String: Any])?["value"] as? Double)
      let served = try #require(round["truth"] as? Double)
      #expect(abs(earned - served) < 0.19)
    }
    // The logs are logs as any other.
    let described = try Program.run(
      ["data", "feedback", "one/seed-0/log-1", "--as", "ope", "--out", "log.csv"], in: folder)
    #expect(described.code == 0, "\(described.description)")
    #expect(try folder.text("log.csv").split(separator: "\n").count == 2_001)
    #expect(try folder.text("loop.svg").contains("served model"))
    let taken = try Program.run(words + ["--run", "one"], in: folder)
    #expect(taken.code == 1 && taken.error.contains("one is there already"))
  }
}

import Foundation
import TestSupport
import Testing

@Suite("Ratings on other scales, from the command line")
struct RatingScaleTests {
  /// 30 users who like the odd items, rated `high`, and not the even ones, rated `low`.
  private static func ratings(_ low: String, _ high: String, in folder: Scratch) throws {
    var text = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    for user in 1...30 {
      for place in 0..<60 {
        let item = (user * 7 + place * 11) % 80
        text += "\n\(user)\t\(item)\t\(item % 2 == 1 ? high : low)\t\(place)"
      }
    }
    try Data((text + "\n").utf8).write(to: folder.url("own.inter"))
  }

  @Test(
    "a run keeps its scale, and every command reads its data by it",
    arguments: [
      ("-10", "10", ["--rating-range", "-10,10"], "(rating − 0.0) / 10.0", "-10.0 ... 10.0"),
      ("0", "1", [], "(rating − 0.5) / 0.5", "0.0 ... 1.0"),
      ("2", "4", ["--liked-above", "mean"], "(rating − the user's mean) / 4.0", "1.0 ... 5.0"),
      (
        "1", "1.5", ["--liked-above", "1", "--rating-range=0...2"], "(rating − 1.0) / 1.0",
        "0.0 ... 2.0"
      ),
    ])
  func kept(low: String, high: String, options: [String], reward: String, range: String) throws {
    let folder = Scratch()
    try Self.ratings(low, high, in: folder)
    let described = try Program.run(["data", "describe", "own.inter"] + options, in: folder)
    #expect(described.output.contains("reward \(reward)"), "\(described.description)")
    #expect(described.output.contains(" of \(range)\n"), "\(described.description)")
    let settings =
      ["--run", "run", "--device", "cpu"]
      + Tiny.settings
    let trained = try Program.run(
      ["train", "drr", "--data", "own.inter", "--split", "latest"] + settings + options, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    // Without the options it is as it was begun; with another scale it is refused.
    let again = try Program.run(["train", "drr"] + settings, in: folder)
    #expect(again.code == 0, "\(again.description)")
    let other = try Program.run(
      ["train", "drr", "--liked-above", low == "2" ? "2" : "mean"] + settings, in: folder)
    #expect(other.code == 1 && other.error.contains("scale"), "\(other.description)")
    let evaluated = try Program.run(
      ["evaluate", "--all", "--run", "run", "--device", "cpu"], in: folder)
    #expect(evaluated.output.contains("liked = \(reward) > 0"), "\(evaluated.description)")
    let unit = low == "2" ? "stars" : "rating units"
    #expect(evaluated.output.contains(" \(unit), on held-out ratings"), "\(evaluated.output)")
    let compared = try Program.run(["compare", "--run", "run", "--device", "cpu"], in: folder)
    #expect(compared.output.contains("; liked = \(reward) > 0"), "\(compared.description)")
    let asked = ["recommend", "--run", "run", "--device", "cpu", "--json"]
    let list = try object(Program.run(asked + ["--user", "3"], in: folder).output)
    for item in try #require(list["items"] as? [[String: Any]]) {
      let rating = try #require(item["predictedRating"] as? Double)
      let ends = range.split(separator: " ").compactMap { Double($0) }
      #expect((ends[0]...ends[1]).contains(rating))
    }
    let guest = try Program.run(
      asked + ["--rated", "1=\(high)", "--rated", "2=\(low)"], in: folder)
    #expect(guest.code == 0, "\(guest.description)")
  }

  @Test("where everything is liked, what needs likes is refused and says what to do")
  func everything() throws {
    let folder = Scratch()
    try Self.ratings("1", "1", in: folder)
    let train = ["train", "drr", "--data", "own.inter", "--run", "run", "--device", "cpu"]
    let refused = try Program.run(train + Tiny.settings, in: folder)
    expectRefused(
      refused, 1, "own.inter: every rating is liked, since a reward is (rating − 0.5) / 0.5",
      "--liked-above RATING", "--rating-range LOW,HIGH")
    #expect(!FileManager.default.fileExists(atPath: folder.url("run").path))
    // What comes next can be asked for all the same.
    let compare = ["compare", "--baselines-only", "--data", "own.inter", "--device", "cpu"]
    let compared = try Program.run(compare, in: folder)
    #expect(compared.code == 0 && compared.error.contains("warning: own.inter: every rating is"))
    expectRefused(
      try Program.run(compare + ["--liked-only"], in: folder), 1, "every rating is liked")
    for (option, value) in [("--rating-range", "5,1"), ("--liked-above", "much")] {
      let outcome = try Program.run(compare + [option, value], in: folder)
      #expect(outcome.code == 64 && outcome.error.contains(value), "\(outcome.description)")
    }
    expectRefused(
      try Program.run(compare + ["--liked-above", "9"], in: folder), 1,
      "--liked-above is 9.0; it must be a rating of 0 ... 1 that others are above")
  }
}

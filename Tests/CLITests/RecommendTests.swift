import Foundation
import TestSupport
import Testing

@Suite("Recommendations, from a run and from its exported model")
struct RecommendTests {
  static let small = [
    "--data", "generated:tiny", "--device", "cpu", "--dimension", "8", "--pmf-epochs", "4",
  ]

  /// How a run of each algorithm is trained in a moment, and the `algorithm` of its model.
  static let trainings: [(algorithm: String, command: [String])] = [
    ("pmf", ["train", "pmf"] + small),
    ("drr", ["train", "drr"] + small + drr),
    (
      "residual",
      ["train", "residual"] + small + [
        "--bc-updates", "40", "--steps", "320", "--learning-starts", "32", "--batch-size", "16",
        "--buffer-size", "200", "--no-myopic",
      ]
    ),
    ("dqn", ["train", "dqn"] + small + ["--steps", "200", "--hidden", "16", "--state", "gru"]),
    ("policy-gradient", ["train", "pg"] + small + ["--steps", "200", "--hidden", "16"]),
    (
      "multi-q",
      ["train", "multi-q", "--data", "generated:tiny", "--epochs", "3", "--back-off", "markov"]
    ),
    (
      "irecgan",
      ["train", "irecgan", "--env", "tabular", "--sessions", "60"] + IRecGANTests.settings
    ),
  ]

  static let drr = [
    "--steps", "300", "--hidden", "16", "--batch-size", "16",
    "--buffer-size", "200", "--learning-starts", "50", "--no-myopic",
  ]

  /// What the answer of a command in --json lists, and all of it.
  static func answer(
    _ arguments: [String], in folder: Scratch
  ) throws -> (items: [[String: Any]], all: [String: Any], error: String) {
    let outcome = try Program.run(["recommend", "--json"] + arguments, in: folder).required()
    let all = try object(outcome.output)
    return (try #require(all["items"] as? [[String: Any]]), all, outcome.error)
  }

  static func ids(_ arguments: [String], in folder: Scratch) throws -> [String] {
    try answer(arguments, in: folder).items.compactMap { $0["id"] as? String }
  }

  @Test("of every algorithm are the same", arguments: trainings.indices)
  func same(_ number: Int) throws {
    let (algorithm, command) = Self.trainings[number]
    let folder = Scratch()
    let trained = try Program.run(command + ["--run", "run"], in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let before = try folder.contents("run")
    let exported = try Program.run(["export", "model", "run", "models/one", "--json"], in: folder)
    #expect(exported.code == 0, "\(exported.description)")
    #expect(try object(exported.output)["algorithm"] as? String == algorithm)
    #expect(
      try folder.names("models/one")
        == ["items.json", "model.json", "users.json", "weights.safetensors"])
    #expect(try folder.contents("run") == before)
    let isOfSessions = algorithm == "irecgan"
    let asked =
      isOfSessions
      ? [["--session", "2"], ["--session", "2", "--session", "7", "--exclude", "3"]]
      : [
        ["--user", "3"], ["--user", "18", "--genre", "Drama", "--genre", "comedy"],
        ["--rated", "5=1", "--rated", "7=4.5", "--liked", "9", "--exclude", "11", "--top", "200"],
      ]
    for asked in asked {
      let words = try ["run", "model"].map { kind in
        try Program.run(
          ["recommend", "--json", "--\(kind)", kind == "run" ? "run" : "models/one"] + asked,
          in: folder)
      }
      #expect(words[0].code == 0, "\(words[0].description)")
      #expect(words[0].output == words[1].output && words[0].error == words[1].error)
      let (items, _, _) = try Self.answer(["--model", "models/one"] + asked, in: folder)
      #expect(!items.isEmpty && items.compactMap { $0["rank"] as? Int } == Array(1...items.count))
      let scores = items.compactMap { $0["score"] as? Double }
      #expect(scores.count == items.count && scores == scores.sorted(by: >))
      let hasRatings = !isOfSessions && algorithm != "multi-q"
      #expect(items.allSatisfy { ($0["predictedRating"] != nil) == hasRatings })
      let ids = Set(items.compactMap { $0["id"] as? String })
      if asked.contains("200") { #expect(ids.isDisjoint(with: ["5", "7", "9", "11"])) }
      if isOfSessions { #expect(!asked.contains("3") || !ids.contains("3")) }
    }
    // Nothing but the policy: the model is smaller than the run, and has no replay.
    let weights = try folder.data("models/one/weights.safetensors")
    let header = String(decoding: weights.prefix(20_000), as: UTF8.self)
    for word in ["replay", "adam", "target", "critic", "moment"] {
      #expect(!header.contains(word), "\(word)")
    }
  }

  @Test("many users go to a file, the same as one by one")
  func manyUsers() throws {
    let folder = Scratch()
    #expect(
      try Program.run(["train", "drr", "--run", "run"] + Self.small + Self.drr, in: folder).code
        == 0)
    #expect(try Program.run(["export", "model", "run", "model"], in: folder).code == 0)
    let on = ["recommend", "--model", "model", "--top", "4"]
    let all = try Program.run(on + ["--users", "all", "--out", "lists.csv"], in: folder)
    #expect(all.code == 0 && all.output.contains("lists.csv: 4 items for each of 50 users"))
    let rows = try folder.text("lists.csv").split(separator: "\n")
    #expect(rows[0] == "user,rank,item,title,score,predictedRating" && rows.count == 201)
    try folder.write("some.txt", "18\r\n\n3\n")
    let some = try Program.run(
      on + ["--users", "some.txt", "--out", "some.jsonl", "--json"], in: folder)
    #expect(try object(some.output)["users"] as? Int == 2)
    let lines = try folder.text("some.jsonl").split(separator: "\n").map { try object(String($0)) }
    #expect(lines.count == 8 && lines[0]["user"] as? String == "18")
    for user in ["3", "18"] {
      let alone = try Self.ids(["--run", "run", "--user", user, "--top", "4"], in: folder)
      #expect(
        lines.filter { $0["user"] as? String == user }.compactMap { $0["item"] as? String }
          == alone)
      #expect(
        rows.filter { $0.hasPrefix("\(user),") }.map { String($0.split(separator: ",")[2]) }
          == alone)
    }
    try folder.write("bad.txt", "3\n51\n")
    try folder.write("none.txt", "\n")
    for (arguments, code, reason) in [
      (
        ["--users", "bad.txt", "--out", "x.csv"], 1,
        "bad.txt:2: user 51 is not in generated-tiny, which has 50 users"
      ),
      (["--users", "none.txt", "--out", "x.csv"], 1, "none.txt names no user"),
      (["--users", "missing", "--out", "x.csv"], 1, "cannot read missing"),
      (["--users", "all"], 64, "--users needs a file for its lists"),
      (["--users", "all", "--out", "x.txt"], 64, "must end in .csv or .jsonl"),
      (["--user", "3", "--out", "x.csv"], 64, "--out x.csv is for the lists of --users"),
      (["--users", "all", "--user", "3", "--out", "x.csv"], 64, "exclude each other"),
    ] as [([String], Int32, String)] {
      expectRefused(try Program.run(on + arguments, in: folder), code, reason)
    }
    #expect(!folder.exists("x.csv") && !folder.exists("x.txt"))
  }

  @Test("what was understood is said, and names that say nothing or too much are refused")
  func understood() throws {
    let folder = Scratch()
    #expect(
      try Program.run(["train", "pmf", "--run", "run"] + Self.small, in: folder).code == 0)
    #expect(try Program.run(["data", "import", "generated:tiny", "csv"], in: folder).code == 0)
    let title = try #require(
      try folder.text("csv/movies.csv").split(separator: "\n").first { $0.hasPrefix("7,") }?
        .split(separator: ",")[1])
    let name = title.prefix { $0 != "(" }.dropLast()
    let (items, all, error) = try Self.answer(
      [
        "--run", "run", "--rated", "\(name)=2", "--liked", "5", "--exclude", "9", "--genre",
        "drama",
      ],
      in: folder)
    #expect(!items.isEmpty)
    #expect(error.contains("rated: \(title) [7] = 2.0\nliked: "))
    #expect(error.contains(" [5]\nexclude: ") && error.hasSuffix("genre: drama\n"))
    let understood = try #require(all["understood"] as? [String: Any])
    let rated = try #require(understood["rated"] as? [[String: Any]])
    #expect(rated[0]["id"] as? String == "7" && rated[0]["rating"] as? Double == 2)
    func ask(_ arguments: String...) throws -> Outcome {
      try Program.run(["recommend", "--run", "run"] + arguments, in: folder)
    }
    for (arguments, reason) in [
      (["--liked", "138"], "138: generated-tiny has no item of that id; a title that is a number"),
      (["--rated", "zzz=2"], "zzz: generated-tiny has no item of that id or title"),
      (["--exclude", "138", "--user", "3"], "138: generated-tiny has no item of that id"),
      (["--rated", "5=6"], "it must be 1.0 ... 5.0"),
      (["--rated", "5=2", "--liked", "5"], "is rated twice"),
      (["--user", "3", "--genre", "Dramma"], "is of the genre Dramma; there are "),
      (["--session", "3"], "PMF recommends for ratings, not for the clicks of a session"),
    ] {
      expectRefused(
        try Program.run(["recommend", "--run", "run"] + arguments, in: folder), 1, reason)
    }
    for (arguments, reason) in [
      (["--rated", "5"], "--rated is \"5\"; it must be an item and its rating"),
      (["--rated", "5=much"], "it must be an item and its rating"),
      (["--rated", "=3"], "it must be an item and its rating"),
      (["--user", "3", "--model", "m"], "--run run and --model m both recommend"),
      (["--user", "3", "--session", "4"], "--user and --session exclude each other"),
      (["--liked", "5", "--exclude", ""], "--exclude is empty"),
    ] {
      expectRefused(
        try Program.run(["recommend", "--run", "run"] + arguments, in: folder), 64, reason)
    }
    expectRefused(
      try Program.run(["recommend", "--model", "run", "--user", "3"], in: folder), 1,
      "run is a run; export its model by `drr export model run run-model`")
    expectRefused(
      try Program.run(["export", "model", "run", "run"], in: folder), 1,
      "run holds something else, 'config.json', and is replaced as a whole")
    expectRefused(
      try Program.run(
        ["recommend", "--model", "m", "--data", "generated:tiny", "--user", "3"], in: folder), 64,
      "leave --data out")
  }

  @Test("a held-out user's whole log counts, as somebody new's does who rated the same")
  func heldOut() throws {
    let folder = Scratch()
    #expect(
      try Program.run(
        ["train", "pmf", "--run", "run", "--test-fraction", "0.5"] + Self.small, in: folder
      ).code
        == 0)
    #expect(try Program.run(["data", "import", "generated:tiny", "csv"], in: folder).code == 0)
    let rows = try folder.text("csv/ratings.csv").split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",").map(String.init) }
    var equal = 0
    for user in 1...50 {
      let rated = rows.filter { $0[0] == "\(user)" }
        .flatMap { ["--rated", "\($0[1])=\($0[2])"] }
      let own = try Self.ids(["--run", "run", "--user", "\(user)", "--top", "120"], in: folder)
      let outcome = try Program.run(
        ["recommend", "--json", "--run", "run", "--top", "120"] + rated, in: folder)
      // Of some items training has seen no rating: a guest may not name them.
      guard outcome.code == 0 else { continue }
      let items = try #require(try object(outcome.output)["items"] as? [[String: Any]])
      equal += items.compactMap { $0["id"] as? String } == own ? 1 : 0
      if equal >= 3 { break }
    }
    #expect(equal >= 3)
  }

  @Test("a group recommends by its best run in validation, and says which")
  func group() throws {
    let folder = Scratch()
    let trained = try Program.run(
      ["train", "drr", "--run", "many", "--seeds", "3", "--checkpoint", "best"] + Self.small
        + Self.drr, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let (items, _, error) = try Self.answer(["--run", "many", "--user", "3"], in: folder)
    let match = try #require(
      error.firstMatch(of: /many: by (many\/seed-\d), the best of 3 runs: NDCG@10 (0\.\d+) in val/))
    func best(_ run: String) throws -> Double {
      try folder.text("\(run)/metrics.jsonl").split(separator: "\n")
        .compactMap { try object(String($0))["ndcg10"] as? Double }.max()!
    }
    let values = try (0..<3).map { try best("many/seed-\($0)") }
    #expect(abs(try best(String(match.1)) - values.max()!) < 1e-12)
    #expect(abs(Double(match.2)! - values.max()!) < 1e-4)
    #expect(
      items.compactMap { $0["id"] as? String }
        == (try Self.ids(["--run", String(match.1), "--user", "3"], in: folder)))
    let exported = try Program.run(["export", "model", "many", "model"], in: folder)
    #expect(exported.code == 0 && exported.error.contains("many: by \(match.1), the best of"))
  }

  @Test(
    "what has no items to recommend says what it is",
    arguments: [
      (
        ["train", "q", "--env", "cliff"],
        "run is a Q-learning run, which recommends no items; use `drr train q --show --run run`"
      ),
      (
        ["train", "dqn", "--env", "cliff", "--steps", "200"],
        "run is a run in a tabular MDP, which recommends no items; use"
      ),
      (
        ["bandit", "arms", "--rounds", "50", "--seeds", "2"],
        "run is a bandit experiment, which recommends no items; use `drr bandit arms --run run`"
      ),
    ])
  func nothing(_ command: [String], _ reason: String) throws {
    let folder = Scratch()
    let trained = try Program.run(command + ["--run", "run"], in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    expectRefused(
      try Program.run(["recommend", "--run", "run", "--user", "3"], in: folder), 1, reason)
    expectRefused(try Program.run(["export", "model", "run", "model"], in: folder), 1, reason)
    #expect(!folder.exists("model"))
  }

  @Test("--split none trains on everything, and evaluations say that nothing was held out")
  func everything() throws {
    let folder = Scratch()
    let trained = try Program.run(
      ["train", "drr", "--run", "run", "--split", "none", "--json"] + Self.small + Self.drr,
      in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    #expect(try object(trained.output)["sessionRMSE"] == nil)
    let plain = "nothing was held out (--split none)"
    for command in [["evaluate"], ["simulate"], ["compare"]] {
      expectRefused(
        try Program.run(command + ["--run", "run", "--device", "cpu"], in: folder), 1, plain)
    }
    expectRefused(
      try Program.run(
        ["compare", "--baselines-only", "--data", "generated:tiny", "--split", "none"], in: folder),
      1, plain)
    #expect(try Self.ids(["--run", "run", "--user", "3"], in: folder).count == 10)
    let tables = try Program.run(
      [
        "train", "multi-q", "--run", "tables", "--data", "generated:tiny", "--split", "none",
        "--json",
      ], in: folder)
    #expect(tables.code == 0, "\(tables.description)")
    #expect(try object(tables.output)["coverage"] == nil)
    expectRefused(
      try Program.run(
        ["train", "pmf", "--run", "no", "--split", "none", "--test-fraction", "0.3"], in: folder),
      64, "--split is none, which holds nothing out")
    #expect(!folder.exists("no"))
  }
}

import Foundation
import TestSupport
import Testing

/// What ended the process, ran for hours or said nothing at all.
@Suite("Extreme values")
struct ExtremeTests {
  static let networks = [
    "--data", "generated:tiny", "--steps", "60", "--hidden", "4", "--dimension", "4",
    "--pmf-epochs", "1", "--window", "2", "--no-myopic", "--device", "cpu", "--run", "run",
  ]

  @Test(
    "an agent whose networks leave the numbers says so, and keeps its last good checkpoint",
    arguments: [
      ["pg", "--learning-rate", "1e10"], ["pg", "--learning-rate", "3e38"],
      ["pg", "--env", "pmf", "--method", "a2c", "--learning-rate", "1e30"],
      ["dqn", "--learning-rate", "1e30", "--learning-starts", "8", "--batch-size", "8"],
      [
        "drr", "--actor-learning-rate", "1e30", "--critic-learning-rate", "1e30",
        "--learning-starts", "8", "--batch-size", "8", "--buffer-size", "60",
      ],
    ])
  func divergence(words: [String]) throws {
    let folder = Scratch()
    let more = words.contains("--env") || words[0] == "drr" ? [] : ["--env", "pmf"]
    let begun = try Program.run(["train"] + words + more + Self.networks, in: folder)
    // Some rates are cut to what still is a number; none may end otherwise than by a sentence.
    if begun.code == 0 { return }
    expectRefused(
      begun, 1, "diverged by step", "its losses or weights are no longer numbers",
      "lower the learning rate")
  }

  @Test(
    "numbers that nothing can be made of are refused by name",
    arguments: [
      (["simulate", "sessions", "--sessions", "100000000"], Int32(1), "sessions is 100000000"),
      (
        ["train", "dqn", "--exploration-fraction=-9223372036854775808"], 64,
        "--exploration-fraction is -9.223372036854776e+18; it must be 0 ... 1"
      ),
      (["simulate", "sessions", "--sessions", "9223372036854775807"], 1, "sessions is 92233"),
      (["simulate", "values", "--sessions=-5"], 64, "--sessions is -5; it must be 0 or more"),
      (["simulate", "values", "--list-sizes", ","], 64, "--list-sizes has \"\""),
      (["simulate", "sweep", "--sizes", ","], 64, "--sizes has \"\"; it must be whole numbers"),
      (["simulate", "sweep", "--seeds=-5"], 64, "--seeds is -5; it must be 1 ... 1000"),
      (
        ["simulate", "sweep", "--evaluation-sessions", "9223372036854775807"], 1,
        "--evaluation-sessions is 9223372036854775807; it must be 1 ... 10,000,000"
      ),
      (["simulate", "sweep", "--simulated-ratio", "1e30"], 1, "--simulated-ratio is 1e+30"),
      (["ope", "simulate", "--sizes", ","], 64, "--sizes has \"\""),
      (["ope", "simulate", "--sizes", "9223372036854775807"], 1, "sizes is 9223372036854775807"),
      (
        ["train", "multi-q", "--epochs", "9223372036854775807"], 1,
        "epochs is 9223372036854775807; it must be 1 ... 1,000,000"
      ),
    ])
  func numbers(words: [String], code: Int32, part: String) throws {
    let device = words[0] == "simulate" && words[1] != "values" ? ["--device", "cpu"] : []
    expectRefused(try Program.run(words + device + ["--json"], in: Scratch()), code, part)
  }

  @Test("a program without MPI does not work once for each process that mpirun starts")
  func ranks() throws {
    let folder = Scratch()
    for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
      let outcome = try Program.run(
        ["train", "q", "--steps", "50", "--run", "run"], in: folder, environment: [name: "4"])
      expectRefused(outcome, 1, "mpirun started 4 processes", "leave mpirun out")
      #expect(!folder.exists("run"))
    }
    let alone = try Program.run(
      ["train", "q", "--steps", "50", "--run", "run"], in: folder,
      environment: ["OMPI_COMM_WORLD_SIZE": "1"])
    #expect(alone.code == 0, "\(alone.description)")
  }

  @Test("ids that are equal as text and not as bytes are two, in decisions and in policies")
  func forms() throws {
    let folder = Scratch()
    let (one, two) = ("caf\u{e9}", "cafe\u{301}")
    var decisions = "user,position,action,reward,propensity\n"
    var sessions = "session,step,state,action,reward,propensity\n"
    for session in 0..<8 {
      for (step, action) in [one, two].enumerated() {
        decisions += "\(action)-\(session),\(action),\(action),\(step),0.5\n"
        sessions += "\(action)-\(session),\(step),\(action),\(action),\(step),0.5\n"
      }
    }
    try folder.write("log.csv", decisions)
    try folder.write("sessions.csv", sessions)
    try folder.write("policy.csv", "action,probability\n\(one),0.25\n\(two),0.75\n")
    let words = ["--policy", "policy.csv", "--bootstrap", "40", "--minimum-ess", "0", "--json"]
    let evaluated = try Program.run(
      ["ope", "--data", "log.csv", "--folds", "2"] + words, in: folder)
    #expect(evaluated.code == 0, "\(evaluated.description)")
    let found = try #require(try object(evaluated.output)["log"] as? [String: Any])
    #expect(found["actions"] as? Int == 2 && found["clusters"] as? Int == 16)
    let played = try Program.run(
      ["ope", "sessions", "--data", "sessions.csv"] + words, in: folder)
    #expect(played.code == 0, "\(played.description)")
    // Latin-1 is no UTF-8.
    var bytes = Data("action,reward,propensity\ncaf".utf8)
    bytes += Data([0xe9]) + Data(",1,0.5\n".utf8)
    try folder.write("latin.csv", bytes)
    expectRefused(
      try Program.run(["ope", "describe", "latin.csv"], in: folder), 1,
      "latin.csv, line 2: action is \"caf\\xE9\", expected an id in UTF-8")
  }

  @Test("columns of one name, and ids with control characters, are refused in logs of decisions")
  func decisions() throws {
    let folder = Scratch()
    for (text, part) in [
      ("action,reward,propensity,x,x\n", "line 1: the column \"x\", expected each name once"),
      ("action,reward,propensity\na\u{1b}[2J,1,0.5\n", "line 2: action is \"a?[2J\""),
      ("action,reward,propensity\na\0,1,0.5\n", "an id without control characters"),
      ("action,reward,propensity\n\"a\"b,1,0.5\n", "behind a closing quotation mark"),
      ("action,reward,propensity\n\"a,1,0.5\n", "is not closed within"),
    ] {
      try folder.write("log.csv", text)
      expectRefused(try Program.run(["ope", "describe", "log.csv"], in: folder), 1, part)
    }
  }
}

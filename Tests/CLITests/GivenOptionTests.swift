import Foundation
import TestSupport
import Testing

@Suite("Options as they are given")
struct GivenOptionTests {
  @Test(
    "an option of one value that is given twice is refused",
    arguments: [
      (["simulate", "sweep", "--sizes", "200", "--sizes", "1000"], "--sizes", "200 and 1000"),
      (["train", "q", "--steps=10", "--seed", "1", "--steps", "20"], "--steps", "10 and 20"),
      (["train", "q", "--gamma", "0.5", "--gamma", "0.4"], "--discount", "0.5 and 0.4"),
      (["compare", "--baselines-only", "--data", "a", "--data", "b"], "--data", "a and b"),
    ])
  func twice(words: [String], name: String, values: String) throws {
    let outcome = try Program.run(words, asGiven: true)
    expectRefused(outcome, 64, "\(name) is given twice, as \(values); leave one of them.", "Usage:")
  }

  @Test("one of many values is not, nor a flag")
  func many() throws {
    let folder = Scratch()
    let outcome = try Program.run(
      ["recommend", "--run", "none", "--liked", "5", "--liked", "7", "--json"], in: folder)
    #expect(outcome.code == 1 && !outcome.error.contains("given twice"), "\(outcome.description)")
  }

  @Test("ε, cutoffs, candidates, the profile and PMF's λ of biases are set and kept")
  func settings() throws {
    let folder = Scratch()
    let run = ["--run", "run", "--device", "cpu"]
    let options = [
      "--cutoffs", "3,1", "--minimum-candidates", "3", "--profile-fraction", "0.25",
      "--pmf-bias-regularization", "0.5", "--epsilon-start", "0.75", "--epsilon-end", "0.125",
    ]
    let train = ["train", "drr", "--data", "generated:tiny"] + run + Tiny.settings
    let outcome = try Program.run(train + options, in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let config = try #require(
      try object(folder.text("run/config.json"))["settings"] as? [String: Any])
    let evaluation = try #require(config["evaluation"] as? [String: Any])
    #expect(evaluation["cutoffs"] as? [Int] == [1, 3])
    #expect(evaluation["minimumCandidates"] as? Int == 3)
    #expect(try number(config, "evaluation", "profileShare") == 0.25)
    #expect(try number(config, "pmf", "biasRegularization") == 0.5)
    #expect(try number(config, "agent", "epsilonStart") == 0.75)
    #expect(try number(config, "agent", "epsilonEnd") == 0.125)
    let evaluated = try Program.run(["evaluate", "--all"] + run, in: folder)
    #expect(evaluated.output.contains("at least 3;"), "\(evaluated.description)")
    #expect(evaluated.output.contains("@1 ") && evaluated.output.contains("@3 "))
    #expect(!evaluated.output.contains("@15 "))
    // Not given again, they are as they were; given otherwise they are refused.
    #expect(try Program.run(["train", "drr"] + run + Tiny.settings, in: folder).code == 0)
    expectRefused(
      try Program.run(["train", "drr", "--cutoffs", "2"] + run + Tiny.settings, in: folder), 1,
      "cutoffs")
    // A number of candidates alone brings the cutoffs that it allows, as the split does its own.
    let fewer = try Program.run(
      ["train", "drr", "--data", "generated:tiny", "--run", "few", "--split", "latest"]
        + ["--minimum-candidates", "7", "--device", "cpu"] + Tiny.settings, in: folder)
    #expect(fewer.code == 0, "\(fewer.description)")
    let kept = try object(folder.text("few/config.json"))["settings"] as? [String: Any]
    let few = kept?["evaluation"] as? [String: Any]
    #expect(few?["cutoffs"] as? [Int] == [5] && few?["minimumCandidates"] as? Int == 7)
    for bad in ["0", "5,", "5,x", ""] {
      let outcome = try Program.run(["train", "drr", "--cutoffs", bad], in: folder)
      #expect(outcome.code == 64 && outcome.error.contains("--cutoffs"), "\(outcome.description)")
    }
  }

  @Test("ε of deep Q-learning and of traces is set, on ratings and in a tabular MDP")
  func epsilon() throws {
    let folder = Scratch()
    let options = [
      "--epsilon-start", "0.5", "--epsilon-end", "0.25", "--exploration-fraction", "0.75",
    ]
    let small = ["--env", "cliff", "--steps", "400", "--device", "cpu", "--learning-starts", "100"]
    let tabular = try Program.run(["train", "dqn", "--run", "dqn"] + small + options, in: folder)
    #expect(tabular.code == 0 && tabular.error == "", "\(tabular.description)")
    let traces = ["train", "sarsa-lambda", "--run", "traces", "--steps", "400"]
    #expect(try Program.run(traces + options, in: folder).code == 0)
    for run in ["dqn", "traces"] {
      let config = try object(folder.text("\(run)/config.json"))["settings"]
      #expect(try number(config, "epsilon", "first") == 0.5)
      #expect(try number(config, "epsilon", "last") == 0.25)
      #expect(try number(config, "epsilon", "share") == 0.75)
    }
    #expect(try folder.text("dqn/config.json").contains("\"learningStarts\" : 100"))
    let ratings = try Program.run(
      ["train", "dqn", "--run", "log", "--data", "generated:tiny", "--env", "log"]
        + ["--dimension", "8", "--pmf-epochs", "2", "--steps", "320", "--num-envs", "16"]
        + ["--learning-starts", "64", "--device", "cpu"] + options, in: folder)
    #expect(ratings.code == 0, "\(ratings.description)")
    let stored = try object(folder.text("log/config.json"))["settings"] as? [String: Any]
    let agent = stored?["agent"] as? [String: Any]
    #expect(agent?["epsilonStart"] as? Double == 0.5 && agent?["explorationSteps"] as? Int == 240)
  }

  @Test("what will be missing after training is said before it")
  func warnings() throws {
    let folder = Scratch()
    let train = ["train", "drr", "--data", "generated:tiny", "--device", "cpu"]
    let many = try Program.run(
      train + ["--run", "many", "--minimum-candidates", "1000"] + Tiny.settings, in: folder)
    #expect(
      many.error.contains("warning: after training no test user can be evaluated: 0 of ")
        && many.error.contains("with fewer than 1000 items to rank; lower --minimum-candidates"),
      "\(many.description)")
    let never = try Program.run(
      ["train", "dqn", "--run", "never", "--env", "cliff", "--steps", "100", "--device", "cpu"],
      in: folder)
    #expect(
      never.error.contains(
        "warning: the agent makes no update in 100 steps, since the first is after 200"),
      "\(never.description)")
  }

  @Test("a list is in the order of the score that it shows", arguments: ["pmf", "drr"])
  func order(command: String) throws {
    let folder = Scratch()
    let settings =
      command == "pmf" ? ["--dimension", "8", "--pmf-epochs", "4"] : Tiny.settings
    let run = ["--run", "run", "--device", "cpu"]
    let trained = try Program.run(
      ["train", command, "--data", "generated:tiny"] + run + settings, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let asked = ["recommend", "--user", "3", "--top", "8"] + run
    let lines = try Program.run(asked, in: folder).output.split(separator: "\n")
    let columns = try #require(lines.first).split(separator: "  ").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(columns == ["title", "id", "score", "PMF predicted rating"])
    let shown = lines.dropFirst().map { line in
      line.split(separator: " ").suffix(2).first.flatMap { Double($0) } ?? .nan
    }
    #expect(shown.count == 8 && shown == shown.sorted(by: >), "\(shown)")
    let json = try object(Program.run(asked + ["--json"], in: folder).output)
    let scores = try #require(json["items"] as? [[String: Any]]).compactMap {
      $0["score"] as? Double
    }
    #expect(scores == scores.sorted(by: >) && Set(scores).count == 8)
  }
}

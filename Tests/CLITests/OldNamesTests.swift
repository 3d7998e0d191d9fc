import ArgumentParser
import CLI
import Commands
import Foundation
import Runs
import Testing

@Suite("Old names of options, and labels of rows")
struct OldNamesTests {
  private func rewritten(_ line: String) throws -> String {
    try OldNames.rewritten(line.split(separator: " ").map(String.init)).joined(separator: " ")
  }

  @Test(
    "an old name is today's",
    arguments: [
      ("train drr --batch 8 --no-twin", "train drr --batch-size 8 --no-myopic"),
      ("train drr --world=pmf --tau 0.1", "train drr --env=pmf --target-rate 0.1"),
      ("train drr --preset best --seed 3", "train residual --seed 3"),
      ("train drr --steps 5 --preset=paper", "train drr --steps 5"),
      ("train pg --point --run x", "train pg --env point --run x"),
      ("train dqn --reward-watching --steps 3", "train dqn --reward interaction --steps 3"),
      ("train multi-q --bootstrap sameGenre", "train multi-q --target sameGenre"),
      ("ope sessions --bootstrap 9 --run x", "ope sessions --bootstrap 9 --out x"),
      ("ope --data a --run x", "ope --data a --out x"),
      ("ope simulate --write x --policies 3", "ope simulate --log-only --out x --policy-count 3"),
      ("ope simulate --write=x", "ope simulate --log-only --out=x"),
      ("bandit --log a.csv", "bandit --out a.csv"),
      ("simulate irecgan --run x", "evaluate irecgan --simulate-only --run x"),
      ("simulate --beside b --run a", "simulate --run a --run b"),
      ("simulate drr --beside=b", "simulate drr --run runs/default --run=b"),
      ("bench replay --batch 4", "bench replay --batch 4"),
      ("bench foresight --seeds 3", "bench worlds --seeds 3"),
      ("recommend --liked Twin --liked a --liked b", "recommend --liked Twin --liked a --liked b"),
      ("data describe -- --world", "data describe -- --world"),
      ("", ""), ("--version", "--version"),
    ])
  func names(line: String, expected: String) throws {
    #expect(try rewritten(line) == expected)
  }

  @Test(
    "two spellings of one option are refused",
    arguments: [
      ("train drr --preset finest", "--preset is finest; `drr train drr` trains DRR"),
      ("train drr --batch 3 --batch-size 4", "--batch and --batch-size are one option"),
      ("train pg --point --env cliff", "--point and --env are one option"),
      ("train dqn --gamma 0.5 --discount 0.6", "--gamma and --discount are one option"),
    ])
  func twice(line: String, message: String) throws {
    let error = #expect(throws: ValidationError.self) { try rewritten(line) }
    #expect(error?.message.contains(message) == true)
  }

  /// What a name is rewritten to is an option of the command.
  @Test(
    "commands take their old names, and show none",
    arguments: [
      (["train", "drr"], ["--twin", "--validations 2", "--choose best"]),
      (["train", "residual"], ["--no-twin", "--cloning-steps 3", "--validations 2"]),
      (
        ["train", "drr"], ["--environments 2", "--replay 9", "--consecutive 1", "--target-noise 1"]
      ),
      (
        ["train", "drr"],
        ["--target-noise-clip 1", "--return-steps 2", "--exploration-deviation 1"]
      ),
      (["train", "drr"], ["--pmf-batch 8", "--gradient-steps 2", "--test-share 0.1"]),
      (["train", "dqn"], ["--no-duelling", "--conservatism 1", "--gradient-norm 1"]),
      (["train", "pg"], ["--entropy-weight 1", "--roll-out-steps 3", "--episode-limit 9"]),
      (["train", "q"], ["--epsilon-share 0.4", "--episode-limit 9"]),
      (["train", "irecgan"], ["--roll-outs 3", "--simulated-share 0.2", "--drop-faulty"]),
      (["evaluate", "drr"], ["--leak-ladder"]),
      (["compare"], ["--only-baselines", "--validation-share 0.2"]),
      (["bandit", "replay"], ["--behaviour bts", "--data x"]),
      (["ope", "evaluate"], ["--behaviour bts", "--run x", "--data x"]),
      (["ope", "simulate"], ["--replications 3", "--write x"]),
    ])
  func taken(command: [String], options: [String]) throws {
    let words = command + options.flatMap { $0.split(separator: " ").map(String.init) }
    let parsed = try DRRCommand.parseAsRoot(OldNames.rewritten(words))
    let help = DRRCommand.helpMessage(for: type(of: parsed))
    for option in options where !["--data x", "--run x"].contains(option) {
      let name = String(option.prefix { $0 != " " })
      let isShown = help.split { " /\n".contains($0) }.contains { $0 == name }
      #expect(!isShown || name == "--gradient-steps", "\(name): \(help)")
    }
  }

  @Test("a row's label leads back to its id")
  func labels() {
    for (table, id, label) in [
      (Labels.evaluation, "item-kNN", "rating kNN"),
      (.comparison, "item-kNN", "co-occurrence kNN"),
      (.comparison, "DRR-ave γ=0", "DRR-ave myopic"),
      (.comparison, "DRR-ave γ=0, runs/b", "DRR-ave myopic, runs/b"),
      (.evaluation, "residual agent cloned", "residual agent BC"),
      (.online, "DRR-ave γ=0 updated", "DRR-ave myopic, online fine-tuning"),
      (.online, "DRR-ave frozen", "DRR-ave, fixed weights"),
      (.sessions, "the world's optimal", "optimal policy"), (.evaluation, "oracle", "oracle"),
    ] as [(Labels, String, String)] {
      #expect(table[id] == label)
      #expect(table.id(of: label) == id)
      #expect(table.id(of: id) == id)
    }
    #expect(Labels.sessions["logging policy (mix)"] == "logging policy")
  }

  @Test("the nearest of some words, where one is near")
  func nearestWord() {
    let words = ["random", "popularity", "first-order Markov"]
    #expect(nearest("randon", in: words) == "random")
    #expect(nearest("First order markov", in: words) == "first-order Markov")
    #expect(nearest("xyz", in: words) == nil && nearest("a", in: []) == nil)
  }

  @Test("the version is that of the program, with the commit where it is known")
  func version() throws {
    let outcome = try Program.run(["--version"])
    #expect(outcome.output.contains(/^drr \d+\.\d+\.\d+( \([0-9a-f]{7}\))?\n$/))
  }

  @Test("the shells' completions know values, files and folders")
  func completions() throws {
    let script = try Program.run(["--generate-completion-script", "bash"])
    #expect(script.code == 0)
    for part in [
      "log pmf items", "popularity markov", "tiny small medium large", "__drr_add_completions -d",
    ] {
      #expect(
        script.output.replacingOccurrences(of: "'$'\\n''", with: " ")
          .replacingOccurrences(of: "\n", with: " ").contains(part), "\(part)")
    }
  }
}

import Foundation
import Testing

@Suite("A run and its settings")
struct SettingsTests {
  @Test(
    "other settings are refused by name",
    arguments: [
      ("--steps", "400", "--steps 300, not 400"),
      ("--state", "u", "--state ave, not u"),
      ("--window", "4", "--window 5, not 4"),
      ("--hidden", "32", "--hidden 16, not 32"),
      ("--dimension", "9", "--dimension 8, not 9"),
      ("--pmf-learning-rate", "0.5", "--pmf-learning-rate 0.002, not 0.5"),
      ("--seed", "7", "--seed 0, not 7"),
      ("--split-seed", "7", "--split-seed 0, not 7"),
      ("--test-fraction", "0.3", "--test-fraction 0.2, not 0.3"),
      ("--data", "generated:tiny:2", "other data, of checksum "),
    ])
  func refused(option: String, value: String, expected: String) throws {
    let folder = try Tiny.trained()
    let before = try folder.contents("run")
    let outcome = try Program.run(
      ["train", "drr", "--run", "run", "--device", "cpu", option, value], in: folder)
    #expect(outcome.code == 1)
    #expect(outcome.output == "")
    #expect(
      outcome.error.hasPrefix("Error: run: the run was started with \(expected)"),
      "\(outcome.error)")
    #expect(
      outcome.error.hasSuffix("; name another --run, or start again with --fresh\n"))
    #expect(try folder.contents("run") == before)
  }

  @Test("a finished run says so and changes nothing")
  func finished() throws {
    let folder = try Tiny.trained()
    let before = try folder.contents("run")
    for arguments in [
      Tiny.train("run"), ["train", "drr", "--no-myopic", "--run", "run"],
      Tiny.train("run", "--json"),
    ] {
      let outcome = try Program.run(arguments, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(outcome.error == "run is finished; --fresh would start it again\n")
      let report = String(decoding: try #require(before["report.json"]), as: UTF8.self)
      #expect(
        try outcome.output.hasPrefix("DRR-ave: 300 steps, reward ")
          || isResult(outcome.output, report))
      #expect(try folder.contents("run") == before)
    }
    // Nothing of the report is lost where a kill came before it was written.
    try folder.remove("run/report.json")
    #expect(
      try Program.run(["train", "drr", "--no-myopic", "--run", "run"], in: folder).code == 0)
    #expect(try folder.contents("run") == before)
  }

  @Test("--fresh begins anew and leaves what is not its own")
  func fresh() throws {
    let folder = try Tiny.trained()
    #expect(try Program.run(["evaluate", "--run", "run", "--device", "cpu"], in: folder).code == 0)
    try folder.write("run/notes.txt", "mine")
    let outcome = try Program.run(Tiny.train("run", "--fresh", "--seed", "5"), in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.error == "")
    #expect(try folder.text("run/notes.txt") == "mine")
    #expect(!folder.exists("run/evaluation.json"))
    let other = try Program.run(Tiny.train("other", "--seed", "5"), in: folder)
    #expect(other.code == 0)
    for name in ResumeTests.results {
      #expect(try folder.data("run/\(name)") == folder.data("other/\(name)"))
    }
  }

  @Test(
    "--fresh loses nothing where the new run cannot begin",
    arguments: [
      ["--data", "nowhere.zip"], ["--window", "1000"], ["--dimension", "0"],
      ["--device", "opencl:9:9"], ["--test-fraction", "0.0001"],
    ])
  func freshRefused(options: [String]) throws {
    let folder = try Tiny.trained()
    let before = try folder.contents("run")
    // In place of what it was trained with.
    var words = Tiny.train("run", "--fresh")
    if let place = words.firstIndex(of: options[0]) { words.removeSubrange(place...place + 1) }
    let outcome = try Program.run(words + options, in: folder)
    #expect(outcome.code == 1, "\(outcome.description)")
    #expect(try folder.contents("run") == before)
  }

  @Test("the same data elsewhere are the same; changed data are not")
  func moved() throws {
    let folder = Scratch()
    #expect(try Program.run(["data", "generate", "tiny", "made"], in: folder).code == 0)
    #expect(try Program.run(Tiny.train("run", data: "made"), in: folder).code == 0)
    let results: [Data] = try ResumeTests.results.map { try folder.data("run/\($0)") }
    try FileManager.default.moveItem(at: folder.url("made"), to: folder.url("elsewhere"))

    let lost = try Program.run(["evaluate", "--run", "run", "--device", "cpu"], in: folder)
    #expect(lost.code == 1)
    #expect(lost.error == "Error: made: no such file or folder; name one that is there\n")
    let found = try Program.run(
      ["train", "drr", "--run", "run", "--data", "elsewhere"], in: folder)
    #expect(found.code == 0, "\(found.description)")
    let again: [Data] = try ResumeTests.results.map { try folder.data("run/\($0)") }
    #expect(again == results)
    #expect(try Program.run(["evaluate", "--run", "run", "--device", "cpu"], in: folder).code == 0)

    let text = try folder.text("elsewhere/ratings.csv")
    try folder.write("elsewhere/ratings.csv", text.dropLast().dropLast() + "9\n")
    for arguments in [
      ["evaluate", "--run", "run", "--device", "cpu"], ["train", "drr", "--run", "run"],
    ] {
      let changed = try Program.run(arguments, in: folder)
      let expected =
        "Error: elsewhere: the data have changed since the run began: 2000 ratings with "
      #expect(changed.code == 1)
      #expect(changed.error.hasPrefix(expected), "\(changed.error)")
    }
  }
}

import Foundation
import TestSupport
import Testing

@Suite("drr config and --config")
struct ConfigTests {
  private static func config(_ folder: Scratch, _ run: String) throws -> [String: Any] {
    try #require(try object(folder.text("\(run)/config.json"))["settings"] as? [String: Any])
  }

  @Test("options are read from YAML and JSON, and those given come first")
  func options() throws {
    let folder = Scratch()
    try folder.write(
      "q.yaml", "env: cliff\nsteps: 300 # few\nexploring-starts: true\nstep-size: 1/n\n")
    try folder.write("q.json", "{\"env\": \"cliff\",\n\t\"steps\": 3e2, \"draws\": \"balanced\"}")
    let train = ["train", "q", "--run"]
    let yaml = try Program.run(train + ["a", "--config", "q.yaml", "--steps", "400"], in: folder)
    #expect(yaml.code == 0 && yaml.error == "", "\(yaml.description)")
    var settings = try Self.config(folder, "a")
    #expect(settings["environment"] as? String == "cliff" && settings["steps"] as? Int == 400)
    #expect(settings["exploringStarts"] as? Bool == true)
    #expect(try number(settings, "stepSize", "power", "_0") == 1)
    // A number of steps is a whole one, in a file as on the command line.
    expectRefused(
      try Program.run(train + ["b", "--config=q.json"], in: folder), 64,
      "Error: q.json:2: --steps is 3e2; it must be a whole number")
    let json = try Program.run(train + ["b", "--config=q.json", "--steps=300"], in: folder)
    #expect(json.code == 0 && json.error == "", "\(json.description)")
    settings = try Self.config(folder, "b")
    #expect(settings["draws"] as? String == "balanced" && settings["steps"] as? Int == 300)
  }

  @Test("one file is taken, and only what is about one of its options has its place")
  func places() throws {
    let folder = Scratch()
    try folder.write("q.yaml", "run: r\nsteps: 50\ndiscount: 2\n")
    expectRefused(
      try Program.run(
        ["train", "q", "--config", "q.yaml", "--config=other.yaml"], in: folder, asGiven: true), 1,
      "--config is given more than once; leave one")
    expectRefused(
      try Program.run(["train", "q", "--config", "q.yaml"], in: folder), 1,
      "Error: q.yaml:3: --discount is 2.0")
    #expect(try Program.run(["train", "q", "--run", "r", "--steps", "40"], in: folder).code == 0)
    let other = try Program.run(
      ["train", "q", "--config", "q.yaml", "--discount", "0.5"], in: folder)
    #expect(other.code == 1 && other.error.hasPrefix("Error: r: the run was started with"))
  }

  @Test("lists, options that repeat, and flags that are taken back")
  func forms() throws {
    let folder = Scratch()
    try folder.write("drr.yaml", "cutoffs: [3, 1]\nminimum-candidates: 3\nmyopic: false\n")
    let settings = Tiny.settings.filter { $0 != "--no-myopic" }
    let train = [
      "train", "drr", "--data", "generated:tiny", "--run", "run", "--device", "cpu", "--config",
      "drr.yaml",
    ]
    let outcome = try Program.run(train + settings, in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let found = try Self.config(folder, "run")
    #expect((found["evaluation"] as? [String: Any])?["cutoffs"] as? [Int] == [1, 3])
    #expect(found["myopic"] as? Bool == false)
    try folder.write("gan.yaml", "method: [pg, irecgan]\n")
    let gan = Tiny.gan.dropLast(2) + ["--run", "gan", "--device", "cpu", "--config", "gan.yaml"]
    let both = try Program.run(Array(gan), in: folder)
    #expect(both.code == 0, "\(both.description)")
    #expect(try Self.config(folder, "gan")["methods"] as? [String] == ["pg", "irecgan"])
  }

  @Test(
    "a file that is wrong is refused by line and name",
    arguments: [
      ("step: 3", "bad.yaml:1: step is no option of drr train q; did you mean steps?"),
      ("env: cliff\nsteps: many", "Error: bad.yaml:2: --steps is many; it must be a whole number"),
      ("exploring-starts: 3", "bad.yaml:1: exploring-starts takes true or false"),
      ("env: [cliff", "bad.yaml: line 2: did not find expected"),
      ("env: cliff\nenv: robot", "bad.yaml: env is there twice; leave one"),
      ("env:\n  a: b", "bad.yaml:1: env takes a value"),
      ("env:\n", "bad.yaml:1: env takes a value"),
      ("3", "bad.yaml: no options; write a line for each"), ("", "bad.yaml: no options"),
      ("? [a]\n: 3", "bad.yaml:1: a name that is no word"),
      ("config: other.yaml", "bad.yaml:1: config is no option of drr train q"),
      (String(repeating: "[", count: 50_000), "bad.yaml: line 1: Maximum nesting level"),
      (String(repeating: "a: {", count: 10_000), "bad.yaml: line 1: Maximum nesting level"),
      (String(repeating: "#", count: 70_000), "it has more than 64 KiB"),
    ])
  func refused(text: String, message: String) throws {
    let folder = Scratch()
    try folder.write("bad.yaml", text)
    let outcome = try Program.run(["train", "q", "--config", "bad.yaml", "--run", "r"], in: folder)
    #expect(outcome.code == 1 || outcome.code == 64)
    #expect(outcome.error.contains(message), "\(outcome.description)")
    #expect(!folder.exists("r"))
  }

  @Test("a run's own configuration starts the same run, to the same bits")
  func same() throws {
    let folder = Scratch()
    let cpu = ["--device", "cpu"]
    for (command, first) in [
      (["train", "drr"], Tiny.train("first")),
      (
        ["train", "dqn"],
        ["train", "dqn", "--env", "chain", "--steps", "200", "--run", "first", "--hidden", "8"]
          + cpu
      ),
    ] {
      let trained = try Program.run(first + ["--fresh"], in: folder)
      #expect(trained.code == 0, "\(trained.description)")
      let again = try Program.run(
        command + ["--config", "first/config.json", "--run", "again", "--fresh"] + cpu, in: folder)
      #expect(again.code == 0, "\(again.description)")
      #expect(
        try folder.data("first/checkpoint.safetensors")
          == folder.data("again/checkpoint.safetensors"))
    }
    // What is given too comes first, and shows where the two are compared.
    let other = try Program.run(
      ["train", "dqn", "--config", "first/config.json", "--seed", "3", "--run", "other"] + cpu,
      in: folder)
    #expect(other.code == 0, "\(other.description)")
    let diff = try Program.run(["config", "diff", "first", "other"], in: folder)
    #expect(diff.output == "setting  first  other\nseed     0      3\n", "\(diff.output)")
    #expect(
      try Program.run(["config", "diff", "first", "first/config.json"], in: folder).output
        == "first and first/config.json have the same settings\n")
    let shown = try Program.run(["config", "show", "other"], in: folder).output
    #expect(shown.contains("\nseed ") && shown.contains("environment "), "\(shown)")
    // A run that was started otherwise keeps its settings.
    expectRefused(
      try Program.run(
        ["train", "dqn", "--config", "first/config.json", "--run", "other"] + cpu, in: folder), 1,
      "other: the run was started with seed 3, and --config first/config.json has 0")
    expectRefused(
      try Program.run(["train", "q", "--config", "first/config.json", "--run", "q"], in: folder), 1,
      "--config first/config.json is of", "start such a run by `drr train dqn --config")
    expectRefused(
      try Program.run(["config", "show", "nowhere"], in: folder), 1,
      "nowhere is neither the folder of a run nor a run's config.json")
  }

  @Test("the schema of every command names its options, and nothing else is allowed")
  func schemas() throws {
    for algorithm in [
      "pmf", "drr", "residual", "planner", "irecgan", "q", "sarsa-lambda", "multi-q",
    ]
      + ["dqn", "pg", "gru", "ddpg", "slateq"]
    {
      let schema = try object(Program.run(["config", "schema", algorithm]).output)
      #expect(schema["additionalProperties"] as? Bool == false)
      let properties = try #require(schema["properties"] as? [String: [String: Any]])
      #expect(properties["run"] != nil && properties["config"] == nil, "\(algorithm)")
      // What may be a file is no choice of words.
      #expect(properties["start"] == nil || properties["env"]?["enum"] == nil, "\(algorithm)")
      #expect(properties.values.allSatisfy { ($0["description"] as? String)?.isEmpty == false })
    }
    expectRefused(
      try Program.run(["config", "schema", "sarsa"]), 64,
      "ALGORITHM is sarsa; it must be one of pmf")
  }
}

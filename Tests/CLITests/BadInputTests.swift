import Foundation
import Testing

@Suite("Bad input")
struct BadInputTests {
  @Test(
    "bad ratings are refused by file, line, value and what was expected",
    arguments: [
      ("ratings.csv", "userId,movieId,rating\n1,2,3\n1,3,9\n", ["ratings.csv, line 3", "\"9\""]),
      (
        "ratings.csv", "userId,movieId,rating\n1,2,3\n1,3,x\n", ["line 3", "\"x\" is not a number"]
      ),
      ("ratings.csv", "userId,movieId,rating\n1,2,nan\n", ["line 2", "\"nan\""]),
      ("ratings.csv", "userId,movieId,rating\n1,2\n", ["line 2", "2 fields, expected"]),
      (
        "ratings.csv", "user,movie\n1,2\n",
        ["first line is \"user,movie\"; name its columns, as `drr data import"]
      ),
      ("ratings.csv", "userId,movieId,rating\n", ["ratings.csv: no ratings in it"]),
      ("ratings.csv", "", ["ratings.csv"]),
      ("u.data", "1\t2\t3\t4\n1\t2\t3\n", ["u.data, line 2", "3 fields, expected"]),
      ("u.data", "1\t2\t6\t4\n", ["u.data, line 1", "\"6\" is outside 1 ... 5"]),
      ("ratings.dat", "1::2::3::4\n1::2\n", ["ratings.dat, line 2", "fields, expected"]),
      ("x.inter", "user_id:token\titem_id:token\trating:float\n1\n", ["x.inter, line 2"]),
      ("notes.txt", "nothing of use", ["no known ratings layout"]),
      ("ml.zip", "PK\u{3}\u{4}cut off", ["looked for"]),
    ])
  func ratings(name: String, contents: String, parts: [String]) throws {
    let folder = Scratch()
    try folder.write("data/\(name)", contents)
    let described = try Program.run(["data", "describe", "data"], in: folder)
    expectRefused(described)
    for part in parts { #expect(described.error.contains(part), "\(described.error)") }
    let trained = try Program.run(Tiny.train("run", data: "data"), in: folder)
    #expect(trained.error == described.error)
    #expect(trained.code == 1 && !folder.exists("run"))
    expectRefused(try Program.run(["data", "import", "data", "out"], in: folder))
    #expect(!folder.exists("out"))
  }

  @Test("sources that are not there, cut off or unknown are refused")
  func sources() throws {
    let folder = Scratch()
    try folder.write("cut.zip", "PK\u{3}\u{4}cut off")
    try folder.write("empty", "")
    for (source, part) in [
      ("nowhere.zip", "nowhere.zip: no such file or folder"), ("cut.zip", "cut.zip: "),
      ("empty", "empty"), ("generated:huge", "one of tiny, small, medium, large"),
      ("generated:tiny:x", "\"generated:tiny:x\" is unknown"), ("", "no such file or folder"),
      ("/dev/null", "/dev/null"),
    ] {
      let outcome = try Program.run(["data", "describe", source], in: folder)
      expectRefused(outcome, 1, part)
      expectRefused(try Program.run(Tiny.train("run", data: source), in: folder), 1, part)
    }
    #expect(!folder.exists("run"))
    expectRefused(
      try Program.run(["data", "generate", "huge", "out"], in: folder), 1, "tiny, small")
    expectRefused(
      try Program.run(["data", "generate", "tiny", "no/where"], in: folder), 1,
      "no/where: cannot be written: No such file or directory")
  }

  @Test(
    "impossible settings are refused before anything is written",
    arguments: [
      ["--dimension", "0", "--dimension is 0; it must be 1 ... 4096"],
      ["--pmf-learning-rate=-1", "--pmf-learning-rate is -1.0; it must be a positive number"],
      ["--actor-learning-rate=-1", "--actor-learning-rate is -1.0"],
      ["--critic-learning-rate", "nan", "--critic-learning-rate is nan"],
      ["--pmf-learning-rate", "inf", "--pmf-learning-rate is inf"],
      ["--pmf-regularization=-inf", "--pmf-regularization is -inf"],
      ["--pmf-epochs", "0", "--pmf-epochs is 0"],
      ["--pmf-epochs", "9223372036854775807", "--pmf-epochs is 9223372036854775807"],
      ["--pmf-batch-size", "9223372036854775807", "--pmf-batch-size is 9223372036854775807"],
      ["--pmf-batch-size", "0", "--pmf-batch-size is 0"],
      ["--steps", "0", "steps is 0"], ["--steps", "9223372036854775807", "steps is 92233"],
      ["--batch-size", "201", "--buffer-size is 200; it must be at least a batch"],
      ["--batch-size", "0", "--batch-size is 0"], ["--hidden", "0", "--hidden is 0"],
      ["--hidden", "9223372036854775807", "--hidden is 9223372036854775807"],
      ["--window", "0", "window is 0"],
      ["--window", "1000", "window is 1000, but the longest history of a training user has "],
      ["--session-length", "0", "--session-length is 0"],
      ["--discount", "1", "discount is 1.0"], ["--discount", "nan", "discount is nan"],
      ["--target-rate", "0", "--target-rate is 0.0"],
      ["--priority-exponent", "2", "--priority-exponent is 2.0"],
      ["--importance-exponent", "nan", "--importance-exponent is nan"],
      ["--learning-starts=-1", "--learning-starts is -1"],
      ["--exploration-steps=-1", "--exploration-steps is -1"],
      [
        "--test-fraction", "0.001",
        "--test-fraction is 0.001, which splits 50 users into 45 to train on, 5 to validate on and 0 to "
          + "test on; each must be 1 or more",
      ],
      [
        "--test-fraction", "0.999", "--validation-fraction", "0",
        "into 0 to train on, 0 to validate on and 50",
      ],
      [
        "--validation-fraction", "0.001",
        "--validation-fraction is 0.001, which splits 50 users into 40",
      ],
      ["--device", "opencl:9:9", "no device fits opencl:9:9; there is cpu"],
      ["--blas-core", "Nonsense", "Nonsense"],
    ])
  func settings(arguments: [String]) throws {
    let folder = Scratch()
    let outcome = try Program.run(Tiny.train("run") + arguments.dropLast(), in: folder)
    // Without an OpenCL library the reason is another.
    if arguments[0] == "--device" && outcome.error.contains("OpenCL") {
      expectRefused(outcome)
    } else {
      expectRefused(outcome, 1, arguments.last!)
    }
    #expect(!folder.exists("run"))
  }

  @Test(
    "usage errors end with code 64",
    arguments: [
      ["train", "drr", "--device", "foo"], ["train", "drr", "--steps", "many"],
      ["train", "drr", "--seed=-1"], ["train", "drr", "--checkpoint-steps", "0"],
      ["train", "drr", "--split", "people"], ["train", "drr", "--test-fraction", "2"],
      ["train", "drr", "--test-fraction", "nan"], ["train", "drr", "--test-fraction", "0.999"],
      ["train", "multi-q", "--validation-fraction", "nan"],
      ["evaluate", "--leakage-ablation", "--seeds", "0"],
      ["evaluate", "--steps", "10"],
      ["train", "drr", "--run", ""], ["train", "drr", "--no-such-option"], ["no-such-command"],
      ["recommend"], ["recommend", "--user", "3", "--liked", "5"],
      ["recommend", "--user", "3", "--top", "0"], ["recommend", "--liked", ""],
      ["data", "generate", "tiny"], ["data", "import", "generated:tiny", "out", "--format", "xml"],
    ])
  func usage(arguments: [String]) throws {
    let folder = Scratch()
    expectRefused(try Program.run(arguments, in: folder), 64, "Usage: drr")
    #expect(!folder.exists("runs"))
  }

  @Test("unknown users and items are refused by name")
  func unknown() throws {
    let folder = try Tiny.trained()
    func ask(_ arguments: String...) throws -> Outcome {
      try Program.run(["recommend", "--run", "run"] + arguments, in: folder)
    }
    expectRefused(
      try ask("--user", "51"), 1, "user 51 is not in generated-tiny, which has 50 users")
    expectRefused(try ask("--user", ""), 64, "--user is empty; name an item or a user.")
    expectRefused(
      try ask("--liked", "zzz"), 1, "zzz: generated-tiny has no item of that id or title")
    expectRefused(try ask("--liked", "Tower"), 1, "titles contain this, among them ", "(id ")
    let note = try ask("--liked", "5")
    #expect(note.code == 0)
    #expect(note.error.hasPrefix("liked: "))
    #expect(
      note.error.hasSuffix(
        " [5]\nonly 1 liked item is known, of the 5 that the agent looks at\n"))
  }

  @Test("training that diverges is an error, and the last checkpoint stays")
  func divergence() throws {
    let folder = Scratch()
    expectRefused(
      try Program.run(Tiny.train("pmf", "--pmf-learning-rate", "1e30"), in: folder), 1,
      "PMF diverged by step ", "lower the learning rate, 1e+30")
    #expect(try folder.names("pmf") == ["config.json"])
    expectRefused(
      try Program.run(Tiny.train("drr", "--critic-learning-rate", "1e38"), in: folder), 1,
      "DRR diverged by step ", "1e+38 of the critic")
  }
}

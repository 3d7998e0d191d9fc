import Foundation
import TestSupport
import Testing

/// Where there is no `mpirun`, nothing is tried, which DRR_REQUIRE_MPI=1 makes an error.
private var isWanted: Bool {
  let environment = ProcessInfo.processInfo.environment
  return environment["DRR_REQUIRE_MPI"] == "1"
    || (environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/mpirun")
    }
}

/// What `mpirun` starts, beside one process.
@Suite("Processes of mpirun", .serialized, .enabled(if: isWanted)) struct MPITests {
  static func mpirun(_ ranks: Int, _ command: String = "\"$@\"") -> String {
    "exec mpirun --allow-run-as-root --oversubscribe -n \(ranks) \(command)"
  }

  /// Kills one rank once a file is there.
  static func killing(_ rank: Int, after file: String) -> String {
    """
    sh -c 'if [ "$OMPI_COMM_WORLD_RANK" != \(rank) ]; then exec "$@"; fi; "$@" & pid=$!; \
    until [ -e \(file) ]; do sleep 0.01; done; kill -9 $pid; wait $pid' sh "$@"
    """
  }

  static func run(
    _ words: [String], in folder: Scratch, ranks: Int = 1
  ) throws -> Outcome {
    let outcome =
      ranks == 1
      ? try Program.run(words, in: folder)
      : try Program.run(words, in: folder, script: mpirun(ranks))
    #expect(outcome.code == 0, "\(ranks) ranks: \(outcome.description)")
    return outcome
  }

  // MARK: The operations

  @Test("give each other what they send, in pieces too", arguments: [2, 4])
  func operations(ranks: Int) throws {
    let trial = Program.path(of: "ranks")
    for piece in ["1000000", "7"] {
      let outcome = try Program.run(
        [], in: Scratch(), environment: ["DRR_MPI_PIECE": piece],
        script: Self.mpirun(ranks, "\(trial) 40"))
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(outcome.output.contains("\(ranks) ranks, 40 turns, 0 faults"), "\(outcome.output)")
    }
  }

  @Test("are told where Open MPI is missing, or cannot find the others")
  func missing() throws {
    let folder = Scratch()
    // A library of that name that is none; and processes that no mpirun brought together.
    let words = MultiTableTests.train("run")
    let foreign = try Program.run(
      words, in: folder, environment: ["OMPI_COMM_WORLD_SIZE": "2"],
      script: """
        echo | clang -shared -fPIC -x c - -o libmpi.so.40 && ln -s libmpi.so.40 libmpi.so && \
        export LD_LIBRARY_PATH=$PWD && exec "$@"
        """)
    #expect(foreign.code == 1, "\(foreign.description)")
    #expect(
      foreign.error.contains("mpirun started 2 processes, and Open MPI's library")
        && foreign.error.contains("has no ompi_mpi_comm_world"), "\(foreign.error)")
    let lonely = try Program.run(words, in: folder, environment: ["PMI_SIZE": "2"])
    #expect(lonely.code == 1, "\(lonely.description)")
    #expect(lonely.error.contains("started 2 processes, and Open MPI finds 1"), "\(lonely.error)")
    #expect(!folder.exists("run"))
  }

  // MARK: Many tables

  /// Ranks that share a core wait long for each other.
  private static let few = ["--epochs", "6"]

  @Test("of 2 and 4 ranks come to the tables of one process", arguments: [2, 4])
  func tables(ranks: Int) throws {
    let folder = Scratch()
    _ = try Self.run(MultiTableTests.train("alone") + Self.few, in: folder)
    _ = try Self.run(MultiTableTests.train("ranks") + Self.few, in: folder, ranks: ranks)
    #expect(
      try MultiTableTests.checksum(folder, "ranks") == MultiTableTests.checksum(folder, "alone"))
    let report = try object(try folder.text("ranks/report.json"))
    #expect(report["shards"] as? Int == ranks)
    #expect(try folder.names("ranks").filter { $0.hasPrefix("table-") }.count == ranks)
  }

  @Test("stop where a rank is killed, name it, and go on to the same tables")
  func killed() throws {
    let folder = Scratch()
    _ = try Self.run(MultiTableTests.train("alone") + Self.few, in: folder)
    let long = MultiTableTests.train("ranks", "--checkpoint-steps", "10") + Self.few
    let broken = try Program.run(
      long, in: folder,
      script: Self.mpirun(4, Self.killing(2, after: "ranks/checkpoint.safetensors")))
    #expect(broken.code != 0)
    #expect(broken.error.contains(",2]") || broken.error.contains("rank 2"), "\(broken.error)")
    #expect(!folder.exists("ranks/report.json"))
    _ = try Self.run(long, in: folder, ranks: 4)
    #expect(
      try MultiTableTests.checksum(folder, "ranks") == MultiTableTests.checksum(folder, "alone"))
  }

  @Test("end together, with the one sentence of what they cannot do")
  func refused() throws {
    let folder = Scratch()
    for (words, sentence) in [
      (MultiTableTests.train("run", "--shards", "2"), "--shards is 2 under mpirun"),
      (Self.pmf("run", "--pmf-solver", "sgd"), "PMF's solver sgd works in one"),
      (["train", "q", "--run", "run"], "a command that works in one; leave mpirun out"),
      (["train", "drr", "--run", "run", "--step", "9"], "did you mean --steps?"),
    ] {
      let outcome = try Program.run(words, in: folder, script: Self.mpirun(2))
      #expect(outcome.code != 0)
      #expect(outcome.error.components(separatedBy: sentence).count == 2, "\(outcome.error)")
      #expect(!folder.exists("run"))
    }
  }

  // MARK: PMF

  private static func pmf(_ run: String, _ more: String...) -> [String] {
    [
      "train", "pmf", "--run", run, "--data", "generated:tiny", "--dimension", "8", "--pmf-epochs",
      "20", "--device", "cpu", "--json",
    ] + (more.contains("--pmf-solver") ? [] : ["--pmf-solver", "adam", "--pmf-batch-parts", "4"])
      + more
  }

  @Test("of 2 and 4 ranks come to the model of one process", arguments: [2, 4])
  func factorization(ranks: Int) throws {
    let folder = Scratch()
    let alone = try Self.run(Self.pmf("run"), in: folder)
    let model = try folder.data("run/pmf.safetensors")
    let shared = try Self.run(Self.pmf("run", "--fresh"), in: folder, ranks: ranks)
    #expect(try folder.data("run/pmf.safetensors") == model)
    #expect(shared.output == alone.output)
  }

  /// What is held out of each user leaves ranks the ratings of their own; of the others each reads
  /// all, as of ratings from a user's mean and of joined sources.
  @Test(
    "come to the model of one process whatever is held out",
    arguments: [
      ["--split", "latest"], ["--split", "none"], ["--split", "users", "--ties", "drawn"],
      ["--split", "rows"], ["--split", "time"], ["--liked-above", "mean"], ["--as-published"],
      ["--data", "many/ratings.csv"], ["--data", "generated:tiny+many/ratings.csv"],
    ])
  func factorizationOfSplits(more: [String]) throws {
    let folder = Scratch()
    try folder.write("many/ratings.csv", Self.ratings)
    var words = Self.pmf("run") + more
    // The last of two that are named counts.
    if more[0] == "--data" { words.replaceSubrange(4..<6, with: []) }
    let alone = try Self.run(words, in: folder)
    let model = try folder.data("run/pmf.safetensors")
    let shared = try Self.run(words + ["--fresh"], in: folder, ranks: 2)
    #expect(try folder.data("run/pmf.safetensors") == model)
    #expect(shared.output == alone.output)
  }

  /// Ratings of 60 users in an order that is no user's, some of them twice.
  private static let ratings =
    "userId,movieId,rating,timestamp\n"
    + (0..<3_000).map { row in
      "\(1 + row * 7 % 60),\(1 + row * row % 97),\(1 + row * 11 % 5),\(1_000_000 + row)\n"
    }.joined()

  @Test("end with the one sentence of a line that cannot be read")
  func unreadable() throws {
    let folder = Scratch()
    try folder.write("bad/ratings.csv", Self.ratings + "61,5,many,7\n")
    let words = ["train", "pmf", "--run", "run", "--data", "bad/ratings.csv", "--device", "cpu"]
    let alone = try Program.run(words, in: folder)
    for ranks in [2, 4] {
      let outcome = try Program.run(words, in: folder, script: Self.mpirun(ranks))
      #expect(outcome.code != 0 && !folder.exists("run"))
      let sentence = "bad/ratings.csv, line 3002: "
      for said in [alone, outcome] {
        #expect(said.error.components(separatedBy: sentence).count == 2, "\(said.error)")
      }
    }
  }

  @Test("fit on where a rank is killed, as a process alone and as others, to the same model")
  func factorizationKilled() throws {
    let folder = Scratch()
    let words = Self.pmf("run", "--data", "generated:small", "--pmf-epochs", "12")
    _ = try Self.run(words, in: folder)
    let model = try folder.data("run/pmf.safetensors")
    let broken = try Program.run(
      words + ["--fresh"], in: folder,
      script: Self.mpirun(4, Self.killing(1, after: "run/pmf-checkpoint.safetensors")))
    #expect(broken.code != 0 && !folder.exists("run/pmf.safetensors"), "\(broken.description)")
    let checkpoint = try folder.data("run/pmf-checkpoint.safetensors")
    for ranks in [1, 2] {
      try folder.write("run/pmf-checkpoint.safetensors", checkpoint)
      _ = try Self.run(words, in: folder, ranks: ranks)
      #expect(try folder.data("run/pmf.safetensors") == model, "\(ranks) ranks")
      try folder.remove("run/pmf.safetensors")
    }
  }

  // MARK: Evaluation

  @Test("evaluate to the bytes of one process, and the first alone prints and writes")
  func evaluation() throws {
    let folder = try Tiny.trained()
    let words = ["evaluate", "--run", "run", "--device", "cpu", "--json", "--lists", "lists.csv"]
    let alone = try Self.run(words, in: folder)
    let kept = try ["run/evaluation.json", "lists.csv"].map { try folder.data($0) }
    for ranks in [2, 4] {
      let shared = try Self.run(words, in: folder, ranks: ranks)
      #expect(shared.output == alone.output, "\(ranks) ranks")
      #expect(try ["run/evaluation.json", "lists.csv"].map { try folder.data($0) } == kept)
    }
  }

  @Test("refuse a command that they do not share")
  func others() throws {
    let folder = try Tiny.trained()
    for words in [
      ["compare", "--run", "run"], ["evaluate", "--run", "run", "--leakage-ablation"],
      ["evaluate", "irecgan", "--run", "run"],
    ] {
      let outcome = try Program.run(words, in: folder, script: Self.mpirun(2))
      #expect(outcome.code != 0)
      #expect(outcome.error.contains("leave mpirun out"), "\(outcome.error)")
    }
  }

  // MARK: Simulation

  @Test(
    "simulate to the bytes of one process", arguments: [["--epsilon", "0.2"], ["--env", "items"]])
  func simulation(more: [String]) throws {
    let folder = try Tiny.trained()
    let words = ["simulate", "--run", "run", "--device", "cpu", "--json"] + more
    let alone = try Self.run(words, in: folder)
    let kept = try folder.data("run/online.json")
    for ranks in [2, 3] {
      let shared = try Self.run(words, in: folder, ranks: ranks)
      #expect(shared.output == alone.output, "\(ranks) ranks")
      #expect(try folder.data("run/online.json") == kept)
    }
  }

  // MARK: Updates

  static let factors = "--data generated:tiny --dimension 4 --pmf-epochs 4 --no-myopic"
  static let replay = "--batch-size 16 --buffer-size 200 --learning-starts 20 --hidden 8"

  /// All that is trained by gradients, and the file that is there at first.
  private static let trainers = [
    "train drr \(factors) \(replay) --steps 400",
    "train residual \(factors) --bc-updates 40 --steps 480 --learning-starts 32 --batch-size 16",
    "train planner --data generated:tiny --dimension 4 --pmf-epochs 4 --num-envs 4 --hidden 4 "
      + "--session-length 5 --steps 2000",
    "train dqn \(factors) \(replay) --num-envs 4 --steps 600",
    "train pg \(factors) --hidden 8 --num-envs 4 --steps 600",
    "train dqn --env lizard \(replay) --steps 2000",
    "train pg --env lizard --method a2c --hidden 8 --num-envs 4 --steps 2000",
    "train pg --env point --hidden 8 --num-envs 8 --steps 4000",
    "train slateq --num-envs 4 --horizon 4 --rollouts 2 --batch-size 8 --hidden 4 --steps 1600 "
      + "--eval-count 2 --eval-episodes 2 --episodes 0",
    "train ddpg --weights taobao.safetensors --num-envs 4 --hidden 8 --batch-size 16 "
      + "--learning-starts 40 --steps 400",
    "train gru --data generated:tiny --dimension 4 --hidden 4 --batch-size 50 --epochs 30 "
      + "--patience 30",
    "train gru --sessions clicks.txt --dimension 4 --hidden 4 --batch-size 50 --epochs 40 "
      + "--patience 40 --negatives 8 --head sac",
  ]

  /// Sessions that go between two items of a pair.
  static let clicks = (0..<200).map { number in
    (0..<6).map { "\(10 + (number * 7 % 20) ^ ($0 % 2))" }.joined(separator: " ") + "\n"
  }.joined()

  @Test("stop where a rank is killed, and train on to the same bytes", arguments: trainers)
  func updates(command: String) throws {
    let folder = Scratch()
    try TinyTaobao.write(to: folder.path + "/taobao.safetensors")
    try folder.write("clicks.txt", Self.clicks)
    let words =
      command.split(separator: " ").map(String.init) + [
        "--device", "cpu", "--checkpoint-steps", "40", "--run",
      ]
    _ = try Self.run(words + ["whole"], in: folder, ranks: 2)
    let broken = try Program.run(
      words + ["run"], in: folder,
      script: Self.mpirun(2, Self.killing(1, after: "run/checkpoint.safetensors")))
    #expect(broken.code != 0, "\(broken.description)")
    #expect(broken.error.contains(",1]") || broken.error.contains("rank 1"), "\(broken.error)")
    _ = try Self.run(words + ["run"], in: folder, ranks: 2)
    #expect(
      try folder.data("run/checkpoint.safetensors") == folder.data("whole/checkpoint.safetensors"))
  }

  static func gan(_ run: String, _ more: String...) -> [String] {
    let words =
      "train irecgan --env tabular --sessions 60 --batch-size 16 --user-layers 1 --user-units 4 "
      + "--agent-units 4 --embedding 3 --user-epochs 2 --agent-epochs 2 --discriminator-epochs 1 "
      + "--rounds 1 --rollouts 1 --device cpu --batch-parts 4 --run"
    return words.split(separator: " ").map(String.init) + [run] + more
  }

  @Test("train IRecGAN to the bytes of one process, and go on where a rank is killed")
  func sessions() throws {
    let folder = Scratch()
    _ = try Self.run(Self.gan("alone"), in: folder)
    _ = try Program.run(
      Self.gan("run"), in: folder,
      script: Self.mpirun(2, Self.killing(1, after: "run/pretrained.safetensors")))
    for (run, ranks) in [("run", 2), ("four", 4)] {
      _ = try Self.run(Self.gan(run), in: folder, ranks: ranks)
      for part in ["pretrained", "irecgan", "pg"] {
        #expect(
          try folder.data("\(run)/\(part).safetensors")
            == folder.data("alone/\(part).safetensors"), "\(run), \(part)")
      }
    }
  }

  @Test(
    "train by batch parts to the bytes of one process, however they take turns",
    arguments: [
      "train drr \(factors) \(replay) --steps 300 --pmf-batch-parts 4",
      "train gru --data generated:tiny --dimension 4 --hidden 4 --batch-size 50 --epochs 10 "
        + "--patience 10 --networks 2 --head q",
    ])
  func parts(words: String) throws {
    let folder = Scratch()
    let command =
      words.split(separator: " ").map(String.init) + [
        "--batch-parts", "4", "--device", "cpu", "--checkpoint-steps", "40", "--run",
      ]
    _ = try Self.run(command + ["alone"], in: folder)
    let broken = try Program.run(
      command + ["run"], in: folder,
      script: Self.mpirun(4, Self.killing(2, after: "run/checkpoint.safetensors")))
    #expect(broken.code != 0)
    let checkpoint = try folder.data("run/checkpoint.safetensors")
    for ranks in [1, 2, 4] {
      try folder.write("run/checkpoint.safetensors", checkpoint)
      _ = try Self.run(command + ["run"], in: folder, ranks: ranks)
      #expect(
        try folder.data("run/checkpoint.safetensors")
          == folder.data("alone/checkpoint.safetensors"), "\(ranks) ranks")
    }
  }

  // MARK: Groups

  @Test("work in two network namespaces, where the machine lets them be made")
  func namespaces() throws {
    let script = packageRoot.appendingPathComponent("Tests/Ranks/namespaces").path
    let outcome = try Program.run(
      [], in: Scratch(), script: "exec \(script) --delay 1ms \(Program.path(of: "ranks")) 4")
    // The script says why it cannot.
    if outcome.code == 77 { return print(outcome.error) }
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains("2 ranks, 4 turns, 0 faults"), "\(outcome.output)")
  }
}

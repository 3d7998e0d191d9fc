import DRR
import DRRCore
import Foundation
import TestSupport
import Testing

/// Whatever the number of threads, a run leaves the same bytes. Layers are so wide that products are
/// split, and tables of PMF so large that passes are shared.
@Suite("Bits do not depend on the number of threads")
struct ThreadTests {
  struct Kind: CustomTestStringConvertible, Sendable {
    var name: String
    var words: [String]
    var testDescription: String { name }

    init(_ name: String, _ words: String) {
      self.name = name
      self.words = words.split(separator: " ").map(String.init)
    }

    /// A folder with what it needs.
    func folder() throws -> Scratch {
      let folder = Scratch()
      if words.contains("tiny.safetensors") {
        try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
      }
      return folder
    }

    /// Trains `run`, or goes on with it, on so many threads.
    func start(_ threads: Int, in folder: Scratch, _ more: String...) throws -> Program {
      try Program(
        words + ["--run", "run"] + more, in: folder,
        environment: ["OPENBLAS_NUM_THREADS": "\(threads)", "POCL_MAX_PTHREAD_COUNT": "\(threads)"])
    }
  }

  private static let tiny = "--data generated:tiny --device cpu --no-myopic --pmf-epochs 2"
  private static let wide =
    "--hidden 256 --batch-size 256 --learning-starts 256 --buffer-size 300 --steps 262"
  private static let sessions =
    "--batch-size 64 --user-layers 1 --user-units 256 --agent-units 64 --embedding 16 --device cpu"
    + " --user-epochs 1 --agent-epochs 1 --discriminator-epochs 1 --rounds 1 --rollouts 1"

  static let kinds = [
    Kind("PMF by Adam", "train pmf --data generated:tiny --device cpu --pmf-epochs 3"),
    Kind(
      "PMF by SGD",
      "train pmf --data generated:small --device cpu --pmf-solver sgd --dimension 14 "
        + "--pmf-epochs 2"),
    Kind("DRR", "train drr --dimension 16 \(tiny) \(wide)"),
    Kind(
      "the residual agent",
      "train residual \(tiny) --dimension 32 --bc-updates 5 --steps 640 --learning-starts 320 "
        + "--batch-size 512 --buffer-size 640"),
    Kind(
      "the planner",
      "train planner --data generated:tiny --device cpu --pmf-epochs 2 --dimension 32 --num-envs 320 "
        + "--session-length 4 --hidden 256 --steps 3840"),
    Kind("DQN", "train dqn --dimension 32 \(tiny) \(wide)"),
    Kind("REINFORCE", "train pg --dimension 32 \(tiny) --hidden 256 --num-envs 320 --steps 3200"),
    Kind("IRecGAN", "train irecgan --env tabular --sessions 90 \(sessions)"),
    Kind(
      "a sweep",
      "simulate sweep --env tabular --sizes 90 --seeds 1 --policies max --list-sizes 5 "
        + "--method pg \(sessions)"),
    Kind("tables", "train multi-q --data generated:tiny --shards 3"),
    Kind(
      "a GRU",
      "train gru --data generated:tiny --device cpu --dimension 128 --hidden 256 --batch-size 500 "
        + "--epochs 2"),
    Kind(
      "a GRU with values",
      "train gru --data generated:tiny --device cpu --dimension 128 --hidden 256 --batch-size 500 "
        + "--epochs 2 --head sac --cosine-scale 8 --negatives 40"),
    Kind("Q-learning", "train q --steps 2000"),
    Kind("SARSA(λ)", "train sarsa-lambda --steps 2000"),
    Kind(
      "DQN in a small world",
      "train dqn --env lizard --device cpu --steps 600 --hidden 256 --batch-size 320 "
        + "--learning-starts 320"),
    Kind(
      "A2C in a small world",
      "train pg --env lizard --device cpu --method a2c --steps 3200 --hidden 256 --num-envs 320"),
    Kind("the point", "train pg --env point --device cpu --steps 6400 --hidden 256 --num-envs 320"),
    Kind(
      "DDPG",
      "train ddpg --weights tiny.safetensors --device cpu --steps 1280 --num-envs 64 "
        + "--learning-starts 320 --batch-size 320 --hidden 256 --buffer-size 1000 "
        + "--validation-users 4"),
    Kind(
      "SlateQ",
      "train slateq --device cpu --num-envs 64 --horizon 2 --rollouts 2 --batch-size 320 --hidden 256 "
        + "--steps 640 --eval-count 2 --eval-episodes 2 --episodes 0"),
    Kind("arms", "bandit arms --rounds 200 --seeds 2"),
    Kind("linear bandits", "bandit linear --rounds 100 --seeds 2"),
    Kind("cascades", "bandit cascade --rounds 100 --seeds 2"),
    Kind("ads", "bandit ads --rounds 100 --seeds 2"),
    Kind("an exhibition", "bandit exhibition --rounds 100 --seeds 2"),
  ]

  /// All that the run left, but for what holds the seconds that it took.
  private static func files(_ folder: Scratch, _ kind: Kind) throws -> [String: Data] {
    try folder.contents("run").filter { kind.name != "tables" || $0.key != "report.json" }
  }

  private static func expectEqual(
    _ found: [String: Data], _ expected: [String: Data], _ what: String
  ) {
    #expect(found.keys.sorted() == expected.keys.sorted(), "\(what)")
    let other = expected.keys.filter { found[$0] != expected[$0] }
    #expect(other.isEmpty, "\(what): \(other.sorted()) differ")
  }

  @Test("1, 2, 3 and 8 threads, and one that goes on where two were stopped", arguments: kinds)
  func everyKind(_ kind: Kind) throws {
    let folder = try kind.folder()
    func run(_ threads: Int) throws -> [String: Data] {
      let outcome = try kind.start(threads, in: folder).wait()
      #expect(outcome.code == 0, "\(outcome.description)")
      defer { try? folder.remove("run") }
      return try Self.files(folder, kind)
    }
    let one = try run(1)
    #expect(one.keys.contains { $0.hasSuffix("safetensors") })
    for threads in [2, 3, 8] { Self.expectEqual(try run(threads), one, "\(threads) threads") }

    let program = try kind.start(2, in: folder)
    program.until { folder.exists("run/metrics.jsonl") }
    program.send(SIGINT)
    #expect([0, 130].contains(try program.wait().code))
    let outcome = try kind.start(1, in: folder).wait()
    #expect(outcome.code == 0 && !outcome.error.contains("from here on"), "\(outcome)")
    Self.expectEqual(try Self.files(folder, kind), one, "stopped")
  }

  @Test("every algorithm is among the kinds") func complete() throws {
    let found = try ThreadTests.kinds.enumerated().map { at, kind in
      let folder = try kind.folder()
      // The settings are written before anything else.
      let program = try Program(kind.words + ["--run", "\(at)"], in: folder)
      program.until { folder.exists("\(at)/config.json") }
      program.send(SIGKILL)
      _ = try program.wait()
      return try #require(RunFolder("\(folder.path)/\(at)").readAlgorithm())
    }
    // Runs on ratings of older programs name none, and a world of another program begins anew where
    // a run goes on.
    #expect(
      Set(found)
        == Set(Algorithms.runs.flatMap { $0.algorithms }).subtracting(["ratings", "gym"]))
  }

  @Test("the first of a group is the run alone, and figures are those of one thread")
  func groupAndEvaluation() throws {
    let folder = Scratch()
    let kind = Self.kinds[2]
    let group = try kind.start(3, in: folder, "--seeds", "2").wait()
    #expect(group.code == 0, "\(group.description)")
    try folder.copy("run", "group")
    try folder.remove("run")
    #expect(try kind.start(2, in: folder).wait().code == 0)
    for file in ["checkpoint.safetensors", "metrics.jsonl", "pmf.safetensors", "config.json"] {
      #expect(try folder.data("run/\(file)") == folder.data("group/seed-0/\(file)"), "\(file)")
    }
    for command in ["evaluate", "simulate"] {
      let figures = try [1, 2, 3, 8].map { threads in
        let outcome = try Program.run(
          [command, "--run", "run", "--device", "cpu", "--json"], in: folder,
          environment: ["OPENBLAS_NUM_THREADS": "\(threads)"])
        #expect(outcome.code == 0, "\(outcome.description)")
        return outcome.output
      }
      #expect(Set(figures).count == 1, "\(command)")
    }
  }

  @Test("other arithmetic is said once, and stands in the checkpoint")
  func otherArithmetic() throws {
    let folder = Scratch()
    let kind = Self.kinds[2]
    let program = try kind.start(2, in: folder, "--steps", "300", "--checkpoint-steps", "10")
    program.until { folder.exists("run/checkpoint.safetensors") }
    program.send(SIGINT)
    #expect(try program.wait().code == 130)
    func arithmetic() throws -> String? {
      try SafetensorsFile(contentsOf: folder.path + "/run/checkpoint.safetensors")
        .metadata["arithmetic"]
    }
    let begun = try #require(try arithmetic())
    #expect(begun.hasPrefix("cpu (") && begun.contains("vector level"))
    let words = ["train", "drr", "--run", "run", "--no-myopic", "--device", "cpu"]
    let other = try Program.run(
      words, in: folder, environment: ["DRR_VECTOR_LEVEL": "1", "OPENBLAS_CORETYPE": "Nehalem"])
    #expect(other.code == 0, "\(other.description)")
    #expect(
      other.error.contains("warning: run was computed by \(begun) up to step ")
        && other.error.contains("vector level 1) from here on"), "\(other.error)")
    let both = try #require(try arithmetic())
    #expect(both.hasPrefix("\(begun); cpu (") && both.hasSuffix("vector level 1)"))
    // Finished, there is nothing left to say.
    let again = try Program.run(words, in: folder)
    #expect(again.code == 0 && !again.error.contains("was computed by"), "\(again.error)")
  }
}

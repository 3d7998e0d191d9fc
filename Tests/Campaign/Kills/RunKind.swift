import Foundation
import TestSupport

/// A command that writes, at its smallest, in a folder of its own.
struct RunKind: Sendable {
  var name: String
  /// What has to be there: files, and commands, in order.
  var files: [String: String] = [:]
  var before: [[String]]
  var command: [String]
  /// Whether the same command goes on with what a stopped one has saved.
  var isResumed: Bool
  /// Whether it trains by processes of its own.
  var isGroup = false
  /// Whether it compiles kernels and keeps them in the folder; what is kept is no result.
  var keepsKernels = false
  /// What its launcher takes to end by itself once it is stopped, in seconds.
  var launcherSeconds = 0.0
  /// Of one that does not go on: the folder that appears as a whole; nil where each file does.
  var folder: String? { ["model", "data", "log", "other"].first { command.contains($0) } }

  init(
    _ name: String, _ command: String, with files: [String: String] = [:],
    after before: [String] = [], isResumed: Bool = true, isGroup: Bool = false
  ) {
    self.name = name
    self.command = Self.words(command)
    self.files = files
    self.before = before.map(Self.words)
    self.isResumed = isResumed
    self.isGroup = isGroup
  }

  private static func words(_ text: String) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  private static let data = "--data generated:tiny --device cpu"
  private static let pmf = "\(data) --dimension 4 --pmf-epochs 4"
  private static let deep = "\(pmf) --no-myopic --hidden 4 --checkpoint-steps 20 --validations 2"
  private static let replay = "--batch-size 4 --buffer-size 32 --learning-starts 8"
  private static let drr = "train drr --run run \(deep) \(replay) --steps 80 --checkpoint best"
  private static let gan =
    "--batch-size 16 --user-layers 1 --user-units 4 --agent-units 4 --embedding 3 --device cpu "
    + "--user-epochs 2 --agent-epochs 2 --discriminator-epochs 1 --rounds 1 --rollouts 1"
  private static let tables = "train multi-q --run run --data generated:tiny --round-size 100"

  static let resumed = [
    RunKind("PMF", "train pmf --run run \(data) --dimension 4 --pmf-epochs 12"),
    RunKind(
      "PMF, SGD", "train pmf --run run \(data) --pmf-solver sgd --dimension 4 --pmf-epochs 12"),
    RunKind(
      "PMF from a run", "train pmf --run run --from-run first --pmf-epochs 12 --device cpu",
      after: ["train pmf --run first \(pmf)"]),
    RunKind("DRR", drr),
    RunKind(
      "DRR, myopic",
      "train drr --run run \(pmf) \(replay) --hidden 4 --steps 60 "
        + "--checkpoint-steps 20 --validations 2 --checkpoint best --myopic"),
    RunKind(
      "residual",
      "train residual --run run \(pmf) --no-myopic --bc-updates 10 --steps 96 --learning-starts 32 "
        + "--batch-size 8 --buffer-size 64 --checkpoint-steps 20"),
    RunKind(
      "residual from a run",
      "train residual --run run --from-run first --myopic --bc-updates 10 --steps 96 "
        + "--learning-starts 32 --batch-size 8 --buffer-size 64 --checkpoint-steps 20 --device cpu",
      after: ["train residual --run first \(pmf) --no-myopic --bc-updates 0 --steps 32"]),
    RunKind(
      "planner",
      "train planner --run run \(pmf) --num-envs 4 --session-length 5 --hidden 4 --steps 400 "
        + "--checkpoint-steps 20"),
    RunKind("DQN", "train dqn --run run \(deep) \(replay) --num-envs 4 --steps 80"),
    RunKind("REINFORCE", "train pg --run run \(deep) --num-envs 4 --steps 80"),
    RunKind(
      "DQN, small world",
      "train dqn --run run --env lizard --device cpu --steps 400 --hidden 4 \(replay) "
        + "--checkpoint-steps 20 --tensorboard"),
    RunKind(
      "A2C, small world",
      "train pg --run run --env lizard --device cpu --method a2c --steps 400 --hidden 4 --num-envs 4 "
        + "--checkpoint-steps 20"),
    RunKind(
      "the point",
      "train pg --run run --env point --device cpu --steps 640 --hidden 4 --num-envs 4 "
        + "--checkpoint-steps 20"),
    RunKind(
      "SlateQ",
      "train slateq --run run --device cpu --num-envs 4 --horizon 4 --rollouts 2 --batch-size 8 "
        + "--hidden 4 --steps 400 --eval-count 4 --eval-episodes 2 --episodes 0 "
        + "--checkpoint-steps 20"),
    RunKind("Q-learning", "train q --run run --steps 2000 --checkpoint-steps 100"),
    RunKind("SARSA(λ)", "train sarsa-lambda --run run --steps 2000 --checkpoint-steps 100"),
    RunKind("many tables", "\(tables) --shards 2 --epochs 4 --checkpoint-steps 5"),
    RunKind("many tables, value iteration", "\(tables) --solver iteration --shards 1"),
    RunKind(
      "a GRU",
      "train gru --run run \(data) --dimension 4 --hidden 4 --batch-size 100 --epochs 4 "
        + "--networks 2 --checkpoint-steps 5"),
    RunKind(
      "a GRU with values",
      "train gru --run run \(data) --dimension 4 --hidden 4 --batch-size 100 --epochs 4 --head sac "
        + "--cosine-scale 8 --negatives 20 --checkpoint-steps 5"),
    RunKind("IRecGAN", "train irecgan --run run --env tabular --sessions 60 \(gan)"),
    RunKind("arms", "bandit arms --run run --rounds 400 --seeds 2 --checkpoint-steps 100"),
    RunKind(
      "linear bandits", "bandit linear --run run --rounds 60 --seeds 1 --checkpoint-steps 20"),
    RunKind("cascades", "bandit cascade --run run --rounds 100 --seeds 1 --checkpoint-steps 50"),
    RunKind("ads", "bandit ads --run run --rounds 100 --seeds 1 --checkpoint-steps 50"),
    RunKind(
      "an exhibition", "bandit exhibition --run run --rounds 60 --seeds 1 --checkpoint-steps 20"),
    RunKind(
      "a sweep",
      "simulate sweep --run run --env tabular --sizes 30 --seeds 2 --policies max --list-sizes 5 "
        + "--method pg --evaluation-sessions 40 \(gan)"),
    RunKind("group of seeds", "\(drr) --seeds 2 --tensorboard", isGroup: true),
    RunKind("group of splits", "\(drr) --splits 2", isGroup: true),
    RunKind("group of PMF", "train pmf --run run \(pmf) --seeds 3", isGroup: true),
    RunKind("group of tables", "\(tables) --seeds 2", isGroup: true),
    // Of several trials one may fail, and the search ends well.
    RunKind(
      "a search", "search --space space.yaml --run run --trials 1",
      with: [
        "space.yaml": """
        train: dqn
        env: chain
        steps: 90
        learning-starts: 30
        device: cpu
        search:
          hidden: [4, 8]

        """
      ], isGroup: true),
    RunKind(
      "leakage ablation",
      "evaluate --leakage-ablation --data generated:tiny --steps 20 --run run --device cpu"),
    RunKind(
      "reproduction",
      "bench reproduce generated:tiny --seeds 1 --agent ave --steps 40 --run run --output out.md"),
  ]

  static let oneShot = [
    RunKind(
      "evaluation", "evaluate --run run --device cpu --lists l.csv", after: [drr], isResumed: false),
    RunKind("simulation", "simulate --run run --device cpu", after: [drr], isResumed: false),
    RunKind(
      "comparison", "compare --run run --device cpu --lists l.csv", after: [drr], isResumed: false),
    RunKind(
      "lists", "recommend --run run --users all --out l.jsonl --device cpu",
      after: [drr, "recommend --run run --users all --top 3 --out l.jsonl --device cpu"],
      isResumed: false),
    RunKind(
      "model", "export model run model --device cpu",
      after: ["train pmf --run old \(pmf)", "export model old model --device cpu", drr],
      isResumed: false),
    RunKind(
      "event files", "export tensorboard run --out logs",
      after: [
        "train q --run run --steps 400 --seeds 2", "export tensorboard run --out logs",
        "train q --run run --steps 800 --fresh",
      ], isResumed: false),
    RunKind(
      "metrics as a table", "export csv run --out metrics.csv",
      after: ["train q --run run --steps 400"], isResumed: false),
    RunKind(
      "a page", "report run --out page.html",
      after: [drr, "report run --out page.html --no-lists"], isResumed: false),
    RunKind(
      "a network", "export onnx run --out a.onnx",
      after: ["train pmf --run old \(pmf)", "export onnx old --out a.onnx", drr], isResumed: false),
    RunKind("a model's card", "export card run --out card.md", after: [drr], isResumed: false),
    RunKind(
      "parts of ratings", "data split generated:tiny --out data --split-seed 2",
      after: ["data split generated:tiny --out data"], isResumed: false),
    RunKind(
      "decisions for Vowpal Wabbit", "export decisions --data log/log.csv --out decisions.dsjson",
      after: ["ope simulate --log-only --sizes 100 --out log"], isResumed: false),
    RunKind(
      "decisions for obp", "export decisions --data log/log.csv --out decisions.npz --as obp",
      after: ["ope simulate --log-only --sizes 100 --out log"], isResumed: false),
    RunKind(
      "off-policy report of sessions",
      "ope sessions --data log/sessions.csv --policy log/session-target.csv --bootstrap 40 "
        + "--out report",
      after: ["ope simulate --log-only --sizes 200 --out log"], isResumed: false),
    RunKind(
      "generated ratings", "data generate tiny --out data --seed 2",
      after: ["data generate tiny --out data"], isResumed: false),
    RunKind(
      "imported ratings", "data import generated:tiny:2 --out data --format inter",
      after: ["data import generated:tiny --out data --format inter"], isResumed: false),
    RunKind(
      "sessions in three files",
      "simulate sessions --env tabular --sessions 60 --out log --format three-files --device cpu",
      after: [
        "simulate sessions --env tabular --sessions 30 --out log --format three-files --device cpu"
      ], isResumed: false),
    RunKind(
      "sessions in one file",
      "simulate sessions --env tabular --sessions 60 --out log --device cpu",
      after: ["simulate sessions --env tabular --sessions 30 --out log --device cpu"],
      isResumed: false),
    RunKind(
      "converted sessions", "data sessions log --out other --format three-files",
      after: ["simulate sessions --env tabular --sessions 30 --out log --device cpu"],
      isResumed: false),
    RunKind(
      "logged decisions", "ope simulate --log-only --sizes 100 --out log --seed 2",
      after: ["ope simulate --log-only --sizes 200 --out log"], isResumed: false),
    RunKind(
      "off-policy report",
      "ope evaluate --data log/log.csv --policy uniform --bootstrap 40 --out report",
      after: ["ope simulate --log-only --sizes 200 --out log"], isResumed: false),
    RunKind(
      "a chart", "bandit arms --rounds 200 --seeds 2 --plot regret.svg",
      after: ["bandit arms --rounds 100 --seeds 2 --plot regret.svg"], isResumed: false),
    RunKind(
      "arms' log", "bandit arms --policy ucb1 --rounds 300 --out arms.csv",
      after: ["bandit arms --policy ucb1 --rounds 100 --out arms.csv"], isResumed: false),
  ]

  /// Training on an OpenCL device, whose kernels are compiled and kept; nil where there is none. For
  /// writes alone: a process that looks for devices, killed, is taken for a driver that crashes.
  static func onOpenCL(_ program: String) -> RunKind? {
    guard let found = try? Subject.run([program, "devices"], in: "/", limits: .init(seconds: 120)),
      found.output.contains("opencl:0:0")
    else { return nil }
    var kind = RunKind(
      "kernels",
      "train pmf --run run --data generated:tiny --dimension 4 --pmf-epochs 2 --device opencl:0:0",
      isGroup: true)
    kind.keepsKernels = true
    return kind
  }

  /// The variables that it has in a folder.
  func environment(in folder: String) -> [String: String] {
    keepsKernels ? ["DRR_CACHE": "\(folder)/.drr-cache"] : [:]
  }

  /// Training by the processes of `mpirun`; nil where the program or the machine has none.
  static func ofProcesses(_ program: String) -> RunKind? {
    let words = "\(tables) --epochs 4 --checkpoint-steps 5"
    let folder = TemporaryFolder()
    let under = RunKind.mpirun + [program] + RunKind.words(words)
    guard let ending = try? Subject.run(under, in: folder.path, limits: .init(seconds: 60)),
      ending.cause == .code(0), ending.output.contains("2 shards")
    else { return nil }
    var kind = RunKind("ranks of MPI", words)
    guard let seconds = try? (0..<2).map({ _ in try secondsToStopMPIRun(in: folder.path) }).max()
    else { return nil }
    kind.launcherSeconds = seconds
    return kind
  }

  static let mpirun = [
    "mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2",
  ]

  /// How long `mpirun` takes to end by SIGTERM where its processes end at once: it waits for them
  /// by a clock of its own, a second and more.
  private static func secondsToStopMPIRun(in folder: String) throws -> Double {
    let subject = try Subject(mpirun + ["sleep", "60"], in: folder, limits: .init(seconds: 90))
    while subject.isRunning, subject.seconds < 1.5 { usleep(1_000) }
    let sent = subject.seconds
    subject.send(SIGTERM)
    return try subject.wait().seconds - sent
  }

  /// What has to be there, for a shell.
  func preparation(_ program: String) -> String {
    files.map { ["printf", "%s", $1].shell + " > \($0); " }.joined()
      + before.map { ([program] + $0).shell + "; " }.joined()
  }

  /// The words that start it.
  func words(_ program: String) -> [String] {
    (name == "ranks of MPI" ? RunKind.mpirun : []) + [program] + command
  }
}

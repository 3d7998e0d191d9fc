import Foundation
import TestSupport

/// A folder with a run of each kind and data of each kind, and for each command the words with
/// which it works there in a fraction of a second.
struct ArgumentWorld {
  private let made = TemporaryFolder()

  private static let networks = [
    "--steps", "40", "--hidden", "4", "--dimension", "4", "--pmf-epochs", "1", "--batch-size", "8",
    "--buffer-size", "40", "--learning-starts", "8", "--window", "2", "--no-myopic", "--device",
    "cpu",
  ]
  private static let lists = [
    "--user-epochs", "1", "--agent-epochs", "1", "--rounds", "1", "--discriminator-epochs", "1",
    "--user-units", "4", "--agent-units", "4", "--embedding", "4", "--batch-size", "16",
    "--discriminator-sessions", "8", "--rollouts", "1", "--device", "cpu",
  ]
  private static let figures = ["--rounds", "1", "--seconds", "0.001", "--no-peers"]

  /// Without these a command would take long, or refuse before it looks at anything else.
  private static let bases: [String: [String]] = [
    "data describe": ["ratings"], "data sessions": ["clicks"],
    "data generate": ["tiny", "made-here"], "data import": ["ratings", "imported"],
    "train pmf": [
      "--data", "ratings", "--run", "new", "--pmf-epochs", "2", "--dimension", "4", "--device",
      "cpu",
    ],
    "train drr": ["--data", "ratings", "--run", "new"] + networks,
    "train residual": [
      "--data", "ratings", "--run", "new", "--bc-updates", "4", "--steps", "40",
      "--learning-starts", "8", "--batch-size", "8", "--buffer-size", "40", "--dimension", "4",
      "--pmf-epochs", "1", "--no-myopic", "--device", "cpu",
    ],
    "train planner": [
      "--data", "ratings", "--run", "new", "--num-envs", "2", "--session-length", "4", "--hidden",
      "4", "--steps", "40", "--dimension", "4", "--pmf-epochs", "1", "--device", "cpu",
    ],
    "train dqn": ["--data", "ratings", "--run", "new"] + networks,
    "train pg": [
      "--data", "ratings", "--run", "new", "--steps", "40", "--hidden", "4", "--dimension", "4",
      "--pmf-epochs", "1", "--window", "2", "--no-myopic", "--device", "cpu",
    ],
    "train ddpg": ["--weights", "empty", "--run", "new"],
    "train irecgan": ["--env", "tabular", "--sessions", "40", "--run", "new"] + lists,
    "train q": ["--steps", "100", "--run", "new"],
    "train sarsa-lambda": ["--steps", "100", "--run", "new"],
    "train multi-q": ["--data", "ratings", "--epochs", "2", "--run", "new"],
    "train slateq": [
      "--run", "new", "--num-envs", "4", "--horizon", "4", "--rollouts", "2", "--batch-size", "8",
      "--hidden", "4", "--steps", "60", "--eval-count", "2", "--eval-episodes", "2", "--episodes",
      "0", "--device", "cpu",
    ],
    "train gru": [
      "--data", "ratings", "--dimension", "4", "--hidden", "4", "--epochs", "2", "--run", "new",
      "--device", "cpu",
    ],
    "evaluate drr": ["--run", "run", "--device", "cpu"],
    "evaluate irecgan": ["--run", "gan", "--sessions", "20", "--device", "cpu"],
    "compare": ["--run", "run", "--device", "cpu"],
    "simulate drr": ["--run", "run", "--device", "cpu"],
    "simulate sessions": ["--sessions", "20", "--out", "log", "--device", "cpu"],
    "simulate values": ["--sessions", "5", "--list-sizes", "1,2"],
    "simulate sweep": [
      "--sizes", "20", "--policies", "max", "--seeds", "1", "--method", "pg",
      "--evaluation-sessions", "10", "--run", "new",
    ] + lists,
    "simulate world": [
      "interest-evolution", "--episodes", "2", "--seeds", "1", "--time-budget", "20",
    ],
    "recommend": ["--run", "run", "--user", "1"], "export model": ["run", "exported"],
    "export tensorboard": ["run", "--out", "logs"],
    "export csv": ["run", "--out", "metrics.csv"],
    "export mlflow": ["run", "--out", "mlruns"],
    "bandit arms": ["--rounds", "50", "--seeds", "2"],
    "bandit linear": ["--rounds", "50", "--seeds", "2", "--arms", "3", "--features", "2"],
    "bandit cascade": ["--rounds", "50", "--seeds", "2"],
    "bandit ads": ["--rounds", "50", "--seeds", "2"],
    "bandit exhibition": ["--rounds", "50", "--seeds", "2", "--crowd", "5"],
    "bandit replay": ["--data", "made/log.csv", "--seeds", "2", "--policy", "thompson"],
    "ope evaluate": ["--data", "made/log.csv", "--policy", "uniform", "--bootstrap", "40"],
    "ope describe": ["made/log.csv"],
    "ope sessions": [
      "--data", "made/sessions.csv", "--policy", "made/session-target.csv", "--bootstrap", "40",
    ],
    "ope simulate": ["--sizes", "40", "--seeds", "2", "--bootstrap", "40", "--policy-count", "2"],
    "bench all": figures + ["--output", "results"], "bench latency": figures,
    "bench ceilings": figures,
    "bench kernels": figures + ["--memory", "16", "--filter", "sum"],
    "bench steps": figures + ["--environments", "2"],
    "bench worlds": [
      "--seeds", "1", "--part", "0.0001", "--num-envs", "2", "--episodes", "2", "--run", "runs",
      "--output", "page.md", "--no-speeds",
    ],
    "bench products": figures + ["--shape", "4x4x4"],
    "bench updates": figures + [
      "--hidden", "4", "--batch", "2", "--dimension", "4", "--pmf", "4", "--pmf-data",
      "generated:tiny", "--pmf-epochs", "1", "--irecgan", "small", "--multi-table-data",
      "generated:tiny",
    ],
    "bench score": figures + ["--items", "100", "--batch", "1", "--width", "4", "--work", "0.1"],
    "bench replay": figures + ["--rows", "100", "--batch", "4", "--width", "4"],
    "bench data": figures + ["--size", "tiny"],
    "bench compare": ["bench.json", "bench.json"],
    "bench environments": figures + [
      "--hidden", "4", "--batch", "2", "--dimension", "4", "--environments", "1", "--count", "4",
    ],
    "bench splits": ["ratings"], "bench reproduce": ["ratings", "--steps", "10"],
  ]

  init(_ program: String) throws {
    let commands: [[String]] = [
      ["data", "generate", "tiny", "ratings"],
      ["train", "drr", "--data", "ratings", "--run", "run"] + Self.networks,
      ["train", "irecgan", "--env", "tabular", "--sessions", "40", "--run", "gan"] + Self.lists,
      ["train", "multi-q", "--data", "ratings", "--epochs", "2", "--run", "tables"],
      ["simulate", "sessions", "--sessions", "20", "--out", "clicks", "--device", "cpu"],
      ["ope", "simulate", "--log-only", "--out", "made", "--sizes", "60"],
    ]
    for words in commands {
      let ending = try Subject.run([program] + words, in: made.path)
      guard ending.cause == .code(0) else {
        throw Absent(description: "\((["drr"] + words).shell): \(ending)")
      }
    }
    try made.write("empty", "")
    let open = ["chmod", "-R", "a+rwX", made.path]
    guard try Subject.run(open, in: "/").cause == .code(0) else {
      throw Absent(description: "chmod")
    }
  }

  /// A copy that a process without rights may change.
  func copy() throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try FileManager.default.removeItem(atPath: folder.path)
    let ending = try Subject.run(["cp", "-a", made.path, folder.path], in: "/")
    guard ending.cause == .code(0) else { throw Absent(description: "cp: \(ending)") }
    return folder
  }

  /// The words of a command, without those that are to be tried.
  static func base(of leaf: CommandTree.Leaf, without tried: [CommandTree.Word]) -> [String] {
    var kept = leaf.path
    var left = (bases[leaf.name] ?? [])[...]
    let hasPositional = tried.contains { $0.kind == "positional" }
    while let word = left.popFirst() {
      guard word.hasPrefix("--") else {
        if !hasPositional { kept.append(word) }
        continue
      }
      let value = left.first.flatMap { $0.hasPrefix("--") ? nil : $0 }
      if value != nil { left = left.dropFirst() }
      if tried.contains(where: { $0.spelled == word }) { continue }
      kept += [word] + (value.map { [$0] } ?? [])
    }
    return kept
  }
}

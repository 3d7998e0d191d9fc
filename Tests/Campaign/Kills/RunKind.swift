import Foundation
import TestSupport

/// A command that writes, at its smallest, in a folder of its own.
struct RunKind: Sendable {
  var name: String
  /// What has to be there: commands, in order.
  var before: [[String]]
  var command: [String]
  /// Whether the same command goes on with what a stopped one has saved.
  var isResumed: Bool
  /// Whether it trains by processes of its own.
  var isGroup = false
  /// Of one that does not go on: the folder that appears as a whole; nil where each file does.
  var folder: String? { ["model", "data", "log", "other"].first { command.contains($0) } }

  init(
    _ name: String, _ command: String, after before: [String] = [], isResumed: Bool = true,
    isGroup: Bool = false
  ) {
    self.name = name
    self.command = Self.words(command)
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
    RunKind("DRR", drr),
    RunKind(
      "DRR, myopic",
      "train drr --run run \(pmf) \(replay) --hidden 4 --steps 60 "
        + "--checkpoint-steps 20 --validations 2 --checkpoint best --myopic"),
    RunKind(
      "residual",
      "train residual --run run \(pmf) --no-myopic --bc-updates 10 --steps 96 --learning-starts 32 "
        + "--batch-size 8 --buffer-size 64 --checkpoint-steps 20"),
    RunKind("DQN", "train dqn --run run \(deep) \(replay) --num-envs 4 --steps 80"),
    RunKind("REINFORCE", "train pg --run run \(deep) --num-envs 4 --steps 80"),
    RunKind(
      "DQN, small world",
      "train dqn --run run --env lizard --device cpu --steps 400 --hidden 4 \(replay) "
        + "--checkpoint-steps 20"),
    RunKind(
      "A2C, small world",
      "train pg --run run --env lizard --device cpu --method a2c --steps 400 --hidden 4 --num-envs 4 "
        + "--checkpoint-steps 20"),
    RunKind(
      "the point",
      "train pg --run run --env point --device cpu --steps 640 --hidden 4 --num-envs 4 "
        + "--checkpoint-steps 20"),
    RunKind("Q-learning", "train q --run run --steps 2000 --checkpoint-steps 100"),
    RunKind("SARSA(λ)", "train sarsa-lambda --run run --steps 2000 --checkpoint-steps 100"),
    RunKind("many tables", "\(tables) --shards 2 --epochs 4 --checkpoint-steps 5"),
    RunKind("many tables, value iteration", "\(tables) --solver iteration --shards 1"),
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
    RunKind("group of seeds", "\(drr) --seeds 2", isGroup: true),
    RunKind("group of splits", "\(drr) --splits 2", isGroup: true),
    RunKind("group of PMF", "train pmf --run run \(pmf) --seeds 3", isGroup: true),
    RunKind("group of tables", "\(tables) --seeds 2", isGroup: true),
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

  /// Training by the processes of `mpirun`; nil where the program or the machine has none.
  static func ofProcesses(_ program: String) -> RunKind? {
    let words = "\(tables) --epochs 4 --checkpoint-steps 5"
    let folder = TemporaryFolder()
    let under = RunKind.mpirun + [program] + RunKind.words(words)
    guard let ending = try? Subject.run(under, in: folder.path, limits: .init(seconds: 60)),
      ending.cause == .code(0), ending.output.contains("2 shards")
    else { return nil }
    return RunKind("ranks of MPI", words)
  }

  static let mpirun = [
    "mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2",
  ]

  /// The words that start it.
  func words(_ program: String) -> [String] {
    (name == "ranks of MPI" ? RunKind.mpirun : []) + [program] + command
  }
}

/// What a folder holds.
struct Tree {
  var files: [String: Data] = [:]
  /// Names of files and folders that have none of their own yet.
  var temporaries: [String] = []

  init(_ folder: String) {
    let all = FileManager.default.enumerator(atPath: folder)
    while let name = all?.nextObject() as? String {
      let last = name.split(separator: "/").last ?? ""
      if last.hasPrefix(".drr-") && last.hasSuffix(".tmp") { temporaries.append(name) }
      if name.contains(".drr-") { continue }
      if let data = FileManager.default.contents(atPath: "\(folder)/\(name)") { files[name] = data }
    }
  }

  /// Whether a write is under way.
  static func isWriting(_ folder: String) -> Bool {
    let all = FileManager.default.enumerator(atPath: folder)
    while let name = all?.nextObject() as? String { if name.contains(".drr-") { return true } }
    return false
  }
}

/// What undisturbed runs of a kind leave, and what of it is no two times the same: seconds.
final class Reference: @unchecked Sendable {
  let kind: RunKind
  /// A folder with what has to be there.
  let base: TemporaryFolder
  let first: Tree
  let result: Tree
  /// Of the longer of two runs.
  let seconds: Double
  private let varying: Set<String>

  init(_ kind: RunKind, _ program: String) throws {
    self.kind = kind
    base = TemporaryFolder()
    for words in kind.before { try Self.done([program] + words, in: base.path, threads: 2) }
    first = Tree(base.path)
    var trees: [Tree] = []
    var longest = 0.0
    for threads in [1, 2] {
      let folder = try Self.copy(of: base)
      longest = max(longest, try Self.done(kind.words(program), in: folder.path, threads: threads))
      trees.append(Tree(folder.path))
    }
    (result, seconds) = (trees[0], longest)
    let (one, other) = (Self.leaves(trees[0]), Self.leaves(trees[1]))
    varying = Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }
    let odd = varying.filter { !$0.contains(".json") }
    guard odd.isEmpty else {
      throw Absent(description: "\(kind.name): two runs leave unlike \(odd.sorted())")
    }
  }

  func copy() throws -> TemporaryFolder { try Self.copy(of: base) }

  private static func copy(of base: TemporaryFolder) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try FileManager.default.removeItem(atPath: folder.path)
    try FileManager.default.copyItem(atPath: base.path, toPath: folder.path)
    return folder
  }

  @discardableResult
  private static func done(_ words: [String], in folder: String, threads: Int) throws -> Double {
    let ending = try Subject.run(
      words, in: folder, environment: ["OPENBLAS_NUM_THREADS": "\(threads)"],
      limits: .init(seconds: 120))
    guard ending.cause == .code(0) else {
      throw Absent(description: "\(words.shell): \(ending)")
    }
    return ending.seconds
  }

  /// How a folder differs from the one that an undisturbed run leaves; nil where it does not.
  func difference(_ tree: Tree) -> String? { difference(tree, result) }

  func difference(_ tree: Tree, _ expected: Tree) -> String? {
    if tree.files == expected.files { return nil }
    let (one, other) = (Self.leaves(tree), Self.leaves(expected))
    let odd = Set(one.keys).union(other.keys)
      .filter { !varying.contains($0) && one[$0] != other[$0] }.sorted()
    return odd.first.map { "\($0) differs" + (odd.count > 1 ? ", and \(odd.count - 1) more" : "") }
  }

  /// How a folder holds neither what was there before nor what an undisturbed run leaves; nil where
  /// each file, or where they belong together all of them, is one of the two.
  func tear(_ tree: Tree) -> String? {
    guard let new = difference(tree) else { return nil }
    if kind.folder != nil { return difference(tree, first).map { "\($0) from the old, \(new)" } }
    for name in Set(tree.files.keys).union(result.files.keys) {
      func only(_ tree: Tree) -> Tree {
        var one = tree
        one.files = tree.files.filter { $0.key == name }
        return one
      }
      if difference(only(tree), only(first)) != nil, let odd = difference(only(tree), only(result))
      {
        return odd
      }
    }
    return nil
  }

  /// The values of JSON by file and path, and other files whole.
  private static func leaves(_ tree: Tree) -> [String: Data] {
    var leaves: [String: Data] = [:]
    func add(_ value: Any, _ path: String) {
      switch value {
      case let object as [String: Any]: for (key, value) in object { add(value, "\(path).\(key)") }
      case let list as [Any]:
        for (index, value) in list.enumerated() { add(value, "\(path)[\(index)]") }
      default: leaves[path] = Data("\(value)".utf8)
      }
    }
    for (name, data) in tree.files {
      let texts =
        name.hasSuffix(".jsonl")
        ? data.split(separator: 10) : name.hasSuffix(".json") ? [data[...]] : []
      let values = texts.map {
        try? JSONSerialization.jsonObject(with: Data($0), options: .fragmentsAllowed)
      }
      if values.isEmpty || values.contains(where: { $0 == nil }) {
        leaves[name] = data
      } else {
        for (line, value) in values.enumerated() { add(value!, "\(name):\(line)") }
      }
    }
    return leaves
  }
}

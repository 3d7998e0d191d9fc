import Foundation
import TestSupport

/// A kind of run that leaves files, at its smallest.
struct StoredRun: Sendable {
  var name: String
  var train: [String]
  /// The file that says that something can be gone on from.
  var checkpoint = "checkpoint.safetensors"
  var isOnDevice = true
  var isEvaluated = true
  var recommends: [String]?
  /// Whether it goes on by its folder's name alone, or by the whole command.
  var knowsItself = true

  var resume: [String] {
    (knowsItself ? Array(train.prefix { !$0.hasPrefix("--") }) : train) + ["--run", "run"]
  }
  var readers: [[String]] {
    (isEvaluated ? [["evaluate", "--run", "run"]] : [])
      + (recommends.map { [["recommend", "--run", "run"] + $0] } ?? [])
  }

  static let all: [StoredRun] = {
    let data = ["--data", "generated:tiny"]
    let pmf = ["--dimension", "4", "--pmf-epochs", "4"]
    let agent =
      data + pmf + ["--hidden", "8", "--batch-size", "16", "--learning-starts", "40"]
    let saves = ["--checkpoint-steps", "40"]
    let user = ["--user", "3"]
    return [
      StoredRun(
        name: "pmf, sgd",
        train: ["train", "pmf"] + data + ["--dimension", "4", "--pmf-epochs", "400"]
          + ["--pmf-solver", "sgd", "--checkpoint-steps", "1"],
        checkpoint: "pmf-checkpoint.safetensors", recommends: user),
      StoredRun(
        name: "pmf, adam",
        train: ["train", "pmf"] + data + ["--dimension", "4", "--pmf-epochs", "100"]
          + ["--pmf-solver", "adam", "--checkpoint-steps", "1"],
        checkpoint: "pmf-checkpoint.safetensors", recommends: user),
      StoredRun(
        name: "drr",
        train: ["train", "drr"] + agent + saves
          + ["--steps", "600", "--no-myopic", "--buffer-size", "200", "--n-step", "3"]
          + ["--environments", "3", "--checkpoint", "best"], recommends: user),
      StoredRun(
        name: "drr, att",
        train: ["train", "drr"] + agent + saves
          + ["--steps", "400", "--no-myopic", "--buffer-size", "200", "--state", "att"],
        recommends: user),
      StoredRun(
        name: "residual",
        train: ["train", "residual"] + data + pmf + saves
          + ["--bc-updates", "20", "--steps", "400", "--learning-starts", "32"]
          + ["--batch-size", "16", "--buffer-size", "200", "--no-myopic"],
        recommends: user),
      StoredRun(
        name: "planner",
        train: ["train", "planner"] + data + pmf + saves
          + ["--num-envs", "4", "--session-length", "5", "--hidden", "4", "--steps", "4000"]),
      StoredRun(
        name: "dqn",
        train: ["train", "dqn"] + data + pmf + saves
          + ["--hidden", "8", "--steps", "800", "--environments", "4", "--window", "3"],
        recommends: user),
      StoredRun(
        name: "dqn in a simulator",
        train: ["train", "dqn"] + data + pmf + saves
          + ["--hidden", "8", "--steps", "800", "--environments", "4", "--window", "3"]
          + ["--env", "pmf", "--state", "ave"], recommends: user),
      StoredRun(
        name: "dqn in a small world",
        train: ["train", "dqn", "--env", "cliff", "--steps", "3000"] + saves, isEvaluated: false),
      StoredRun(
        name: "pg",
        train: ["train", "pg"] + data + pmf + saves
          + ["--hidden", "8", "--steps", "2000", "--environments", "4", "--window", "3"],
        recommends: user),
      StoredRun(
        name: "a2c",
        train: ["train", "pg"] + data + pmf + saves
          + ["--hidden", "8", "--steps", "1000", "--environments", "4", "--window", "3"]
          + ["--env", "pmf", "--method", "a2c"], recommends: user),
      StoredRun(
        name: "pg at a point",
        train: ["train", "pg", "--env", "point", "--steps", "20000"] + saves,
        isEvaluated: false),
      StoredRun(
        name: "slateq",
        train: ["train", "slateq", "--num-envs", "4", "--horizon", "4", "--rollouts", "2"]
          + ["--hidden", "4", "--batch-size", "8", "--steps", "2000", "--eval-count", "4"]
          + ["--eval-episodes", "2", "--episodes", "0"] + saves, isEvaluated: false),
      StoredRun(
        name: "q",
        train: ["train", "q", "--env", "cliff", "--steps", "2000000"]
          + ["--checkpoint-steps", "1000"], isOnDevice: false, isEvaluated: false),
      StoredRun(
        name: "double q",
        train: ["train", "q", "--env", "lizard", "--method", "double-q", "--steps", "2000000"]
          + ["--checkpoint-steps", "1000"], isOnDevice: false, isEvaluated: false),
      StoredRun(
        name: "sarsa-lambda",
        train: ["train", "sarsa-lambda", "--env", "cliff", "--steps", "1000000"]
          + ["--checkpoint-steps", "1000"], isOnDevice: false, isEvaluated: false),
      StoredRun(
        name: "multi-q",
        train: ["train", "multi-q"] + data + ["--epochs", "60", "--checkpoint-steps", "1"],
        isOnDevice: false, recommends: user),
      StoredRun(
        name: "multi-q, double",
        train: ["train", "multi-q"] + data
          + ["--epochs", "60", "--double-q", "--checkpoint-steps", "1"],
        isOnDevice: false, recommends: user),
      StoredRun(
        name: "gru",
        train: ["train", "gru"] + data
          + ["--dimension", "4", "--hidden", "4", "--epochs", "60", "--checkpoint-steps", "1"],
        isEvaluated: false),
      StoredRun(
        name: "irecgan",
        train: ["train", "irecgan", "--env", "tabular", "--sessions", "60"]
          + ["--user-epochs", "2", "--agent-epochs", "2", "--discriminator-epochs", "2"]
          + ["--rounds", "2", "--refreshes", "1", "--roll-outs", "1", "--user-units", "4"]
          + ["--agent-units", "4", "--embedding", "4", "--discriminator-sessions", "20"],
        checkpoint: "pretrained.safetensors", recommends: ["--clicked", "1,2"]),
      StoredRun(
        name: "arms",
        train: ["bandit", "arms", "--random-arms", "4", "--rounds", "20000", "--seeds", "3"]
          + ["--checkpoint-steps", "500"], isOnDevice: false, isEvaluated: false),
      StoredRun(
        name: "linear",
        train: ["bandit", "linear", "--rounds", "4000", "--seeds", "2"]
          + ["--checkpoint-steps", "500"], isOnDevice: false, isEvaluated: false),
      StoredRun(
        name: "ads",
        train: ["bandit", "ads", "--rates", "0.1,0.05,0.02", "--payments", "1,4,12"]
          + ["--places", "2", "--rounds", "20000", "--seeds", "3", "--checkpoint-steps", "500"],
        isOnDevice: false, isEvaluated: false),
      StoredRun(
        name: "exhibition",
        train: ["bandit", "exhibition", "--rounds", "20000", "--seeds", "1", "--policy", "linucb"]
          + ["--policy", "thompson", "--checkpoint-steps", "100"], isOnDevice: false,
        isEvaluated: false),
      StoredRun(
        name: "sweep",
        train: ["simulate", "sweep", "--sizes", "30", "--list-sizes", "5", "--policies", "mix,max"]
          + ["--method", "pg", "--seeds", "2", "--evaluation-sessions", "50"]
          + ["--user-epochs", "1", "--agent-epochs", "1", "--rounds", "1", "--user-units", "4"]
          + ["--agent-units", "4", "--embedding", "4"], isEvaluated: false, knowsItself: false),
    ]
  }()

  /// Leaves the runs `begun`, which was interrupted, and `done`, which was gone on with to its end.
  func prepare(in folder: TemporaryFolder, _ program: String, device: String) throws -> Bool {
    let more = isOnDevice ? ["--device", device] : []
    let words = [program] + train + ["--run", "run"] + more
    // Interrupted as soon as there is anything, earlier each time where that was too late.
    for patience in [60, 0.8, 0.4, 0.2, 0.1, 0.05, 0] {
      try? FileManager.default.removeItem(atPath: "\(folder.path)/run")
      let subject = try Subject(words, in: folder.path, limits: .patient)
      while subject.isRunning, subject.seconds < patience,
        access("\(folder.path)/run/\(checkpoint)", F_OK) != 0
      { usleep(500) }
      subject.send(SIGINT)
      let ending = try subject.wait()
      if ending.cause != .code(0), access("\(folder.path)/run/\(checkpoint)", F_OK) == 0 { break }
    }
    guard access("\(folder.path)/run/\(checkpoint)", F_OK) == 0 else { return false }
    try FileManager.default.copyItem(
      atPath: "\(folder.path)/run", toPath: "\(folder.path)/begun")
    let ending = try Subject.run(
      [program] + resume + more, in: folder.path, limits: .patient)
    guard ending.cause == .code(0) else { return false }
    try FileManager.default.moveItem(atPath: "\(folder.path)/run", toPath: "\(folder.path)/done")
    return true
  }
}

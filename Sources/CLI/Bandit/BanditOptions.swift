import ArgumentParser
import DRR
import Tensor

extension ChartAxes: ExpressibleByArgument {}

/// What experiments with bandits have in common.
struct BanditOptions<Problem: BanditProblem>: ParsableArguments {
  @Option(
    help: "A policy; may repeat. (default: all the usual ones)",
    completion: .list(policyNames(Problem.policies)))
  var policy: [String] = []
  @Option(
    help:
      "Horizon T: rounds that each policy plays with each seed. (default: \(Problem.usualRounds))")
  var rounds: Int?
  @Option(help: "Number of seeds. (default: \(Problem.usualSeeds))")
  var seeds: Int?
  @Option(help: "The first seed; the others follow it. (default: 0)")
  var seed: UInt64?
  @Option(
    help: ArgumentHelp(
      "Draw the regret of all policies, and its bounds.", valueName: "file.svg"),
    completion: .file(extensions: ["svg"]))
  var plot: String?
  @Option(help: "The chart's axes.")
  var axes = ChartAxes.log
  @Option(
    help: ArgumentHelp(
      "A folder for configuration, metrics and checkpoints; the same command goes on where it was "
        + "stopped. (default: none)", valueName: "folder"), completion: .directory)
  var run: String?
  @OptionGroup var training: TrainingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if run == "" { throw ValidationError("--run is empty; name a folder.") }
    if training.follow.tensorboard, run == nil {
      throw ValidationError("--tensorboard is given without --run; name a folder by --run.")
    }
    guard let plot else { return }
    if plot.isEmpty || plot.hasSuffix("/") {
      throw ValidationError("--plot is \"\(plot)\"; name a file, as regret.svg.")
    }
    try requireFolder(of: plot, "--plot")
  }

  /// Plays the experiment. What is not given is as the run was started, or the default.
  ///
  /// - Parameter problem: the problem, from that which the run was started with.
  func play(
    usualPolicies: [String] = Problem.usualPolicies,
    _ problem: (Problem?) throws -> Problem
  ) throws -> BanditExperiment<Problem> {
    let folder = run.map { RunFolder($0) }
    if let folder, let group = try folder.readGroup() {
      _ = try Algorithms.begun(
        BanditConfiguration<Problem>.self, in: group.members[0].folder(in: folder))
      throw RunError(
        "\(folder.path) holds several runs, as \(folder.path)/\(group.members[0].name); name another "
          + "--run")
    }
    Interrupt.install()
    let begun =
      training.fresh
      ? nil
      : try folder.flatMap { try Algorithms.begun(BanditConfiguration<Problem>.self, in: $0) }
    let configuration = BanditConfiguration(
      try problem(begun?.problem),
      policies: policy.isEmpty ? begun?.policies ?? usualPolicies : policy,
      rounds: rounds ?? begun?.rounds ?? Problem.usualRounds,
      seeds: seeds ?? begun?.seeds ?? Problem.usualSeeds,
      seed: seed ?? begun?.seed ?? 0)
    let trainer = try BanditTraining(configuration)
    guard let folder else {
      let progress = Progress(reports: training.reportProgress)
      defer { progress.finish() }
      while !trainer.isFinished {
        _ = try trainer.advance()
        progress.update(
          trainer.step, of: trainer.steps, "rounds, \(trainer.experiment.place.policy)")
        if Interrupt.isRequested { throw Interrupted(step: trainer.step) }
      }
      return trainer.experiment
    }
    let run = try Run(configuration, folder: folder)
    try run.begin(fresh: training.fresh)
    try watched(
      training, resume: "drr bandit \(Problem.kind) --run \(folder.path)",
      saved: { "\(grouped($0)) rounds are saved" }
    ) { _ = try run.train(trainer, device: "cpu", $0) }
    return trainer.experiment
  }

  /// Draws the chart, keeps the report, and prints it: `json`, or the table with `lines` below it.
  func finish(_ report: BanditReport, json: some Encodable, _ lines: [String] = []) throws {
    try output.print(json, ([report.table] + lines).joined(separator: "\n")) {
      if let run { try RunFolder(run).finish(json) }
      if let plot {
        try AtomicFile.write(report.chart(axes).picture.file, to: plot, readers: .all)
        Console.note("\(plot): the regret of \(report.rows.count) policies")
      }
    }
  }
}

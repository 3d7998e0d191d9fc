import ArgumentParser
import DRR
import Tensor

extension ChartAxes: ExpressibleByArgument {}

/// What experiments with bandits have in common.
struct BanditOptions: ParsableArguments {
  @Option(help: "Give it again for more (default: all the usual ones).")
  var policy: [String] = []
  @Option(help: "Rounds that each policy plays with each seed.")
  var rounds: Int?
  @Option(help: "How many seeds (default: 20).")
  var seeds: Int?
  @Option(help: "The first seed; the others follow it (default: 1).")
  var seed: UInt64?
  @Option(
    help: ArgumentHelp("Draw the regret of all policies, and its bounds.", valueName: "file.svg"))
  var plot: String?
  @Option(
    help: ArgumentHelp(
      "The chart's axes (default: log).",
      valueName: ChartAxes.allCases.map(\.rawValue).joined(separator: "|")))
  var axes = ChartAxes.log
  @Option(
    help: ArgumentHelp(
      "Keep configuration, metrics and checkpoints there; the same command goes on where it was "
        + "stopped.", valueName: "folder"))
  var run: String?
  @OptionGroup var training: TrainingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if run == "" { throw ValidationError("--run is empty; name a folder.") }
    guard let plot else { return }
    let folder = plot.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
    if plot.isEmpty || plot.hasSuffix("/") {
      throw ValidationError("--plot is \"\(plot)\"; name a file, as regret.svg.")
    }
    if !folder.isEmpty, !RunFolder(folder).exists(folder) {
      throw ValidationError("--plot is \(plot), but there is no folder \(folder).")
    }
  }

  /// Plays the experiment. What is not given is as the run was begun, or the default.
  ///
  /// - Parameter problem: the problem, from that which the run was begun with.
  func play<Problem: BanditProblem>(
    rounds usualRounds: Int, usualPolicies: [String] = Problem.usualPolicies,
    _ problem: (Problem?) throws -> Problem
  ) throws -> BanditExperiment<Problem> {
    let folder = run.map { RunFolder($0) }
    let begun = training.fresh ? nil : try folder?.read(BanditConfiguration<Problem>.self)
    let configuration = BanditConfiguration(
      try problem(begun?.problem),
      policies: policy.isEmpty ? begun?.policies ?? usualPolicies : policy,
      rounds: rounds ?? begun?.rounds ?? usualRounds, seeds: seeds ?? begun?.seeds ?? 20,
      seed: seed ?? begun?.seed ?? 1)
    let trainer = try BanditTraining(configuration)
    Interrupt.install()
    guard let folder else {
      let progress = Progress(reports: training.reportProgress)
      defer { progress.finish() }
      while !trainer.isFinished {
        _ = try trainer.advance()
        progress.update(
          trainer.step, of: trainer.steps, "rounds, \(trainer.experiment.place.policy)")
        if Interrupt.isRequested { throw Experiment.Interrupted(step: trainer.step) }
      }
      return trainer.experiment
    }
    let run = try KindRun(configuration, folder: folder)
    try run.begin(fresh: training.fresh)
    let progress = Progress(reports: training.reportProgress)
    defer { progress.finish() }
    do {
      try run.train(trainer, device: "cpu", unit: "rounds", training.observer(progress))
    } catch let interrupted as Experiment.Interrupted {
      progress.finish()
      Console.note(
        "interrupted; \(grouped(interrupted.step)) rounds are saved; to go on: "
          + "drr bandit \(Problem.kind) --run \(folder.path)")
      throw interrupted
    }
    return trainer.experiment
  }

  /// Draws the chart, keeps the report, and prints it: `json`, or the table with `lines` below it.
  func finish(_ report: BanditReport, json: some Encodable, _ lines: [String] = []) throws {
    if let plot {
      try AtomicFile.write(report.chart(axes).svg, to: plot)
      Console.note("\(plot): the regret of \(report.rows.count) policies")
    }
    if let run { try RunFolder(run).write(json, to: RunFolder(run).report) }
    if output.json { return try Console.result(RunFolder.json(json, pretty: true)) }
    try Console.result(([report.table] + lines).joined(separator: "\n"))
  }
}

/// Numbers with commas between them.
func numbers(_ text: String, _ option: String) throws -> [Double] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    guard let number = Double(part) else {
      throw ValidationError("\(option) has \"\(part)\"; it must be numbers, as 0.1,0.2.")
    }
    return number
  }
}

import ArgumentParser
import DRR
import Kernels
import Tensor

/// The leakage ablation: it trains what it needs, and no run has to be there.
struct LeakageOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Start with the protocol of the published figures and remove one leak after another; trains "
        + "an agent for each set of training ratings."))
  var leakageAblation = false
  @Option(help: "Of the leakage ablation: steps of every training. (default: 20000)")
  var steps: Int?

  func validate() throws {
    if !leakageAblation && steps != nil {
      throw ValidationError(
        "--steps is an option of the leakage ablation; add --leakage-ablation, or leave it out.")
    }
  }

  func run(
    _ run: RunOptions, data: String?, seed: UInt64?, seeds: Int, _ device: DeviceOptions,
    _ output: OutputOptions
  ) throws {
    guard (1...1_000).contains(seeds) else {
      throw ValidationError(
        "--seeds is \(seeds); it must be at \(seeds < 1 ? "least 1" : "most 1000").")
    }
    let begun = try run.folder.read(RunConfiguration.self)
    let source = data ?? begun?.data.source ?? "generated:small"
    let log = try loadRatings(source, begun?.data.ratingRange)
    var configuration = RunConfiguration(source: source, log: log)
    if let begun { configuration.scale = begun.scale }
    var drr = DRRConfiguration()
    drr.validations = 0
    if let steps { drr.steps = steps }
    configuration.choose(drr)
    // A ladder that was begun is climbed with its factorization.
    let climbed = run.folder.read(ProtocolAblationReport.self, from: run.folder.leakLadder)
    if let pmf = climbed?.measurements.first?.configuration.pmf { configuration.pmf = pmf }
    configuration.seed = seed ?? 0
    configuration.evaluation.splitSeed = configuration.seed
    let ladder = try ProtocolAblation(configuration, log: log, folder: run.folder)
    let backend = try device.backend {
      try DeviceTrial.secondsPerUpdate(drr, dimension: configuration.pmf.dimension, on: $0)
    }
    if drr.steps <= drr.learningStarts {
      noteNoUpdate(steps: drr.steps, learningStarts: drr.learningStarts)
    }
    try ladder.begin()
    Interrupt.install()
    let report = try watched(
      resume: Interrupt.typedCommand, saved: { _ in "what was trained is saved" }
    ) { try ladder.climb(seeds: seeds, on: backend, $0) }
    try output.print(report, report.text)
  }
}

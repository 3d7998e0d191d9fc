import ArgumentParser
import DRR
import Kernels

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Re-rank held-out sessions, beside honest baselines.",
    discussion: """
      Of every test user the first half of the ratings is her profile; the agent puts the items of \
      the second half in order. The intervals are of resampled users.

      Examples:
        drr evaluate --run runs/first
        drr evaluate --run runs/first --device opencl --json
        drr evaluate --leak-ladder --data ml-100k.zip --seeds 3 --run runs/ladder
      """)

  @OptionGroup var options: RunOptions
  @Option(help: "Where the run's ratings are now (default: where they were).")
  var data: String?
  @Option(help: "Draws the random order and the intervals (default: the run's seed).")
  var seed: UInt64?
  @OptionGroup var ladder: LeakLadderOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    if ladder.leakLadder {
      return try ladder.climb(options, data: data, seed: seed, device, output)
    }
    let (experiment, model) = try reopen(options, data: data)
    let configuration = experiment.configuration
    let backend = try device.backend {
      try DeviceTrial.secondsPerUpdate(
        configuration.drr ?? DRRConfiguration(), dimension: configuration.pmf.dimension, on: $0)
    }
    let agent = try experiment.readAgent(model, on: backend)
    try experiment.noteUnfinished()
    let progress = Progress()
    var observer = Experiment.Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    let report = try experiment.evaluate(model, agent, seed: seed, observer)
    progress.finish()
    try experiment.folder.write(report, to: experiment.folder.evaluation)
    try Console.result(output.json ? RunFolder.json(report, pretty: true) : report.text)
  }
}

extension EvaluationReport {
  var text: String {
    let cutoffs = rankers.first?.rows.map(\.k) ?? []
    func table(_ title: String, _ estimate: (RankerResult.Row) -> Estimate) -> String {
      let header = [title] + cutoffs.flatMap { ["@\($0)", ""] }
      let body = rankers.map { ranker in
        [ranker.name]
          + ranker.rows.flatMap { row in
            let e = estimate(row)
            return [decimal(e.mean, 3), "\(decimal(e.low, 3))–\(decimal(e.high, 3))"]
          }
      }
      return Table(rows: [header] + body).text
    }
    return """
      data      \(configuration.data.name), \(grouped(configuration.data.ratings)) ratings, CRC-32 \(configuration.data.checksum)
      protocol  \(protocolSummary)
      sessions  \(admission.summary(of: .test, configuration.evaluation, window: configuration.drr!.window)); \(decimal(candidatesPerSession, 1)) candidates on average
      seeds     run \(configuration.seed), split \(configuration.evaluation.splitSeed), evaluation \(seed); intervals: 95%, users resampled
      device    \(device)
      PMF       RMSE \(decimal(sessionRMSE, 4)) stars on all that the test users went on to rate

      \(table("precision") { $0.precision })

      \(table("NDCG") { $0.ndcg })

      \(table("mean reward") { $0.reward })
      """
  }
}

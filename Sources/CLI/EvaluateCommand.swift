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
      """)

  @OptionGroup var options: RunOptions
  @Option(help: "Where the run's ratings are now (default: where they were).")
  var data: String?
  @Option(help: "Draws the random rankers and the intervals (default: the run's seed).")
  var seed: UInt64?
  @Option(help: "α of LinUCB: how many standard errors of hope an item gets.")
  var linucbAlpha = 0.25
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let (experiment, model) = try reopen(options, data: data)
    let configuration = experiment.configuration
    let backend = try device.backend {
      try DeviceTrial.secondsPerUpdate(
        configuration.drr ?? DRRConfiguration(), dimension: configuration.pmf.dimension, on: $0)
    }
    let agent = try experiment.readAgent(model, on: backend)
    try experiment.noteUnfinished()
    var evaluation = EvaluationSettings()
    evaluation.seed = seed
    evaluation.exploration = linucbAlpha
    let progress = Progress()
    var observer = Experiment.Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    let evaluated = try experiment.evaluate(
      model, [AgentRanker(Experiment.agentName, agent)], evaluation, observer)
    progress.finish()
    let report = try experiment.report([evaluated], on: backend, evaluation)
    try experiment.folder.write(report, to: experiment.folder.evaluation)
    try Console.result(output.json ? RunFolder.json(report, pretty: true) : report.text)
  }
}

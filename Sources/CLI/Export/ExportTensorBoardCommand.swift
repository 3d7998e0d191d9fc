import ArgumentParser
import DRR

extension ExportCommand {
  struct TensorBoard: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tensorboard", abstract: "Write a run's metrics and settings for TensorBoard.",
      discussion: """
        Every number of metrics.jsonl becomes a scalar named kind/number, with the step and the time \
        of its line, and the settings become hyper-parameters, beside which TensorBoard shows the \
        last values. A group of runs leaves one folder a member, and a myopic copy is in twin. \
        Written again, the files are replaced.

        Examples:
          drr export tensorboard runs/many --out logs
          tensorboard --logdir logs
        """)

    @OptionGroup var metrics: MetricsOptions
    @OptionGroup var folder: ExportFolder

    func run() throws {
      let runs = try metrics.runs()
      try EventFile.write(runs, to: folder.out)
      try metrics.tell(runs, folder.out, next: "tensorboard --logdir \(folder.out)")
    }
  }
}

import ArgumentParser
import DRR

extension ExportCommand {
  struct CSV: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "csv", abstract: "Write a run's metrics as a table, a number a row.",
      discussion: """
        The columns are run, kind, step, time (Unix seconds), name and value. Of a group all runs \
        are in one file, and so is a myopic copy.

        Examples:
          drr export csv runs/first --out metrics.csv
          drr export csv runs/many --out metrics.jsonl
        """)

    @OptionGroup var metrics: MetricsOptions
    @Option(
      help: ArgumentHelp(
        "The file: comma-separated, or a JSON object a line, as its extension says.",
        valueName: "file.csv|file.jsonl"), completion: .file(extensions: ["csv", "jsonl"]))
    var out: String

    func validate() throws { try RowFile.requireName(out, "--out") }

    func run() throws {
      let runs = try metrics.runs()
      var file = RowFile(out, columns: ["run", "kind", "step", "time", "name", "value"])
      for run in runs {
        for line in run.lines {
          for (name, value) in line.numbers.sorted(by: { $0.key < $1.key }) {
            file.add([
              .text(run.folder.path), .text(line.kind), .number(Double(line.step)),
              line.time.map { .number($0) } ?? .none, .text(name),
              value.isFinite ? .number(value) : .text("\(value)"),
            ])
          }
        }
      }
      try file.write()
      try metrics.tell(runs, out)
    }
  }
}

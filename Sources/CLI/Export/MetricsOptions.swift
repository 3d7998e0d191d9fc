import ArgumentParser
import DRR

/// Which run's metrics are exported.
struct MetricsOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The folder of the run, or of a group of runs.", valueName: "run"),
    completion: .directory)
  var source: String
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if source.isEmpty { throw ValidationError("the run is empty; name its folder.") }
  }

  /// The run, or those of the group, that reported anything.
  func runs() throws -> [MeasuredRun] {
    let all = try MeasuredRun.all(in: RunFolder(source))
    for run in all where run.lines.isEmpty {
      Console.warn("\(run.folder.path) has reported nothing yet, and is left out")
    }
    return all.filter { !$0.lines.isEmpty }
  }

  /// Prints what was written.
  func tell(_ runs: [MeasuredRun], _ out: String, next: String? = nil) throws {
    let lines = runs.reduce(0) { $0 + $1.lines.count }
    try output.print(
      Written(out: out, runs: runs.map(\.folder.path), lines: lines),
      "\(out): \(grouped(lines)) lines of metrics of "
        + (runs.count == 1 ? "one run" : "\(runs.count) runs")
        + (next.map { "\nnext: \($0)" } ?? ""))
  }

  private struct Written: Encodable {
    var out: String
    var runs: [String]
    var lines: Int
  }
}

/// The folder that an export is written into.
struct ExportFolder: ParsableArguments {
  @Option(
    help: ArgumentHelp("The folder that is written into.", valueName: "folder"),
    completion: .directory)
  var out: String

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty; name a folder.") }
  }
}

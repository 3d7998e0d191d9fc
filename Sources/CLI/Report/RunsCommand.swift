import ArgumentParser
import DRR
import Terminal

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs below a folder.",
    discussion: """
      Of each run what it is, how far it is, the best that validation found, and its size. Groups \
      are one line.

      Examples:
        drr runs
        drr runs experiments --json
      """)

  @Argument(help: "The folder.", completion: .directory)
  var folder = "runs"
  @OptionGroup var output: OutputOptions

  func run() throws {
    let found = try RunSummary.all(below: folder)
    guard !found.isEmpty else {
      throw RunError(
        "\(folder) holds no run; train one by `drr train drr --run \(folder)/first`")
    }
    let rows = found.map { run in
      [
        run.path, run.fault == nil ? run.title : "cannot be read",
        run.trainings > 1 ? "\(run.trainings)" : "",
        (run.step.map { grouped($0) } ?? "–") + (run.steps.map { "/\(grouped($0))" } ?? ""),
        run.best.map { "\(decimal($0, $0 < 10 ? 3 : 1)) \(run.measure ?? "")" } ?? "",
        byteText(Double(run.bytes)),
      ]
    }
    try output.print(
      found,
      Table(
        rows: [["run", "what", "trainings", "step", "best in validation", "size"]] + rows
      ).text)
    for run in found { if let fault = run.fault { Console.note(fault) } }
  }
}

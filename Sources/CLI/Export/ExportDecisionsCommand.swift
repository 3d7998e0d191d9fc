import ArgumentParser
import DRR

extension ExportCommand {
  struct Decisions: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "decisions",
      abstract: "Write logged decisions for Vowpal Wabbit or the Open Bandit Pipeline.",
      discussion: """
        The log is what `drr ope` reads: action, reward, propensity and what was known. As dsjson a \
        decision is an object a line, as `vw --dsjson --cb_explore_adf` learns from; the probability \
        of the action that was taken is there, those of the others are on no record. As obp a .csv \
        has action, position, reward and pscore, numbered from 0, and the context's columns.

        Examples:
          drr ope simulate --log-only --out log
          drr export decisions --data log/log.csv --out log.dsjson
          drr export decisions --data open-bandit.zip --campaign women --out women.csv --as obp
          drr data feedback served --as ope --out served.csv
          drr export decisions --data served.csv --out served.dsjson
        """)

    @OptionGroup var source: FeedbackOptions
    @Option(
      help: ArgumentHelp("The file that is written.", valueName: "file"), completion: .file())
    var out: String
    @Option(name: .customLong("as"), help: "What is written.")
    var format = LoggedFeedback.OutputFormat.dsjson
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if out.isEmpty { throw ValidationError("--out is empty; name a file.") }
      try requireFolder(of: out, "--out")
    }

    func run() throws {
      if FeedbackReader.isLog(source.data) {
        throw RunError(
          "\(source.data) is a feedback log; join lists and feedback first: drr data feedback "
            + "\(source.data) --as ope --out decisions.csv")
      }
      let log = try source.read()
      try log.write(format, to: out)
      try output.print(
        Written(
          out: out, form: format.rawValue, decisions: log.count, actions: log.actionCount,
          positions: log.positionCount),
        "\(out): \(grouped(log.count)) decisions over \(grouped(log.actionCount)) actions")
    }

    private struct Written: Encodable {
      var out: String
      var form: String
      var decisions: Int
      var actions: Int
      var positions: Int
    }
  }
}

extension LoggedFeedback.OutputFormat: ExpressibleByArgument {}

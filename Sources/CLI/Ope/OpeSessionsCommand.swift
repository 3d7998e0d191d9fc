import ArgumentParser
import DRR

extension OpeCommand {
  struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sessions",
      abstract: "Judge a policy on logged sessions of several decisions.",
      discussion: """
        The log is a .csv of session,step,action,reward,propensity; with state, values are fitted \
        and the doubly robust form can be told; with target, the target policy's probability of \
        each action, no policy need be named. Intervals take fitted values as given: those of fqe \
        are too narrow.

        Examples:
          drr ope sessions sessions.csv --policy uniform
          drr ope sessions sessions.csv --policy policy.csv --discount 0.9 --json
        """)

    @Argument(help: "The log.")
    var file: String
    @Option(
      help: ArgumentHelp(
        "The policy to judge: uniform, or a .csv of [state,]action,probability (default: the log's "
          + "column target).",
        valueName: "uniform|file"))
    var policy: String?
    @Option(help: "γ (default: 1).")
    var discount = 1.0
    @Option(help: "Parts that values are cross-fitted over (default: 5).")
    var folds = 5
    @Option(help: "The least effective sample size to be trusted (default: 100).")
    var minimumEss = 100.0
    @Option(help: "Resamples of the intervals (default: 1000).")
    var bootstrap = 1_000
    @Option(help: "Draws folds and resamples (default: 0).")
    var seed: UInt64 = 0
    @OptionGroup var report: ReportOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let progress = Progress()
      defer { progress.finish() }
      let log = try LoggedSessions.read(csv: file) { progress.update($0, of: $1, "bytes") }
      progress.finish()
      let target: StatePolicy?
      switch policy {
      case nil: target = nil
      case "uniform": target = .uniform(log)
      case let path?: target = try StatePolicy.read(path, for: log)
      }
      let found = try log.evaluate(
        target, discount: discount, folds: folds, minimumESS: minimumEss,
        bootstrap: ClusterBootstrap(resamples: bootstrap, seed: seed))
      try report.keep(found)
      try Console.result(output.json ? RunFolder.json(found, pretty: true) : found.text)
    }
  }
}

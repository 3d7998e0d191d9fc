import ArgumentParser
import DRR

extension OpeCommand {
  struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sessions",
      abstract: "Evaluate a policy on logged sessions of several decisions.",
      usage: "drr ope sessions [<source>] [<options>]",
      discussion: """
        The log is a .csv of session,step,action,reward,propensity; with state, values are fitted \
        and the doubly robust form can be told; with target, the evaluation policy's probability of \
        each action, no policy need be named. fqe has no interval: resampled sessions would \
        take the fitted values as given.

        Examples:
          drr ope sessions --data synthetic/sessions.csv --policy uniform
          drr ope sessions --data sessions.csv --policy policy.csv --discount 0.9 --json
        """)

    @OptionGroup var source: SourceOptions
    @Option(
      help: ArgumentHelp(
        "The evaluation policy: uniform, or a .csv of [state,]action,probability. (default: the "
          + "log's column target)", valueName: "policy"), completion: .file())
    var policy: String?
    @Option(help: "γ, the discount factor (--gamma).")
    var discount = 1.0
    @Option(help: "Folds of the values' cross-fitting.")
    var folds = 5
    @Option(help: "The least effective sample size that is trusted.")
    var minimumEss = 100.0
    @Option(help: "Resamples of the intervals.")
    var bootstrap = 1_000
    @OptionGroup var random: SeedOption
    @OptionGroup var report: ReportOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let progress = Progress()
      defer { progress.finish() }
      let log = try Trajectories.read(csv: source.path) { progress.update($0, of: $1, "bytes") }
      progress.finish()
      let target: StatePolicy?
      switch policy {
      case nil: target = nil
      case "uniform": target = .uniform(log)
      case let path?: target = try StatePolicy.read(path, for: log)
      }
      let found = try log.evaluate(
        target, discount: discount, folds: folds, minimumESS: minimumEss,
        bootstrap: ClusterBootstrap(resamples: bootstrap, seed: random.seed))
      try output.print(found, found.text) { try report.keep(found) }
    }
  }
}

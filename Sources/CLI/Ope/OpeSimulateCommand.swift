import ArgumentParser
import DRR

extension OpeCommand {
  struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "simulate",
      abstract: "Measure the estimators where the truth is known, or write such a log.",
      discussion: """
        A bandit of 200 contexts and 10 actions, logged by policies near to the evaluation policy and \
        far from it, and sessions in a small decision process with values by dynamic programming. \
        Overlap is 1/E[w²]; CI coverage the fraction of 95 % intervals that hold the truth; rank \
        corr. Spearman's, of estimated and true values of several policies; selection regret what \
        taking the first of them loses.

        Examples:
          drr ope simulate --sizes 500,2000 --seeds 200
          drr ope simulate --log-only --sizes 10000 --out synthetic
        """)

    @Option(help: ArgumentHelp("Decisions, or sessions, of a log.", valueName: "n,n,..."))
    var sizes = "500,2000,8000"
    @Option(help: "Logs of each kind, with seeds from --seed on.")
    var seeds = 100
    @Option(help: "Number of policies that are ranked.")
    var policyCount = 12
    @Option(help: "The reward model.")
    var model = RewardModelConfiguration.Form.ridge
    @Flag(
      inversion: .prefixedNo,
      help: "Give each action its own coefficients; without, the model cannot be right.")
    var crossed = true
    @Option(help: "Folds of the reward model's cross-fitting.")
    var folds = 5
    @Option(help: "The weight to clip at. (default: √n)")
    var clip: Double?
    @Option(help: "The least effective sample size that is ranked.")
    var minimumEss = 100.0
    @Option(help: "Resamples of the intervals.")
    var bootstrap = 200
    @OptionGroup var random: SeedOption
    @Flag(
      help: ArgumentHelp(
        "Simulate nothing; write to --out one log of the first size, of decisions and of sessions, "
          + "with evaluation policies and their true values."))
    var logOnly = false
    @OptionGroup var report: ReportOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if logOnly && report.out == nil {
        throw ValidationError("--log-only needs a folder to write to; add --out FOLDER.")
      }
    }

    func run() throws {
      var simulation = OffPolicySimulation()
      simulation.sizes = try wholeNumbers(sizes, "--sizes")
      simulation.replications = seeds
      simulation.policies = policyCount
      simulation.model.form = model
      simulation.model.isCrossed = crossed
      simulation.model.folds = folds
      simulation.clip = clip
      simulation.minimumESS = minimumEss
      simulation.resamples = bootstrap
      simulation.seed = random.seed
      if logOnly, let out = report.out {
        try simulation.validate()
        let truth = try simulation.write(to: out)
        return try output.print(truth, truth.text(out))
      }
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      let found = try simulation.run {
        progress.update($0, of: $1, $2)
      } isStopped: {
        Interrupt.isRequested
      }
      progress.finish()
      guard let found else { throw Interrupted(step: 0) }
      try output.print(found, found.text) { try report.keep(found) }
    }
  }
}

extension OffPolicySimulation.Truth {
  func text(_ folder: String) -> String {
    """
    \(folder)/log.csv: \(grouped(decisions)) decisions; a mean reward of \(decimal(uniform, 4)) is the \
    uniform policy's, \(decimal(target, 4)) that of target.csv
      drr ope --data \(folder)/log.csv --policy uniform --policy \(folder)/target.csv --crossed
    \(folder)/sessions.csv: \(grouped(sessions)) sessions; a mean return of \
    \(decimal(sessionTarget, 4)) is that of session-target.csv
      drr ope sessions --data \(folder)/sessions.csv --policy \(folder)/session-target.csv
    """
  }
}

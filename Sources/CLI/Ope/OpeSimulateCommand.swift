import ArgumentParser
import DRR

extension OpeCommand {
  struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "simulate",
      abstract: "Measure the estimators where the truth is known, or write such a log.",
      discussion: """
        A bandit of 200 contexts and 10 actions, logged by policies near to the judged one and far \
        from it, and sessions in a small decision process with values by dynamic programming. \
        Overlap is the share of a log that counts under the judged policy; coverage that of the \
        95 % intervals that hold the truth; rank corr. Spearman's, of estimated and true values of \
        several policies; regret what taking the first of them loses.

        Examples:
          drr ope simulate --sizes 500,2000 --replications 200
          drr ope simulate --sizes 10000 --write runs/synthetic
        """)

    @Option(help: "Decisions, or sessions, of a log (default: 500,2000,8000).")
    var sizes = "500,2000,8000"
    @Option(help: "Logs of each kind (default: 100).")
    var replications = 100
    @Option(help: "Policies that are ranked (default: 12).")
    var policies = 12
    @Option(
      help: ArgumentHelp(
        "The reward model (default: ridge).",
        valueName: RewardModelConfiguration.Form.allCases.map(\.rawValue).joined(separator: "|")))
    var model = RewardModelConfiguration.Form.ridge
    @Flag(
      inversion: .prefixedNo,
      help: "Give each action its own coefficients; without, the model cannot be right.")
    var crossed = true
    @Option(help: "Parts that the reward model is cross-fitted over (default: 5).")
    var folds = 5
    @Option(help: "The weight to clip at (default: √n).")
    var clip: Double?
    @Option(help: "The least effective sample size that is ranked (default: 100).")
    var minimumEss = 100.0
    @Option(help: "Resamples of the intervals (default: 200).")
    var bootstrap = 200
    @Option(help: "Draws the worlds and the logs (default: 0).")
    var seed: UInt64 = 0
    @Option(
      help: ArgumentHelp(
        "Simulate nothing; write one log of the first size, of decisions and of sessions, with "
          + "policies to judge and what they are truly worth.",
        valueName: "folder"))
    var write: String?
    @OptionGroup var report: ReportOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      var simulation = OffPolicySimulation()
      simulation.sizes = try wholeNumbers(sizes, "--sizes")
      if simulation.sizes.isEmpty { throw ValidationError("--sizes is empty; give numbers.") }
      simulation.replications = replications
      simulation.policies = policies
      simulation.model.form = model
      simulation.model.isCrossed = crossed
      simulation.model.folds = folds
      simulation.clip = clip
      simulation.minimumESS = minimumEss
      simulation.resamples = bootstrap
      simulation.seed = seed
      if let write {
        try simulation.validate()
        let folder = RunFolder(write)
        try folder.create()
        let truth = try simulation.write(folder)
        try folder.write(truth, to: "\(write)/truth.json")
        return try Console.result(
          output.json ? RunFolder.json(truth, pretty: true) : truth.text(write))
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
      guard let found else { throw Experiment.Interrupted(step: 0) }
      try report.keep(found)
      try Console.result(output.json ? RunFolder.json(found, pretty: true) : found.text)
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
      drr ope sessions \(folder)/sessions.csv --policy \(folder)/session-target.csv
    """
  }
}

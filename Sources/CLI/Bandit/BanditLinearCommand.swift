import ArgumentParser
import DRR

extension BanditCommand {
  struct Linear: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "linear", abstract: "Arms with features, drawn anew each round.",
      discussion: """
        The expected reward is θᵀx, with θ and x of length 1; oful has its bound of theorem 3 of \
        Abbasi-Yadkori, Pál & Szepesvári 2011.

        Policies: \(LinearProblem.policies.joined(separator: ", "))

        Examples:
          drr bandit linear --policy linucb --policy thompson:0.2
          drr bandit linear --disjoint --arms 5 --features 16
        """)
    @Option(help: "Number of arms. (default: 20)")
    var arms: Int?
    @Option(help: "Number of features. (default: 8)")
    var features: Int?
    @Option(help: "Standard deviation of the rewards. (default: 0.1)")
    var noise: Double?
    @Flag(help: "A θ of its own for each arm, and the same x for all.")
    var disjoint = false
    @OptionGroup var options: BanditOptions<LinearProblem>

    func run() throws {
      let usual = disjoint ? LinearProblem.disjointPolicies : LinearProblem.usualPolicies
      let experiment = try options.play(usualPolicies: usual) { begun in
        var problem = begun ?? LinearProblem()
        if let arms { problem.arms = arms }
        if let features { problem.width = features }
        if let noise { problem.noise = noise }
        if disjoint { problem.disjoint = true }
        return problem
      }
      let report = BanditReport(experiment)
      try options.finish(report, json: report)
    }
  }
}

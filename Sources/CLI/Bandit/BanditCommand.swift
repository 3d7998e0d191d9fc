import ArgumentParser
import DRR

struct BanditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bandit", abstract: "Play bandits, and measure their regret.",
    discussion: """
      Examples:
        drr bandit --arms 0.1,0.05,0.02 --plot regret.svg
        drr bandit ads --rates 0.1,0.05,0.02 --payments 1,4,12 --places 2
        drr bandit exhibition --ablation
        drr bandit replay --data open-bandit-small.zip --campaign men
      """,
    subcommands: [
      Arms.self, Linear.self, Cascade.self, Ads.self, Exhibition.self, Replay.self,
    ], defaultSubcommand: Arms.self)

  struct Arms: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "arms", abstract: "Arms that pay 1 with a probability each, otherwise 0.",
      discussion: """
        Regret is what always pulling the best arm was expected to earn more. Bounds are those of the \
        theorems that the table names; epsilon-decay has one where GAP is at most the least \
        difference, and thompson in the mean over drawn arms. GAP defaults to that difference.

        Policies: \(BernoulliArms.policies.joined(separator: ", "))

        Examples:
          drr bandit arms --arms 0.9,0.6 --policy ucb1 --policy thompson --rounds 10000
          drr bandit arms --random-arms 10 --seeds 50 --plot regret.svg
          drr bandit arms --policy epsilon:0.05 --policy epsilon-decay:5 --run runs/arms
          drr bandit arms --policy softmax --log log.csv
        """)
    @Option(help: "Probabilities (default: 0.1, three of 0.05, three of 0.02, three of 0.01).")
    var arms: String?
    @Option(help: "So many arms, drawn evenly from 0 to 1 with each seed.")
    var randomArms: Int?
    @Option(
      help: ArgumentHelp(
        "Only write what the one --policy does with the first seed, with its propensities.",
        valueName: "file.csv"))
    var log: String?
    @OptionGroup var options: BanditOptions

    func validate() throws {
      if arms != nil, randomArms != nil {
        throw ValidationError("--arms and --random-arms exclude each other.")
      }
      if log != nil, options.policy.count != 1 {
        throw ValidationError("--log writes one policy's decisions; name it by one --policy.")
      }
      if log != nil, options.run != nil || options.plot != nil {
        throw ValidationError("--log goes without --run and --plot.")
      }
    }

    private func problem(_ begun: BernoulliArms?) throws -> BernoulliArms {
      if let randomArms { return BernoulliArms(drawn: randomArms) }
      if let arms { return BernoulliArms(means: try numbers(arms, "--arms")) }
      return begun ?? BernoulliArms()
    }

    func run() throws {
      if let log { return try write(log) }
      let experiment = try options.play(rounds: 20_000, problem)
      let report = BanditReport(experiment)
      try options.finish(report, json: report)
    }

    private func write(_ path: String) throws {
      let (rounds, seed) = (options.rounds ?? 20_000, options.seed ?? 1)
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      let log = try problem(nil).log(options.policy[0], rounds: rounds, seed: seed) { done in
        progress.update(done, of: rounds, "rounds, \(options.policy[0])")
        return Interrupt.isRequested
      }
      progress.finish()
      if Interrupt.isRequested { throw Experiment.Interrupted(step: 0) }
      try log.write(csv: path)
      Console.note("\(path): \(grouped(log.count)) decisions of \(options.policy[0])")
    }
  }

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
    @Option(help: "How many arms (default: 20).")
    var arms: Int?
    @Option(help: "How many features (default: 8).")
    var features: Int?
    @Option(help: "Standard deviation of the rewards (default: 0.1).")
    var noise: Double?
    @Flag(help: "A θ of its own for each arm, and the same x for all.")
    var disjoint = false
    @OptionGroup var options: BanditOptions

    func run() throws {
      let usual = disjoint ? LinearProblem.disjointPolicies : LinearProblem.usualPolicies
      let experiment = try options.play(rounds: 2_000, usualPolicies: usual) { begun in
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

  struct Cascade: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cascade", abstract: "Lists of which the first attractive item is clicked.",
      discussion: """
        Cascading bandits (Kveton et al. 2015): ucb1 is CascadeUCB1, kl-ucb CascadeKL-UCB.

        Policies: \(CascadeProblem.policies.joined(separator: ", "))

        Examples:
          drr bandit cascade --items 16 --places 4
          drr bandit cascade --attractions 0.3,0.2,0.1,0.1 --places 2 --plot regret.svg
        """)
    @Option(
      help: "The probability that each item attracts (default: 0.2 of K items, 0.05 of the rest).")
    var attractions: String?
    @Option(help: "How many items there are without --attractions (default: 16).")
    var items: Int?
    @Option(help: "K, the length of a list (default: 4).")
    var places: Int?
    @OptionGroup var options: BanditOptions

    func validate() throws {
      if attractions != nil, items != nil {
        throw ValidationError("--attractions and --items exclude each other.")
      }
    }

    func run() throws {
      let experiment = try options.play(rounds: 20_000) {
        (begun: CascadeProblem?) -> CascadeProblem in
        if let attractions {
          return CascadeProblem(
            attractions: try numbers(attractions, "--attractions"),
            places: places ?? begun?.places ?? 4)
        }
        if let begun, items == nil, places == nil { return begun }
        let places = places ?? 4
        return CascadeProblem(items: min(items ?? 16, 1_000_000), places: places)
      }
      let report = BanditReport(experiment)
      try options.finish(report, json: report)
    }
  }
}

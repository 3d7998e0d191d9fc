import ArgumentParser
import DRR

extension BanditCommand {
  struct Arms: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "arms", abstract: "Bernoulli arms: each pays 1 with its probability, else 0.",
      discussion: """
        Regret is the cumulative pseudo-regret: what always pulling the best arm was expected to earn \
        more. Bounds are those of the theorems that the table names, at T; epsilon-decay has one \
        where GAP is at most the least difference, and thompson in the mean over drawn arms. GAP \
        defaults to that difference.

        Policies: \(BernoulliArms.policies.joined(separator: ", "))

        Examples:
          drr bandit arms --arms 0.9,0.6 --policy ucb1 --policy thompson --rounds 10000
          drr bandit arms --random-arms 10 --seeds 50 --plot regret.svg
          drr bandit arms --policy epsilon:0.05 --policy ucb1 --run runs/arms
          drr bandit arms --policy softmax --out log.csv
        """)
    @Option(help: "Probabilities. (default: 0.1, three of 0.05, three of 0.02, three of 0.01)")
    var arms: String?
    @Option(help: "So many arms, drawn uniformly from 0 to 1 with each seed.")
    var randomArms: Int?
    @Option(
      help: ArgumentHelp(
        "Only write the decisions of the one --policy with the first seed, with their propensities.",
        valueName: "file.csv"), completion: .file(extensions: ["csv"]))
    var out: String?
    @OptionGroup var options: BanditOptions<BernoulliArms>

    func validate() throws {
      if arms != nil, randomArms != nil {
        throw ValidationError("--arms and --random-arms exclude each other; leave one of them out.")
      }
      if out != nil, options.policy.count != 1 {
        throw ValidationError(
          "--out writes one policy's decisions, and \(options.policy.count) are named; name one --policy."
        )
      }
      if out != nil, options.run != nil || options.plot != nil {
        throw ValidationError(
          "--out writes a log alone; leave out \(options.run == nil ? "--plot" : "--run").")
      }
    }

    private func problem(_ begun: BernoulliArms?) throws -> BernoulliArms {
      if let randomArms { return BernoulliArms(drawn: randomArms) }
      if let arms { return BernoulliArms(means: try numbers(arms, "--arms")) }
      return begun ?? BernoulliArms()
    }

    func run() throws {
      if let out { return try write(out) }
      let experiment = try options.play(problem)
      let report = BanditReport(experiment)
      try options.finish(report, json: report)
    }

    private func write(_ path: String) throws {
      let (rounds, seed) = (options.rounds ?? BernoulliArms.usualRounds, options.seed ?? 0)
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      let log = try problem(nil).log(options.policy[0], rounds: rounds, seed: seed) { done in
        progress.update(done, of: rounds, "rounds, \(options.policy[0])")
        return Interrupt.isRequested
      }
      progress.finish()
      if Interrupt.isRequested { throw Interrupted(step: 0) }
      try log.write(csv: path)
      Console.note("\(path): \(grouped(log.count)) decisions of \(options.policy[0])")
    }
  }
}

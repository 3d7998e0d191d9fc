import ArgumentParser
import DRR

extension BanditCommand {
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay", abstract: "Evaluate policies on a log of another one's decisions.",
      usage: "drr bandit replay --data <source> [<options>]",
      discussion: """
        A policy learns from a logged decision, and is evaluated by it, where it would have taken the \
        same action (Li, Chu, Langford & Wang 2011). One in K decisions is accepted, so that short \
        logs tell little: the table has the standard error. With the first seed the log is played in \
        its own order, with others in orders that are drawn.

        Policies: \(BanditReplay.policies.joined(separator: ", "))

        Examples:
          drr bandit arms --policy softmax --rounds 5000 --out log.csv
          drr bandit replay --data log.csv --policy thompson --method weighted
          drr bandit replay --data open-bandit-small.zip --campaign men
        """)
    @Option(
      help: ArgumentHelp(
        "Open Bandit, a folder or .zip, or a .csv of user,position,action,reward,propensity.",
        valueName: "source"), completion: .file())
    var data: String
    @Option(help: "Open Bandit: the behavior policy. (default: random)")
    var behavior: OpenBandit.Behaviour?
    @Option(help: "Open Bandit: the campaign. (default: all)")
    var campaign: OpenBandit.Campaign?
    @Option(help: "Only decisions at this position, from 1. (default: all)")
    var position: Int?
    @Option(help: "What is done where probabilities differ.")
    var method = BanditReplay.Method.rejection
    @Option(
      help: "A policy; may repeat. (default: all the usual ones)",
      completion: .list(policyNames(BanditReplay.policies)))
    var policy: [String] = []
    @Option(help: "Number of orders and seeds.")
    var seeds = 20
    @Option(help: "The first seed; the others follow it.")
    var seed: UInt64 = 0
    @OptionGroup var output: OutputOptions

    private var isPlain: Bool { data.lowercased().hasSuffix(".csv") }

    func validate() throws {
      guard (1...10_000).contains(seeds) else {
        throw ValidationError(
          "--seeds is \(seeds); it must be at \(seeds < 1 ? "least 1" : "most 10000").")
      }
      guard seed < .max - 10_000 else {
        throw ValidationError("--seed is \(seed); it must be below 2⁶⁴ − 10,000.")
      }
      if isPlain, behavior != nil || campaign != nil {
        throw ValidationError(
          "\(behavior == nil ? "--campaign" : "--behavior") is an option of Open Bandit, and "
            + "\(data) is a .csv; leave it out.")
      }
    }

    private struct Result: Encodable {
      var log: String
      var decisions: Int
      var loggedValue: Double
      var method: BanditReplay.Method
      var rows: [BanditReplay.Row]
    }

    func run() throws {
      let log =
        isPlain
        ? try LoggedFeedback.read(csv: data)
        : try OpenBandit(data).read(behavior ?? .random, campaign ?? .all)
      let replay = try BanditReplay(log, method: method, position: position)
      let policies = policy.isEmpty ? BanditReplay.usualPolicies : policy
      for name in policies { _ = try replay.policy(name, seed: seed) }
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      let rows = try policies.enumerated().map { number, name in
        BanditReplay.row(
          name,
          try (0..<seeds).map { run in
            if Interrupt.isRequested { throw Interrupted(step: 0) }
            defer {
              progress.update(
                number * seeds + run + 1, of: policies.count * seeds, "replays, \(name)")
            }
            return try replay.play(
              name, seed: seed + UInt64(run), shuffled: run > 0,
              shouldStop: { Interrupt.isRequested })
          })
      }
      progress.finish()
      let result = Result(
        log: log.name, decisions: replay.count, loggedValue: replay.loggedValue, method: method,
        rows: rows)
      let header = [
        "policy", "value", "SE", "SD over orders", "accepted matches", "ESS", "mean weight",
      ]
      let cells = rows.map { row in
        [
          row.policy, row.value.map { decimal($0, 5) } ?? "–",
          row.standardError.map { decimal($0, 5) } ?? "–",
          row.deviation.map { decimal($0, 5) } ?? "–", decimal(row.kept, 1),
          decimal(row.effectiveSample, 1), decimal(row.meanWeight, 3),
        ]
      }
      try output.print(
        result,
        """
        \(log.name): \(grouped(replay.count)) decisions of \(log.actionCount) actions, logged value \
        \(decimal(replay.loggedValue, 5)); \(method.rawValue), \(seeds) orders
        \(Table(rows: [header] + cells).text)
        """)
    }
  }
}

extension BanditReplay.Method: ExpressibleByArgument {}

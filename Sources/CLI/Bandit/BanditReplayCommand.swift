import ArgumentParser
import DRR

extension BanditCommand {
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay", abstract: "Judge policies by a log of another one's decisions.",
      discussion: """
        A policy learns from a logged decision, and is judged by it, where it would have taken the \
        same action (Li, Chu, Langford & Wang 2011). One in K decisions matches, so that short logs \
        tell little: the table has the standard error. With the first seed the log is played in its \
        own order, with others in orders that are drawn.

        Policies: \(BanditReplay.policies.joined(separator: ", "))

        Examples:
          drr bandit replay --data open-bandit-small.zip --campaign men
          drr bandit replay --data log.csv --policy thompson --method weighted
        """)
    @Option(
      help: ArgumentHelp(
        "Open Bandit, a folder or .zip, or a .csv of user,position,action,reward,propensity.",
        valueName: "source"))
    var data: String
    @Option(
      help: ArgumentHelp("Whose decisions (default: random).", valueName: "random|bts"))
    var behaviour = "random"
    @Option(help: ArgumentHelp("Of which campaign (default: all).", valueName: "all|men|women"))
    var campaign = "all"
    @Option(help: "Only decisions at this position, from 1 (default: all).")
    var position: Int?
    @Option(
      help: ArgumentHelp(
        "What is done where probabilities differ (default: rejection).",
        valueName: BanditReplay.Method.allCases.map(\.rawValue).joined(separator: "|")))
    var method = BanditReplay.Method.rejection
    @Option(help: "Give it again for more (default: all the usual ones).")
    var policy: [String] = []
    @Option(help: "How many orders and seeds (default: 20).")
    var seeds = 20
    @Option(help: "The first seed; the others follow it (default: 1).")
    var seed: UInt64 = 1
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard (1...10_000).contains(seeds) else {
        throw ValidationError("--seeds is \(seeds); it must be 1 ... 10000.")
      }
      guard seed < .max - 10_000 else {
        throw ValidationError("--seed is \(seed); it must be below 2⁶⁴ − 10,000.")
      }
      if OpenBandit.Behaviour(rawValue: behaviour) == nil {
        throw ValidationError("--behaviour is \(behaviour); it must be random or bts.")
      }
      if OpenBandit.Campaign(rawValue: campaign) == nil {
        throw ValidationError("--campaign is \(campaign); it must be all, men or women.")
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
        data.hasSuffix(".csv")
        ? try LoggedFeedback.read(csv: data)
        : try OpenBandit(data).read(
          OpenBandit.Behaviour(rawValue: behaviour)!, OpenBandit.Campaign(rawValue: campaign)!)
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
            if Interrupt.isRequested { throw Experiment.Interrupted(step: 0) }
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
      if output.json { return try Console.result(RunFolder.json(result, pretty: true)) }
      let header = [
        "policy", "value", "± 1 s.e.", "over orders", "kept", "effective", "mean weight",
      ]
      let cells = rows.map { row in
        [
          row.policy, row.value.map { decimal($0, 5) } ?? "–",
          row.standardError.map { decimal($0, 5) } ?? "–",
          row.deviation.map { decimal($0, 5) } ?? "–", decimal(row.kept, 1),
          decimal(row.effectiveSample, 1), decimal(row.meanWeight, 3),
        ]
      }
      try Console.result(
        """
        \(log.name): \(grouped(replay.count)) decisions of \(log.actionCount) actions, logged value \
        \(decimal(replay.loggedValue, 5)); \(method.rawValue), \(seeds) orders
        \(Table(rows: [header] + cells).text)
        """)
    }
  }
}

extension BanditReplay.Method: ExpressibleByArgument {}

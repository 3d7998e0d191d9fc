import ArgumentParser
import DRR
import Kernels

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Let agents recommend in simulated worlds.",
    discussion: """
      Examples:
        drr simulate --run runs/first
        drr simulate irecgan --run runs/gan
        drr simulate sessions --world tabular --policy mix --sessions 1000 --out logs/mix
        drr simulate values --world tabular
        drr simulate sweep --sizes 200,1000 --policies max,mix --seeds 3 --run runs/sweep
      """,
    subcommands: [DRR.self, IRecGAN.self, Sessions.self, Values.self, Sweep.self],
    defaultSubcommand: DRR.self)

  struct DRR: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drr",
      abstract: "Let the agent of a run of DRR recommend to held-out users.",
      discussion: """
        Every test user is recommended one item after another. What she has rated earns that rating's \
        reward, anything else what the world's model predicts. The agent stands frozen, and learning \
        in each session from the trained weights, beside its γ = 0 twin, baselines, the world's own model, and the greedy order that knows all rewards.

        Examples:
          drr simulate --run runs/first
          drr simulate --run runs/first --world items --consecutive 1 --json
          drr simulate --run runs/first --beside runs/myopic --frozen-only
        """)
    @OptionGroup var options: RunOptions
    @Option(help: "Where the run's ratings are now (default: where they were).")
    var data: String?
    @Option(
      help: ArgumentHelp(
        "A PMF of every rating with other seeds, or kernel ridge regression on items, fitted on the "
          + "test users.", valueName: "pmf|items"))
    var world = WorldKind.pmf
    @Option(help: "How strongly consecutive liked or disliked items move the reward.")
    var consecutive: Float = 0
    @Option(
      help: ArgumentHelp(
        "Another run of the same data and split, whose agent takes part; give it again for more.",
        valueName: "run"))
    var beside: [String] = []
    @Flag(help: "Allow items that no visible rating contains.")
    var unseenItems = false
    @Flag(help: "Do not recommend the items of a user's profile.")
    var newOnly = false
    @Flag(help: "Leave out the agent that learns in each session.")
    var frozenOnly = false
    @Option(help: "Draws the random policies and the intervals (default: the run's seed).")
    var seed: UInt64?
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      var online = OnlineProtocol()
      online.world = world
      online.consecutive = consecutive
      online.allowsUnseenItems = unseenItems
      online.allowsProfile = !newOnly
      try online.validate()
      let (experiment, model) = try reopen(options, data: data)
      let configuration = experiment.configuration
      let backend = try device.backend {
        try DeviceTrial.secondsPerUpdate(
          configuration.drr ?? DRRConfiguration(), dimension: configuration.pmf.dimension, on: $0)
      }
      let learner = frozenOnly ? nil : try experiment.readLearner(model, on: backend)
      var contestants = [
        Experiment.Contestant(
          experiment.agentName, try experiment.readAgent(model, on: backend), learner: learner)
      ]
      try experiment.noteUnfinished()
      for run in beside {
        contestants.append(
          Experiment.Contestant(run, try agent(of: run, beside: experiment, on: backend)))
      }
      let twin = try experiment.readTwin(model, on: backend).map { run, agent in
        try run.noteUnfinished()
        return Experiment.Contestant(
          experiment.twinName, agent,
          learner: frozenOnly ? nil : try run.readLearner(model, on: backend))
      }
      Interrupt.install()
      let progress = Progress()
      var observer = Observer()
      observer.progress = { progress.update($0, of: $1, $2) }
      observer.shouldStop = { Interrupt.isRequested }
      let report = try experiment.simulate(
        online, model, contestants, twin: twin, on: backend, seed: seed, observer)
      progress.finish()
      try experiment.folder.write(report, to: experiment.folder.online)
      try Console.result(output.json ? RunFolder.json(report, pretty: true) : report.text)
    }

    private func agent(
      of run: String, beside experiment: Experiment, on backend: any Backend
    ) throws -> any SessionAgent {
      let other = try RunOptions.parse(["--run", run])
      let (found, model) = try reopen(other, data: data)
      let (mine, its) = (experiment.configuration, found.configuration)
      guard mine.data.checksum == its.data.checksum, mine.evaluation == its.evaluation,
        mine.scale == its.scale, mine.drr?.window == its.drr?.window
      else {
        throw RunError(
          "\(run): its data, split or window differ from those of \(options.run); the sessions would "
            + "not be the same")
      }
      return try found.readAgent(model, on: backend)
    }
  }
}

extension WorldKind: ExpressibleByArgument {}

extension OnlineReport {
  var text: String {
    let cutoffs = configuration.evaluation.cutoffs
    func table(_ title: String, _ value: (OnlineResult.Row) -> Estimate?) -> String {
      let header = [title] + cutoffs.flatMap { ["@\($0)", ""] }
      let body = policies.map { policy in
        [policy.name]
          + policy.rows.flatMap { row -> [String] in
            guard let found = value(row) else { return ["–", ""] }
            let interval = "\(decimal(found.low, 3)) to \(decimal(found.high, 3))"
            return [decimal(found.mean, 3), interval]
          }
      }
      return Table(rows: [header] + body).text
    }
    var tables = [table("mean reward", \.reward), table("over PMF greedy", \.overPMF)]
    if let twin { tables.append(table("over \(twin)", \.overTwin)) }
    let picks =
      [["picks", "in her log", "under 5 ratings", "different", "satisfaction"]]
      + policies.map {
        [
          $0.name, decimal($0.inLog, 3), decimal($0.rarelyRated, 3), grouped($0.distinctItems),
          decimal($0.satisfaction, 3),
        ]
      }
    return """
      data      \(configuration.data.name), \(grouped(configuration.data.ratings)) ratings, CRC-32 \(configuration.data.checksum)
      protocol  \(protocolSummary)
      sessions  \(sessions); \(leftOut) test users left out: too few liked profile items
      seeds     run \(configuration.seed), split \(configuration.evaluation.splitSeed), simulation \(seed); intervals: 95%, users resampled
      device    \(device)

      \(tables.joined(separator: "\n\n"))

      \(Table(rows: picks).text)
      """
  }
}

import ArgumentParser
import DRR

extension SimulateCommand {
  struct DRR: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "drr",
      abstract: "Let the agents of runs recommend to held-out users.",
      usage: "drr simulate drr [<options>]",
      discussion: """
        Every test user is recommended one item after another. What the user has rated earns that \
        rating's reward, anything else what the simulator's model predicts. Each agent has fixed \
        weights, or is fine-tuned online and reset for every user. Beside them stand its myopic copy, \
        baselines, the simulator's own model, and the greedy order that knows all rewards.

        Examples:
          drr simulate --run runs/first
          drr simulate --run runs/first --env items --streak-strength 1 --json
          drr simulate --run runs/first --run runs/short --frozen-only
        """)
    @OptionGroup var compared: RunsBeside
    @OptionGroup var place: RunDataOption
    @Option(
      help: ArgumentHelp(
        "The simulator: a PMF of every rating with other seeds, or kernel ridge regression on "
          + "items, fitted on the test users."))
    var env = WorldKind.pmf
    @Option(help: "Strength of the streak effect of liked or disliked items on the reward.")
    var streakStrength: Float = 0
    @Flag(help: "Allow items without a training rating.")
    var unseenItems = false
    @Flag(
      inversion: .prefixedNo,
      help: "Also recommend again what is in a user's observed history.")
    var seenItems = false
    @Option(
      help: "ε: how often an agent's action is a random one, as in algorithm 1 of Liu et al. 2018.")
    var epsilon: Float = 0
    @Flag(help: "Leave out online fine-tuning.")
    var frozenOnly = false
    @OptionGroup var random: MeasurementSeedOption
    @OptionGroup var tables: TableOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      try requireStreak(streakStrength)
    }

    func run() throws {
      var online = OnlineProtocol()
      online.world = env
      online.consecutive = streakStrength
      online.allowsUnseenItems = unseenItems
      online.allowsProfile = seenItems
      online.exploration = epsilon == 0 ? nil : epsilon
      try online.validate()
      let (experiment, model) = try reopen(compared.first(), data: place.data)
      let configuration = experiment.configuration
      _ = try configuration.trainedAgent(in: experiment.folder)
      try compared.requireComparable(with: experiment, data: place.data)
      let backend = try device.backend {
        try DeviceTrial.secondsPerUpdate(
          configuration.agent, dimension: configuration.pmf.dimension, on: $0)
      }
      let learner =
        frozenOnly
        ? nil : try experiment.readLearner(model, on: backend, among: Ranks.all)
      var contestants = [
        Experiment.Contestant(
          experiment.agentName, try experiment.readAgent(model, on: backend), learner: learner)
      ]
      try experiment.noteUnfinished()
      contestants += try compared.others(beside: experiment, data: place.data, on: backend)
        .map { Experiment.Contestant($0.name, $0.agent) }
      let myopic = try experiment.readMyopic(model, on: backend).map { run, agent in
        try run.noteUnfinished()
        return Experiment.Contestant(
          experiment.myopicName, agent,
          learner: frozenOnly
            ? nil : try run.readLearner(model, on: backend, among: Ranks.all))
      }
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      let report = try experiment.simulate(
        online, model, contestants, myopic: myopic, on: backend, seed: random.seed,
        .watching(progress), among: Ranks.all)
      progress.finish()
      try output.print(
        report, tables.all ? report.text : report.summary(tables.format),
        isForPeople: tables.format == .text
      ) {
        try experiment.folder.write(report, to: experiment.folder.online)
      }
    }
  }
}

extension WorldKind: ExpressibleByArgument {}

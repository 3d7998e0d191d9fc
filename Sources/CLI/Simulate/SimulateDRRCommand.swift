import ArgumentParser
import DRR
import Kernels

extension SimulateCommand {
  struct DRR: ParsableCommand {
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
    @Option(
      name: .customLong("run"),
      help: ArgumentHelp(
        "The folder of a trained run; may repeat. Further runs, of the same data and split, are "
          + "compared in the first one's simulator. (default: runs/default)", valueName: "folder"),
      completion: .directory)
    var runs: [String] = []
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
    @Flag(help: "Do not recommend items of a user's observed history.")
    var newOnly = false
    @Flag(help: "Leave out online fine-tuning.")
    var frozenOnly = false
    @OptionGroup var random: MeasurementSeedOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      try requireStreak(streakStrength)
      if runs.contains("") { throw ValidationError("--run is empty; name a folder.") }
      if Set(runs).count < runs.count {
        let twice = runs.first { run in runs.count { $0 == run } > 1 }!
        throw ValidationError("--run \(twice) is named twice; leave one of them out.")
      }
    }

    /// The first run: the one whose simulator it is.
    private func options() throws -> RunOptions {
      try RunOptions.parse(runs.first.map { ["--run", $0] } ?? [])
    }

    func run() throws {
      var online = OnlineProtocol()
      online.world = env
      online.consecutive = streakStrength
      online.allowsUnseenItems = unseenItems
      online.allowsProfile = !newOnly
      try online.validate()
      let (experiment, model) = try reopen(options(), data: place.data)
      let configuration = experiment.configuration
      let backend = try device.backend {
        try DeviceTrial.secondsPerUpdate(
          configuration.agent, dimension: configuration.pmf.dimension, on: $0)
      }
      let learner = frozenOnly ? nil : try experiment.readLearner(model, on: backend)
      var contestants = [
        Experiment.Contestant(
          experiment.agentName, try experiment.readAgent(model, on: backend), learner: learner)
      ]
      try experiment.noteUnfinished()
      for run in runs.dropFirst() {
        contestants.append(
          Experiment.Contestant(run, try agent(of: run, beside: experiment, on: backend)))
      }
      let myopic = try experiment.readMyopic(model, on: backend).map { run, agent in
        try run.noteUnfinished()
        return Experiment.Contestant(
          experiment.myopicName, agent,
          learner: frozenOnly ? nil : try run.readLearner(model, on: backend))
      }
      Interrupt.install()
      let progress = Progress()
      defer { progress.finish() }
      let report = try experiment.simulate(
        online, model, contestants, myopic: myopic, on: backend, seed: random.seed,
        .watching(progress))
      progress.finish()
      try experiment.folder.write(report, to: experiment.folder.online)
      try output.print(report, report.text)
    }

    private func agent(
      of run: String, beside experiment: Experiment, on backend: any Backend
    ) throws -> any SessionAgent {
      let other = try RunOptions.parse(["--run", run])
      let (found, model) = try reopen(other, data: place.data)
      let (mine, its) = (experiment.configuration, found.configuration)
      guard mine.data.checksum == its.data.checksum, mine.evaluation == its.evaluation,
        mine.scale == its.scale, mine.agent?.training.window == its.agent?.training.window
      else {
        throw RunError(
          "--run \(run) has other data, another split or another window than "
            + "\(experiment.folder.path); name runs that share them")
      }
      return try found.readAgent(model, on: backend)
    }
  }
}

extension WorldKind: ExpressibleByArgument {}

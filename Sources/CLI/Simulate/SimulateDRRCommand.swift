import ArgumentParser
import DRR
import Kernels

extension SimulateCommand {
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
      var observer = Experiment.Observer()
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

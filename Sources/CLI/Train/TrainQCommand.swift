import ArgumentParser
import DRR
import Terminal

extension TrainCommand {
  struct Q: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "q", abstract: "Learn a table of action values in a tabular MDP.",
      discussion: """
        The environments are solved exactly beside it, by value iteration. A table that is to come \
        close to exact values in a stochastic environment needs step sizes that fall, exploring \
        starts and balanced draws. An MDP of your own is a file of comma-separated values with the \
        header state,action,probability,next,reward,done (docs/formats.md).

        Examples:
          drr train q --env lizard --show
          drr train q --env cliff --method sarsa --steps 100000 --run runs/cliff
          drr train q --env robot --step-size n^-0.7 --exploring-starts --run runs/robot
          drr train q --env own.csv --start starts.csv --run runs/own
          drr train q --socket world.sock --steps 200000 --run runs/lake
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var world: ProcessOptions
    @OptionGroup var elsewhere: SocketOption
    @Option(help: "The algorithm. (default: q)")
    var method: TabularMethod?
    @Option(
      help: """
        α: a number, 1/n or n^-0.7, n the visits of a state-action entry. (default: 0.7; socket 0.1)
        """,
      completion: .list(["0.7", "1/n", "n^-0.7"]))
    var stepSize: StepSize?
    @Option(
      help: "γ, the discount factor (--gamma). (default: the environment's; file and socket 0.99)")
    var discount: Double?
    @Option(help: "ε of the first step. (default: 1)")
    var epsilonStart: Double?
    @Option(help: "ε that it falls to. (default: 0.01; socket 0.05)")
    var epsilonEnd: Double?
    @Option(help: "Fraction of the steps in which ε falls. (default: 0.5; socket 0.2)")
    var explorationFraction: Double?
    @Option(help: "How ε falls. (default: exponential; socket linear)")
    var epsilonShape: EpsilonSchedule.Shape?
    @Option(help: "Steps in all. (default: 10000; socket 50000)")
    var steps: Int?
    @Option(help: "Steps after which an episode is truncated. (default: 200)")
    var maxEpisodeSteps: Int?
    @Option(help: "Initial value of every state-action entry. (default: 0)")
    var initialValue: Double?
    @Flag(help: "Start episodes in any state, with any action.")
    var exploringStarts = false
    @Option(
      help: "Outcomes: drawn, or in turn by their probabilities. (default: independent)")
    var draws: OutcomeDraws?
    @OptionGroup var random: RunSeedOption
    @Flag(help: "Print the table and the greedy path as it learns.")
    var show = false
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      if elsewhere.isGiven(options.folder, training.start) { return try learnElsewhere() }
      let begun: TabularConfiguration? =
        try training.start.begun(options.folder)
      var settings = settings(begun)
      let process = try world.starts.read(world.env, for: &settings)
      try SettledTraining(
        options: options, group: group, training: training, device: nil, settings: settings
      ).run(output, trial: { _ in 0 }) { settings, _ in
        let learner = try TabularLearner(settings, process)
        learner.onReport = { [show] report in
          if show { Console.note(learner.text(report)) }
        }
        return (learner, { learner.text($0) })
      }
    }

    private func learnElsewhere() throws {
      try elsewhere.require([
        ("--env", world.env != nil), ("--start", world.starts.start != nil),
        ("--max-episode-steps", maxEpisodeSteps != nil), ("--exploring-starts", exploringStarts),
        ("--draws", draws != nil), ("--show", show),
      ])
      try GymTraining(
        command: "train q", options: options, group: group, training: training, device: nil
      ).run(output, at: elsewhere, seed: random.seed) { wanted in
        var table = wanted.table ?? TableConfiguration()
        if let method { table.method = method }
        if let stepSize { table.stepSize = stepSize }
        if let discount { table.discount = discount }
        if let initialValue { table.initialValue = initialValue }
        wanted.table = table
        if let epsilonStart { wanted.epsilon.first = epsilonStart }
        if let epsilonEnd { wanted.epsilon.last = epsilonEnd }
        if let explorationFraction { wanted.epsilon.share = explorationFraction }
        if let epsilonShape { wanted.epsilon.shape = epsilonShape }
        if let steps { wanted.steps = steps }
      }
    }

    /// What is not given is as the run was started.
    private func settings(_ begun: TabularConfiguration?) -> TabularConfiguration {
      var settings = begun ?? TabularConfiguration()
      if let method { settings.method = method }
      if let stepSize { settings.stepSize = stepSize }
      if let discount { settings.discount = discount }
      if let epsilonStart { settings.epsilon.first = epsilonStart }
      if let epsilonEnd { settings.epsilon.last = epsilonEnd }
      if let explorationFraction { settings.epsilon.share = explorationFraction }
      if let epsilonShape { settings.epsilon.shape = epsilonShape }
      if let steps { settings.steps = steps }
      if let maxEpisodeSteps { settings.episodeLimit = maxEpisodeSteps }
      if let initialValue { settings.initialValue = initialValue }
      if exploringStarts { settings.exploringStarts = true }
      if let draws { settings.draws = draws }
      if let seed = random.seed { settings.seed = seed }
      return settings
    }
  }
}

extension TabularLearner {
  /// The table, the greedy path and how far off they are.
  fileprivate func text(_ report: TabularReport) -> String {
    let q = values
    let rows = process.states.indices.map { state in
      [process.states[state]]
        + (process.terminal.contains(state)
          ? process.actions.map { _ in "·" }
          : process.actions.indices.map { action in
            let best = q.greedy(state) == action ? "*" : " "
            return decimal(q[state, action], 3) + best
          })
    }
    return """
      step \(grouped(report.step)), episode \(grouped(report.episodes)), ε \(decimal(report.epsilon, 3))
      \(Table(rows: [[""] + process.actions.map { $0 + " " }] + rows).text)
      \(process.pathText(q))
      worth \(decimal(report.greedyValue, 3)), the best policy \(decimal(report.bestValue, 3)); \
      |Q − Q*| at most \(decimal(report.error, 4)), |V − V*| \(decimal(report.valueError, 4))

      """
  }
}

extension TabularMethod: ExpressibleByArgument {}
extension OutcomeDraws: ExpressibleByArgument {}
extension EpsilonSchedule.Shape: ExpressibleByArgument {}
extension StepSize: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

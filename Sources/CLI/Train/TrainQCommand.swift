import ArgumentParser
import DRR
import Terminal

extension TrainCommand {
  struct Q: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "q", abstract: "Learn a table of action values in a small world.",
      discussion: """
        The worlds are solved exactly beside it, by value iteration. Defaults are those of the \
        lizard's example: α 0.7, γ 0.99, ε from 1 down. A table that is to come close to exact \
        values in a world of chance needs step sizes that fall, exploring starts and balanced draws.

        Examples:
          drr train q --env lizard --show
          drr train q --env cliff --method sarsa --steps 100000 --run runs/cliff
          drr train q --env robot --step-size n^-0.7 --exploring-starts --draws balanced \
        --steps 5000000
        """)

    @OptionGroup var options: RunOptions
    @Option(
      help: ArgumentHelp(
        "Where it acts (default: lizard).",
        valueName: SmallProcess.allCases.map(\.rawValue).joined(separator: "|")))
    var env: SmallProcess?
    @Option(
      help: ArgumentHelp(
        "How it learns (default: q).",
        valueName: TabularMethod.allCases.map(\.rawValue).joined(separator: "|")))
    var method: TabularMethod?
    @Option(help: "α: a number, 1/n or n^-0.7, n the visits of a cell (default: 0.7).")
    var stepSize: StepSize?
    @Option(help: "γ (default: that of the world).")
    var discount: Double?
    @Option(help: "ε of the first step (default: 1).")
    var epsilonStart: Double?
    @Option(help: "ε that it falls to (default: 0.01).")
    var epsilonEnd: Double?
    @Option(help: "Share of the steps in which it falls (default: 0.5).")
    var epsilonShare: Double?
    @Option(
      help: ArgumentHelp(
        "How it falls (default: exponential).", valueName: "linear|exponential"))
    var epsilonShape: EpsilonSchedule.Shape?
    @Option(help: "Steps in all (default: 10000).")
    var steps: Int?
    @Option(help: "Steps after which an episode is cut off (default: 200).")
    var episodeLimit: Int?
    @Option(help: "Value of every pair before it is visited (default: 0).")
    var initialValue: Double?
    @Flag(help: "Begin episodes in any state, with any action.")
    var exploringStarts = false
    @Option(
      help: ArgumentHelp(
        "How outcomes are drawn: independently, or in turn by their shares (default: independent).",
        valueName: "independent|balanced"))
    var draws: OutcomeDraws?
    @Option(help: "Draws actions and outcomes (default: 0).")
    var seed: UInt64?
    @Flag(help: "Print the table and the greedy path as it learns.")
    var show = false
    @OptionGroup var training: TrainingOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let folder = options.folder
      let begun = training.fresh ? nil : try folder.read(TabularConfiguration.self)
      let run = try KindRun(settings(begun), folder: folder)
      let learner = try TabularLearner(run.configuration)
      try run.begin(fresh: training.fresh)
      Interrupt.install()
      learner.onReport = { [show] report in
        if show { Console.note(learner.text(report)) }
      }
      let last = try training.watched(options, "q", saves: "steps") {
        try run.train(learner, device: "cpu", $0)
      }
      guard let last else { return }
      try folder.write(last, to: folder.report)
      if output.json { return try Console.result(RunFolder.json(last, pretty: true)) }
      try Console.result(learner.text(last))
    }

    /// What is not given is as the run was begun.
    private func settings(_ begun: TabularConfiguration?) -> TabularConfiguration {
      var settings = begun ?? TabularConfiguration()
      if let env { settings.environment = env }
      if let method { settings.method = method }
      if let stepSize { settings.stepSize = stepSize }
      if let discount { settings.discount = discount }
      if let epsilonStart { settings.epsilon.first = epsilonStart }
      if let epsilonEnd { settings.epsilon.last = epsilonEnd }
      if let epsilonShare { settings.epsilon.share = epsilonShare }
      if let epsilonShape { settings.epsilon.shape = epsilonShape }
      if let steps { settings.steps = steps }
      if let episodeLimit { settings.episodeLimit = episodeLimit }
      if let initialValue { settings.initialValue = initialValue }
      if exploringStarts { settings.exploringStarts = true }
      if let draws { settings.draws = draws }
      if let seed { settings.seed = seed }
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
    let path = process.greedyPath(q).map { process.states[$0] }
    return """
      step \(grouped(report.step)), episode \(grouped(report.episodes)), ε \(decimal(report.epsilon, 3))
      \(Table(rows: [[""] + process.actions.map { $0 + " " }] + rows).text)
      greedy path: \(path.joined(separator: " → "))
      worth \(decimal(report.greedyValue, 3)), the best policy \(decimal(report.bestValue, 3)); \
      |Q − Q*| at most \(decimal(report.error, 4)), |V − V*| \(decimal(report.valueError, 4))

      """
  }
}

extension SmallProcess: ExpressibleByArgument {}
extension TabularMethod: ExpressibleByArgument {}
extension OutcomeDraws: ExpressibleByArgument {}
extension EpsilonSchedule.Shape: ExpressibleByArgument {}
extension StepSize: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

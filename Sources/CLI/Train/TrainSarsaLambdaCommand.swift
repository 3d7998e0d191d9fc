import ArgumentParser
import DRR

extension TrainCommand {
  struct SarsaLambda: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sarsa-lambda",
      abstract: "Learn a table of action values in a tabular MDP by SARSA(λ).",
      discussion: """
        Every step's error is learned by all state-action pairs of the episode, as far as their \
        traces have not faded (Sutton & Barto 2018, section 12.7). An MDP of your own is a file, as \
        of `drr train q`.

        Examples:
          drr train sarsa-lambda --env lizard
          drr train sarsa-lambda --env cliff --lambda 0.5 --run runs/traces
          drr train sarsa-lambda --env own.csv --start starts.csv --run runs/own
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var world: ProcessOptions
    @Option(help: "λ: 0 is SARSA, 1 close to Monte Carlo. (default: 0.9)")
    var lambda: Double?
    @Option(help: "α, the step size. (default: 0.1)")
    var stepSize: Double?
    @Option(help: "γ, the discount factor. (default: the environment's; file 0.99)")
    var discount: Double?
    @Option(help: "ε of the first step. (default: 1)")
    var epsilonStart: Double?
    @Option(help: "ε that it falls to. (default: 0.01)")
    var epsilonEnd: Double?
    @Option(help: "Fraction of the steps in which ε falls. (default: 0.5)")
    var explorationFraction: Double?
    @Option(help: "Steps in all. (default: 20000)")
    var steps: Int?
    @Option(help: "Steps after which an episode is truncated. (default: 200)")
    var maxEpisodeSteps: Int?
    @OptionGroup var random: RunSeedOption
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let begun: SarsaLambdaConfiguration? =
        try training.start.begun(options.folder)
      var settings = settings(begun)
      let process = try world.starts.read(world.env, for: &settings)
      try SettledTraining(
        options: options, group: group, training: training, device: nil, settings: settings
      ).run(output, trial: { _ in 0 }) { settings, _ in
        let learner = try SarsaLambdaLearner(settings, process)
        return (
          learner,
          {
            learner.process.text(
              learner.values, step: $0.step, worth: $0.greedyValue, best: $0.bestValue)
          }
        )
      }
    }

    private func settings(_ begun: SarsaLambdaConfiguration?) -> SarsaLambdaConfiguration {
      var settings = begun ?? SarsaLambdaConfiguration()
      if let lambda { settings.lambda = lambda }
      if let stepSize { settings.stepSize = stepSize }
      if let discount { settings.discount = discount }
      if let epsilonStart { settings.epsilon.first = epsilonStart }
      if let epsilonEnd { settings.epsilon.last = epsilonEnd }
      if let explorationFraction { settings.epsilon.share = explorationFraction }
      if let steps { settings.steps = steps }
      if let maxEpisodeSteps { settings.episodeLimit = maxEpisodeSteps }
      if let seed = random.seed { settings.seed = seed }
      return settings
    }
  }
}

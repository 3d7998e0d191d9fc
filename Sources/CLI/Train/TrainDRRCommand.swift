import ArgumentParser
import DRR

extension TrainCommand {
  struct DRR: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "drr", abstract: "Train DRR by DDPG in a simulator, after its PMF.",
      discussion: """
        DRR as published (Liu et al. 2018): a state module over liked items, an actor whose vector \
        scores the items, a critic, and the policy of the last step. A run that was interrupted or \
        killed goes on from its last checkpoint, to the same bits: give the command again, or its \
        --run alone. Beside the agent a myopic one is trained, with γ = 0, in the folder twin of the \
        run: the gap between the two measures planning.

        Examples:
          drr train drr --data ml-100k.zip --run runs/drr
          drr train drr --run runs/drr
          drr train drr --data ml-100k.zip --state att --no-myopic --run runs/att
          drr train drr --data ml-100k.zip --seeds 5 --splits 3 --run runs/many
          drr train drr --steps 200000 --seed 1 --device opencl --run runs/gpu
        """)

    @OptionGroup var options: AgentCommandOptions<DRROptions>

    func run() throws { try options.train() }
  }
}

struct DRROptions: ParsableArguments, AgentSettings {
  @OptionGroup var shared: ActorCriticOptions
  @Option(
    help: """
      The state module: DRR-p, -u, -ave, -att, items without a user, a GRU, or a GRU over rated \
      items with their rewards, disliked ones too. (default: ave)
      """)
  var state: StateModuleKind?
  @Option(help: "Width of the hidden layers. (default: 128)")
  var hidden: Int?
  @Option(help: "How training strays from the policy. (default: epsilon)")
  var exploration: ExplorationKind?
  @Option(help: "σ of gaussian and ou exploration. (default: 0.1)")
  var explorationNoise: Float?
  @Option(help: "θ of ou exploration, a step. (default: 0.15)")
  var explorationReversion: Float?
  @Option(help: "TD3: σ of the noise on target actions. (default: 0)")
  var policyNoise: Float?
  @Option(help: "TD3: largest such noise. (default: 0.5)")
  var noiseClip: Float?
  @Option(help: "n of n-step returns. (default: 1)")
  var nStep: Int?

  var myopic: Bool? { shared.myopic }
  var trainsMyopic: Bool { true }

  func apply(to agent: inout DRRConfiguration) {
    shared.apply(to: &agent.training)
    shared.apply(to: &agent.ddpg)
    if let state { agent.state = state }
    if let hidden { agent.ddpg.hidden = hidden }
    if let exploration { agent.exploration = exploration }
    if let explorationNoise { agent.explorationDeviation = explorationNoise }
    if let explorationReversion { agent.explorationReversion = explorationReversion }
    if let policyNoise { agent.ddpg.targetNoise = policyNoise }
    if let noiseClip { agent.ddpg.targetNoiseClip = noiseClip }
    if let nStep { agent.ddpg.returnSteps = nStep }
  }
}

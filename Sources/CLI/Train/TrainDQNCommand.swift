import ArgumentParser
import DRR

extension TrainCommand {
  struct DQN: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "dqn", abstract: "Train a deep Q-network over all items, or in a small world.",
      discussion: """
        Double and duelling, with prioritised replay and a target network. On ratings the state is \
        what DRR's is, or a GRU over the liked items, on vectors of a PMF that is fitted first; \
        choices are those of users' logs, or the agent's own in a simulator.

        Examples:
          drr train dqn --env cliff --exploring-starts --run runs/cliff
          drr train dqn --data ml-100k.zip --split latest --run runs/dqn
          drr train dqn --data ml-100k.zip --world pmf --state ave --window 5 --run runs/simulated
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var settings: SettingOptions
    @OptionGroup var agent: DQNOptions
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      if agent.deep.isSmall(options.folder, fresh: training.fresh) {
        return try SmallWorldTraining(
          command: "dqn", options: options, training: training, device: device
        ).run(output) { begun in
          var small = begun ?? SmallWorldConfiguration()
          agent.deep.apply(to: &small, seed: settings.seed)
          var dqn = small.dqn ?? DQNConfiguration()
          agent.apply(to: &dqn)
          small.dqn = dqn
          return small
        }
      }
      try AgentTraining(
        command: "dqn", options: options, settings: settings, agent: agent, group: group,
        training: training, device: device
      ).run(output)
    }
  }
}

struct DQNOptions: ParsableArguments, AgentSettings {
  @OptionGroup var deep: DeepOptions
  @Flag(inversion: .prefixedNo, help: "The network chooses what its target values (default: yes).")
  var double: Bool?
  @Flag(
    inversion: .prefixedNo,
    help: "A state's value and its actions' advantages are told apart (default: yes).")
  var duelling: Bool?
  @Option(help: "Transitions an update (default: 64).")
  var batch: Int?
  @Option(help: "Transitions kept (default: 100000).")
  var replay: Int?
  @Option(help: "Updates after each step of the environments together (default: 1).")
  var updatesPerStep: Int?
  @Option(help: "Steps before the first update (default: 1000; small worlds 200).")
  var learningStarts: Int?
  @Option(help: "n, the rewards that a transition sums up (default: 1).")
  var returnSteps: Int?
  @Option(help: "τ, the weight of the network in a target update (default: 0.01).")
  var targetRate: Float?
  @Option(help: "α of prioritised replay; 0 draws evenly (default: 0.6).")
  var priorityExponent: Float?
  @Option(
    help:
      "Weight of what keeps values of choices that no log shows down (default: 1; small worlds 0).")
  var conservatism: Float?

  var twin: Bool { false }

  func prepare(_ run: inout RunConfiguration, asPublished: Bool) {
    guard run.drr == nil else { return }
    DeepOptions.begin(&run)
    var dqn = DQNConfiguration()
    dqn.conservatism = 1
    run.drr!.dqn = dqn
  }

  func apply(to drr: inout DRRConfiguration) throws(ConfigurationError) {
    guard var dqn = drr.dqn else {
      throw ConfigurationError("the run is not one of deep Q-learning; name another --run")
    }
    deep.apply(to: &drr)
    apply(to: &dqn)
    if let updatesPerStep { drr.updatesPerStep = updatesPerStep }
    if let learningStarts { drr.learningStarts = learningStarts }
    if let discount = deep.discount { dqn.discount = discount }
    drr.ddpg.discount = dqn.discount
    drr.ddpg.replayCapacity = dqn.replayCapacity
    drr.dqn = dqn
  }

  func apply(to dqn: inout DQNConfiguration) {
    if let hidden = deep.hidden { dqn.hidden = hidden }
    if let learningRate = deep.learningRate { dqn.learningRate = learningRate }
    if let norm = deep.gradientNorm { dqn.gradientNorm = norm }
    if let double { dqn.isDouble = double }
    if let duelling { dqn.isDuelling = duelling }
    if let batch { dqn.batchSize = batch }
    if let replay { dqn.replayCapacity = replay }
    if let returnSteps { dqn.returnSteps = returnSteps }
    if let targetRate { dqn.targetRate = targetRate }
    if let priorityExponent { dqn.priorityExponent = priorityExponent }
    if let conservatism { dqn.conservatism = conservatism }
  }
}

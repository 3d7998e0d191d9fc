import ArgumentParser
import DRR

extension TrainCommand {
  struct DQN: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "dqn", abstract: "Train a deep Q-network over all items, or in a tabular MDP.",
      discussion: """
        Double and dueling DQN with prioritized replay and a target network. On ratings the state is \
        one of DRR's, by default a GRU over the liked items, on vectors of a PMF that is fitted \
        first; choices are those of users' logs, or the agent's own in a simulator.

        Examples:
          drr train dqn --env cliff --exploring-starts --run runs/cliff
          drr train dqn --env own.csv --start starts.csv --run runs/own
          drr train dqn --data ml-100k.zip --split latest --run runs/dqn
          drr train dqn --data ml-100k.zip --env pmf --state ave --run runs/simulated
          drr train dqn --socket world.sock --steps 50000 --run runs/cartpole
        """)

    @OptionGroup var options: AgentCommandOptions<DQNOptions>

    func run() throws {
      try options.trainAnywhere {
        guard options.agent.deep.env == .point else { return false }
        throw ValidationError("--env is point, which `drr train pg` alone moves; name another.")
      }
    }
  }
}

struct DQNOptions: ParsableArguments, DeepAgentSettings {
  @OptionGroup var deep: DeepOptions
  @Flag(
    inversion: .prefixedNo,
    help: "Double DQN: the network chooses the action that its target values. (default: yes)")
  var double: Bool?
  @Flag(
    inversion: .prefixedNo,
    help: "Dueling DQN: a state's value beside its actions' advantages. (default: yes)")
  var dueling: Bool?
  @Option(help: "Transitions an update. (default: 64)")
  var batchSize: Int?
  @Option(help: "Transitions in the replay buffer. (default: 100000)")
  var bufferSize: Int?
  @Option(
    help: """
      Ratings and socket: updates after each step of all environments (--gradient-steps). \
      (default: 1)
      """)
  var updatesPerStep: Int?
  @Option(help: "Steps before the first update. (default: 1000; tabular 200)")
  var learningStarts: Int?
  @Option(help: "ε of the first step, where the agent chooses. (default: 1)")
  var epsilonStart: Double?
  @Option(help: "ε that it falls to. (default: 0.05; tabular 0.1)")
  var epsilonEnd: Double?
  @Option(help: "Fraction of the steps in which ε falls. (default: 0.5; socket 0.2)")
  var explorationFraction: Double?
  @Option(help: "n of n-step returns. (default: 1)")
  var nStep: Int?
  @Option(help: "τ of the soft target update (--tau). (default: 0.01)")
  var targetRate: Float?
  @Option(help: "α of prioritized replay; 0 draws uniformly. (default: 0.6)")
  var priorityExponent: Float?
  @Option(
    help: """
      α of conservative Q-learning, which lowers values no log shows. (default: 1; tabular and \
      socket 0)
      """)
  var cqlAlpha: Float?

  var myopic: Bool? { deep.myopic }

  func validate() throws {
    if let explorationFraction, !(0...1).contains(explorationFraction) {
      throw ValidationError(
        "--exploration-fraction is \(explorationFraction); it must be 0 ... 1.")
    }
  }

  func apply(to agent: inout DQNAgentConfiguration) {
    deep.apply(to: &agent.training)
    apply(to: &agent.dqn)
    if let updatesPerStep { agent.updatesPerStep = updatesPerStep }
    if let learningStarts { agent.learningStarts = learningStarts }
    if let epsilonStart { agent.epsilonStart = Float(epsilonStart) }
    if let epsilonEnd { agent.epsilonEnd = Float(epsilonEnd) }
    if let explorationFraction {
      let steps = min(agent.steps, ConfigurationError.mostCounted)
      agent.explorationSteps = Int(explorationFraction * Double(steps))
    }
    if let discount = deep.discount { agent.discount = discount }
  }

  func apply(to small: inout SmallWorldConfiguration) {
    var dqn = small.dqn ?? DQNConfiguration()
    apply(to: &dqn)
    small.dqn = dqn
    if let learningStarts { small.learningStarts = learningStarts }
    if let epsilonStart { small.epsilon.first = epsilonStart }
    if let epsilonEnd { small.epsilon.last = epsilonEnd }
    if let explorationFraction { small.epsilon.share = explorationFraction }
  }

  func apply(to elsewhere: inout GymRunConfiguration) {
    var dqn = elsewhere.dqn ?? GymRunConfiguration.defaultDQN
    apply(to: &dqn)
    if let discount = deep.discount { dqn.discount = discount }
    elsewhere.dqn = dqn
    if let learningStarts { elsewhere.learningStarts = learningStarts }
    if let updatesPerStep { elsewhere.updatesPerStep = updatesPerStep }
    if let epsilonStart { elsewhere.epsilon.first = epsilonStart }
    if let epsilonEnd { elsewhere.epsilon.last = epsilonEnd }
    if let explorationFraction { elsewhere.epsilon.share = explorationFraction }
  }

  func apply(to dqn: inout DQNConfiguration) {
    if let hidden = deep.hidden { dqn.hidden = hidden }
    if let learningRate = deep.learningRate { dqn.learningRate = learningRate }
    if let norm = deep.maxGradNorm { dqn.gradientNorm = norm }
    if let double { dqn.isDouble = double }
    if let dueling { dqn.isDuelling = dueling }
    if let batchSize { dqn.batchSize = batchSize }
    if let bufferSize { dqn.replayCapacity = bufferSize }
    if let nStep { dqn.returnSteps = nStep }
    if let targetRate { dqn.targetRate = targetRate }
    if let priorityExponent { dqn.priorityExponent = priorityExponent }
    if let cqlAlpha { dqn.conservatism = cqlAlpha }
  }
}

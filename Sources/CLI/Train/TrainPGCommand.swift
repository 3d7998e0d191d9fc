import ArgumentParser
import DRR

extension TrainCommand {
  struct PG: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "pg",
      abstract: "Train a softmax policy over all items by policy gradients, or in a tabular MDP.",
      discussion: """
        REINFORCE with a baseline, or advantage actor-critic. In playback of users' logs REINFORCE \
        weights every choice by π / β, with a learned behavior policy β, and for lists of K by the \
        top-K correction.

        Examples:
          drr train pg --env robot --method a2c --exploring-starts --run runs/robot
          drr train pg --env own.csv --method a2c --exploring-starts --run runs/own
          drr train pg --env point --run runs/point
          drr train pg --socket world.sock --method a2c --run runs/cartpole
          drr train pg --data ml-100k.zip --split latest --top-k 10 --run runs/pg
          drr train pg --data ml-100k.zip --env pmf --method a2c --run runs/a2c
        """)

    @OptionGroup var options: AgentCommandOptions<PGOptions>

    func run() throws { try options.trainAnywhere { try options.movePoint() } }
  }
}

extension AgentCommandOptions<PGOptions> {
  /// Moves the point; false where it is not meant.
  fileprivate func movePoint() throws -> Bool {
    guard agent.isPoint(options.folder, training.start) else { return false }
    try agent.requirePoint(settings, group)
    let begun: GaussianConfiguration? = try training.start.begun(options.folder)
    var settings = begun ?? GaussianConfiguration()
    if let steps = agent.deep.steps { settings.steps = steps }
    if let numEnvs = agent.deep.numEnvs { settings.environments = numEnvs }
    if let hidden = agent.deep.hidden { settings.hidden = hidden }
    if let rate = agent.deep.learningRate { settings.learningRate = rate }
    if let discount = agent.deep.discount { settings.world.discount = Double("\(discount)")! }
    if let seed = self.settings.seed { settings.seed = seed }
    let wanted = settings
    try SettledTraining(
      options: options, group: group, training: training, device: device, settings: wanted
    ).run(output, trial: { try DeviceTrial.secondsPerSmallUpdate(on: $0) }) { settings, backend in
      let trainer = try GaussianTrainer(settings, on: backend)
      return (
        trainer,
        { last in
          "point, step \(grouped(last.step)): cost \(decimal(last.meanCost, 3)) an episode, gain "
            + "\(decimal(last.gain, 3)), the best \(decimal(last.bestGain, 3))"
        }
      )
    }
    return true
  }
}

struct PGOptions: ParsableArguments, DeepAgentSettings {
  @OptionGroup var deep: DeepOptions
  @Option(
    help: "REINFORCE, or advantage actor-critic, which learns in no playback. (default: reinforce)")
  var method: PolicyGradientMethod?
  @Option(help: "What is subtracted from returns. (default: value; of ratings none)")
  var baseline: PolicyBaseline?
  @Option(help: "Weight of the policy's entropy. (default: 0.01)")
  var entropyCoef: Float?
  @Option(help: "Steps between updates of a2c. (default: 8)")
  var rolloutLength: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "In playback, weight choices by π / β. (default: yes)")
  var offPolicy: Bool?
  @Option(help: "The largest such weight. (default: 10)")
  var weightCap: Float?
  @Option(help: "K of the top-K correction, for lists of K; 1: none. (default: 1)")
  var topK: Int?

  var myopic: Bool? { deep.myopic }

  /// Whether the point is to be moved: named, or that of a run which was started.
  func isPoint(_ folder: RunFolder, _ start: StartOptions) -> Bool {
    if let env = deep.env { return env == .point }
    return start.algorithm(in: folder) == GaussianConfiguration.algorithms[0]
  }

  /// Refuses what the point has no use for.
  func requirePoint(_ settings: SettingOptions, _ group: GroupOptions) throws {
    try deep.requireNoRatings(settings, group)
    let other = firstGiven([
      ("--max-episode-steps", deep.maxEpisodeSteps != nil),
      ("--exploring-starts", deep.exploringStarts), ("--start", deep.starts.start != nil),
      ("--max-grad-norm", deep.maxGradNorm != nil),
      ("--method", method != nil), ("--baseline", baseline != nil),
      ("--entropy-coef", entropyCoef != nil), ("--rollout-length", rolloutLength != nil),
      ("--off-policy", offPolicy != nil), ("--weight-cap", weightCap != nil),
      ("--top-k", topK != nil),
    ])
    guard let other else { return }
    throw ValidationError("\(other) has no meaning for --env point; leave it out.")
  }

  func apply(to agent: inout PolicyGradientAgentConfiguration) {
    deep.apply(to: &agent.training)
    apply(to: &agent.policyGradient)
    if let discount = deep.discount { agent.discount = discount }
  }

  func apply(to small: inout SmallWorldConfiguration) {
    var gradient = small.policyGradient ?? PolicyGradientConfiguration()
    apply(to: &gradient)
    small.policyGradient = gradient
  }

  func apply(to elsewhere: inout GymRunConfiguration) {
    var gradient = elsewhere.policyGradient ?? GymRunConfiguration.defaultPolicyGradient
    apply(to: &gradient)
    if let discount = deep.discount { gradient.discount = discount }
    elsewhere.policyGradient = gradient
  }

  func apply(to gradient: inout PolicyGradientConfiguration) {
    if let hidden = deep.hidden { gradient.hidden = hidden }
    if let learningRate = deep.learningRate { gradient.learningRate = learningRate }
    if let norm = deep.maxGradNorm { gradient.gradientNorm = norm }
    if let method { gradient.method = method }
    if let baseline { gradient.baseline = baseline }
    if let entropyCoef { gradient.entropyWeight = entropyCoef }
    if let rolloutLength { gradient.rollOutSteps = rolloutLength }
    if let offPolicy { gradient.isOffPolicy = offPolicy }
    if let weightCap { gradient.weightCap = weightCap }
    if let topK { gradient.topK = topK }
  }
}

extension PolicyGradientMethod: ExpressibleByArgument {}
extension PolicyBaseline: ExpressibleByArgument {}

import ArgumentParser
import DRR

extension TrainCommand {
  struct DDPG: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "ddpg", abstract: "Train DDPG or TD3 in a world of continuous actions.",
      discussion: """
        In VirtualTaobao an action is 27 numbers in [-1, 1] that rank what a page shows, and a page \
        has 10 clicks at most; the rate of clicks is a tenth of them. Environments stray from the \
        policy each by a noise of its own, and remembered actions that earned more than the policy's \
        own draw it to themselves. `drr simulate world virtual-taobao --run` plays what was \
        trained beside the policies that the world is known by.

        Examples:
          drr train ddpg --weights virtual-taobao.safetensors --run runs/taobao
          drr train ddpg --weights virtual-taobao.safetensors --seeds 5 --run runs/many
          drr train ddpg --socket world.sock --steps 20000 --run runs/pendulum
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup(title: "Agent options") var agent: DDPGWorldOptions
    @OptionGroup var random: RunSeedOption
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      if agent.elsewhere.isGiven(options.folder, training.start) {
        try agent.requireElsewhere()
        return try GymTraining(
          command: "train ddpg", options: options, group: group, training: training,
          device: device
        ).run(output, at: agent.elsewhere, seed: random.seed) { agent.apply(to: &$0) }
      }
      let begun: DDPGWorldConfiguration? = try training.start.begun(options.folder)
      guard let weights = agent.weights ?? begun?.weights else {
        throw ValidationError(
          "--weights is missing; name the file of the networks that the world is made of.")
      }
      let networks = try VirtualTaobaoNetworks(contentsOf: weights)
      var settings = begun ?? DDPGWorldConfiguration(weights: weights, checksum: networks.checksum)
      (settings.weights, settings.weightsChecksum) = (weights, networks.checksum)
      agent.apply(to: &settings)
      if let seed = random.seed { settings.seed = seed }
      if settings.schedule.steps <= settings.schedule.learningStarts {
        noteNoUpdate(
          steps: settings.schedule.steps, learningStarts: settings.schedule.learningStarts)
      }
      let wanted = settings
      try SettledTraining(
        options: options, group: group, training: training, device: device, settings: wanted
      ).run(
        output,
        trial: {
          try DeviceTrial.secondsPerUpdate(
            nil, dimension: VirtualTaobao.actionWidth, on: $0)
        }
      ) { settings, backend in
        let trainer = try DDPGWorldTrainer(settings, networks, on: backend)
        return (
          trainer,
          { last in
            """
            \(settings.world), step \(grouped(last.step)): with validation users a rate of clicks of \
            \(decimal(last.validationRate, 3)), \(decimal(last.validationReturn, 1)) clicks a session
            """
          }
        )
      }
    }
  }
}

/// Settings of DDPG in a world. Those not given keep what the run was started with, or the default.
struct DDPGWorldOptions: ParsableArguments {
  @Option(help: "The world. (default: virtual-taobao)")
  var world: ContinuousWorld?
  @OptionGroup var elsewhere: SocketOption
  @Option(
    help: ArgumentHelp(
      "The networks that the world is made of: generator, action and leave, as safetensors.",
      valueName: "file.safetensors"), completion: .file(extensions: ["safetensors"]))
  var weights: String?
  @Option(help: "Actions in training, in all environments. (default: 100000; socket 50000)")
  var steps: Int?
  @Option(help: "Environments that step together. (default: 128)")
  var numEnvs: Int?
  @Option(help: "Updates after each step of all environments (--gradient-steps). (default: 1)")
  var updatesPerStep: Int?
  @Option(
    help: "Steps before the first update, all of them at random. (default: 20000; socket 1000)")
  var learningStarts: Int?
  @Option(help: "σ of the noise on actions where it is least. (default: 0.1)")
  var leastNoise: Float?
  @Option(help: "σ of the noise on actions where it is most. (default: 1; socket 0.1)")
  var mostNoise: Float?
  @Option(
    help: """
      θ of the noise, an Ornstein-Uhlenbeck process: what of it is lost with each step; 1 is noise \
      of each step's own. (default: 1)
      """)
  var noiseReversion: Float?
  @Option(help: "Probability of an action that is drawn evenly. (default: 0.25; socket 0)")
  var uniformShare: Float?
  @Option(help: "Width of the hidden layers. (default: 128)")
  var hidden: Int?
  @Option(help: "Transitions an update. (default: 1024; socket 128)")
  var batchSize: Int?
  @Option(help: "Transitions in the replay buffer. (default: 100000)")
  var bufferSize: Int?
  @Option(help: "The actor's learning rate. (default: 0.001)")
  var actorLearningRate: Float?
  @Option(help: "The critic's learning rate. (default: 0.002; socket 0.001)")
  var criticLearningRate: Float?
  @Option(
    help: """
      γ, the discount factor (--gamma). (default: 0, as what an action does is over with its \
      page; socket 0.99)
      """)
  var discount: Float?
  @Option(help: "τ of the soft target update (--tau). (default: 0.005)")
  var targetRate: Float?
  @Option(help: "α of prioritized replay; 0 draws uniformly. (default: 0.3; socket 0)")
  var priorityExponent: Float?
  @Flag(
    inversion: .prefixedNo, help: "TD3: two critics, with the smaller target value. (default: yes)")
  var twinCritics: Bool?
  @Option(help: "TD3: critic updates an actor update. (default: 1; socket 2)")
  var policyDelay: Int?
  @Option(help: "TD3: σ of the noise on target actions. (default: 0.2)")
  var policyNoise: Float?
  @Option(help: "TD3: largest such noise. (default: 0.5)")
  var noiseClip: Float?
  @Option(
    help: """
      Weight of self-imitation: remembered actions that earned more than the policy's own draw it. \
      (default: 30; socket none)
      """)
  var imitation: Float?
  @Option(help: "n of n-step returns. (default: 1)")
  var nStep: Int?
  @Option(help: "Evaluations on the validation users in training. (default: 10)")
  var evalCount: Int?
  @Option(help: "Validation users, a session each. (default: 200)")
  var validationUsers: Int?

  /// Refuses what a world of another program has no use for.
  func requireElsewhere() throws {
    try elsewhere.require([
      ("--world", world != nil), ("--weights", weights != nil), ("--num-envs", numEnvs != nil),
      ("--eval-count", evalCount != nil), ("--validation-users", validationUsers != nil),
    ])
  }

  func apply(to elsewhere: inout GymRunConfiguration) {
    var (schedule, ddpg) = (elsewhere.schedule, elsewhere.ddpg ?? GymRunConfiguration.defaultDDPG)
    apply(to: &schedule)
    apply(to: &ddpg)
    // One that is given alone is both.
    if let mostNoise, leastNoise == nil { schedule.leastNoise = mostNoise }
    if let leastNoise, mostNoise == nil { schedule.mostNoise = leastNoise }
    (elsewhere.schedule, elsewhere.ddpg) = (schedule, ddpg)
  }

  func apply(to settings: inout DDPGWorldConfiguration) {
    if let world { settings.world = world }
    if let evalCount { settings.validations = evalCount }
    if let validationUsers { settings.validationUsers = validationUsers }
    apply(to: &settings.schedule)
    apply(to: &settings.ddpg)
  }

  private func apply(to schedule: inout ContinuousSchedule) {
    if let steps { schedule.steps = steps }
    if let numEnvs { schedule.environments = numEnvs }
    if let updatesPerStep { schedule.updatesPerStep = updatesPerStep }
    if let learningStarts { schedule.learningStarts = learningStarts }
    if let leastNoise { schedule.leastNoise = leastNoise }
    if let mostNoise { schedule.mostNoise = mostNoise }
    if let noiseReversion { schedule.noiseReversion = noiseReversion }
    if let uniformShare { schedule.uniformShare = uniformShare }
  }

  private func apply(to ddpg: inout DDPGConfiguration) {
    if let hidden { ddpg.hidden = hidden }
    if let batchSize { ddpg.batchSize = batchSize }
    if let bufferSize { ddpg.replayCapacity = bufferSize }
    if let actorLearningRate { ddpg.actorLearningRate = actorLearningRate }
    if let criticLearningRate { ddpg.criticLearningRate = criticLearningRate }
    if let discount { ddpg.discount = discount }
    if let targetRate { ddpg.targetRate = targetRate }
    if let priorityExponent { ddpg.priorityExponent = priorityExponent }
    if let twinCritics { ddpg.twinCritics = twinCritics }
    if let policyDelay { ddpg.policyDelay = policyDelay }
    if let policyNoise { ddpg.targetNoise = policyNoise }
    if let noiseClip { ddpg.targetNoiseClip = noiseClip }
    if let imitation { ddpg.imitationWeight = imitation }
    if let nStep { ddpg.returnSteps = nStep }
  }
}

extension ContinuousWorld: ExpressibleByArgument {}

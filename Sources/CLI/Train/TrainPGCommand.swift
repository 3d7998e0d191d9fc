import ArgumentParser
import DRR

extension TrainCommand {
  struct PG: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pg",
      abstract: "Train a softmax policy over all items by policy gradients, or in a small world.",
      discussion: """
        REINFORCE with a baseline or advantage actor-critic. In playback of users' logs REINFORCE \
        weighs every choice by π / β, β being learned beside, and for lists of K by the top-K \
        correction.

        Examples:
          drr train pg --env robot --method a2c --exploring-starts --run runs/robot
          drr train pg --point --run runs/point
          drr train pg --data ml-100k.zip --split latest --top-k 10 --run runs/pg
          drr train pg --data ml-100k.zip --world pmf --method a2c --state ave --run runs/a2c
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup var settings: SettingOptions
    @OptionGroup var agent: PGOptions
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      if agent.point
        || (!training.fresh && options.folder.readAlgorithm() == GaussianConfiguration.algorithm)
      {
        return try movePoint()
      }
      if agent.deep.isSmall(options.folder, fresh: training.fresh) {
        return try SmallWorldTraining(
          command: "pg", options: options, training: training, device: device
        ).run(output) { begun in
          var small = begun ?? SmallWorldConfiguration()
          agent.deep.apply(to: &small, seed: settings.seed)
          var gradient = small.policyGradient ?? PolicyGradientConfiguration()
          agent.apply(to: &gradient)
          small.policyGradient = gradient
          return small
        }
      }
      try AgentTraining(
        command: "pg", options: options, settings: settings, agent: agent, group: group,
        training: training, device: device
      ).run(output)
    }

    private func movePoint() throws {
      let folder = options.folder
      var settings =
        (training.fresh ? nil : try folder.read(GaussianConfiguration.self))
        ?? GaussianConfiguration()
      if let steps = agent.deep.steps { settings.steps = steps }
      if let environments = agent.deep.environments { settings.environments = environments }
      if let hidden = agent.deep.hidden { settings.hidden = hidden }
      if let rate = agent.deep.learningRate { settings.learningRate = rate }
      if let discount = agent.deep.discount { settings.world.discount = Double("\(discount)")! }
      if let seed = self.settings.seed { settings.seed = seed }
      let run = try KindRun(settings, folder: folder)
      let backend = try device.backend { try DeviceTrial.secondsPerSmallUpdate(on: $0) }
      let trainer = try GaussianTrainer(settings, on: backend)
      try run.begin(fresh: training.fresh)
      Interrupt.install()
      let last = try training.watched(options, "pg", saves: "steps") {
        try run.train(trainer, device: "\(backend.device.id)", $0)
      }
      guard let last else { return }
      try folder.write(last, to: folder.report)
      if output.json { return try Console.result(RunFolder.json(last, pretty: true)) }
      try Console.result(
        "point, step \(grouped(last.step)): cost \(decimal(last.meanCost, 3)) an episode, gain "
          + "\(decimal(last.gain, 3)), the best \(decimal(last.bestGain, 3))")
    }
  }
}

struct PGOptions: ParsableArguments, AgentSettings {
  @OptionGroup var deep: DeepOptions
  @Flag(help: "Move a point on a line to 0: continuous actions, by a Gaussian policy.")
  var point = false
  @Option(
    help: ArgumentHelp(
      "What the policy is trained by (default: reinforce).",
      valueName: PolicyGradientMethod.allCases.map(\.rawValue).joined(separator: "|")))
  var method: PolicyGradientMethod?
  @Option(
    help: ArgumentHelp(
      "What is taken off the returns (default: value; of ratings none).",
      valueName: PolicyBaseline.allCases.map(\.rawValue).joined(separator: "|")))
  var baseline: PolicyBaseline?
  @Option(help: "Weight of the policy's entropy (default: 0.01).")
  var entropyWeight: Float?
  @Option(help: "Steps between updates of a2c (default: 8).")
  var rollOutSteps: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "In playback, weigh choices by π / β (default: yes).")
  var offPolicy: Bool?
  @Option(help: "The largest such weight (default: 10).")
  var weightCap: Float?
  @Option(help: "K of the top-K correction, for lists of K; 1: none (default: 1).")
  var topK: Int?

  var twin: Bool { false }

  func prepare(_ run: inout RunConfiguration, asPublished: Bool) {
    guard run.drr == nil else { return }
    DeepOptions.begin(&run)
    var gradient = PolicyGradientConfiguration()
    // A baseline would take the choices of a log that all earn alike for nothing learned.
    gradient.baseline = .none
    run.drr!.policyGradient = gradient
  }

  func apply(to drr: inout DRRConfiguration) throws(ConfigurationError) {
    guard var gradient = drr.policyGradient else {
      throw ConfigurationError("the run is not one of policy gradients; name another --run")
    }
    deep.apply(to: &drr)
    apply(to: &gradient)
    if let discount = deep.discount { gradient.discount = discount }
    drr.ddpg.discount = gradient.discount
    drr.policyGradient = gradient
  }

  func apply(to gradient: inout PolicyGradientConfiguration) {
    if let hidden = deep.hidden { gradient.hidden = hidden }
    if let learningRate = deep.learningRate { gradient.learningRate = learningRate }
    if let norm = deep.gradientNorm { gradient.gradientNorm = norm }
    if let method { gradient.method = method }
    if let baseline { gradient.baseline = baseline }
    if let entropyWeight { gradient.entropyWeight = entropyWeight }
    if let rollOutSteps { gradient.rollOutSteps = rollOutSteps }
    if let offPolicy { gradient.isOffPolicy = offPolicy }
    if let weightCap { gradient.weightCap = weightCap }
    if let topK { gradient.topK = topK }
  }
}

extension PolicyGradientMethod: ExpressibleByArgument {}
extension PolicyBaseline: ExpressibleByArgument {}

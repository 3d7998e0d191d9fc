import ArgumentParser
import DRR

extension TrainCommand {
  struct SlateQ: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "slateq", abstract: "Train SlateQ in a public world of slates.",
      discussion: """
        Users are shown slates of documents; the agent learns from what they chose and responded, and \
        is told nothing else: neither how users choose, nor anything that is hidden. The best of its \
        policies on users of its own is kept. `drr simulate worlds` says what each world is. Beside \
        SlateQ, deep Q-learning and a policy gradient learn from the same steps (--learner).

        Examples:
          drr train slateq --world interest-evolution --run runs/slateq
          drr train slateq --world interest-evolution --discount 0 --run runs/myopic
          drr train slateq --world interest-evolution --learner pg --run runs/pg
          drr train slateq --world long-term-satisfaction --window 16 --run runs/gru
          drr train slateq --world long-term-satisfaction --sensitivity 0.2 \\
            --decays 0,0.5,0.9,1 --remember-documents --seeds 5 --run runs/satisfaction
          drr simulate world long-term-satisfaction --run runs/satisfaction
        """)

    @OptionGroup var options: RunOptions
    @Option(help: "The world. (default: interest-evolution)")
    var world: WorldName?
    @OptionGroup(title: "The world's settings") var settings: SlateWorldOptions
    @OptionGroup(title: "Agent options") var agent: SlateQOptions
    @Option(
      help: ArgumentHelp(
        "Episodes of the agent and of each known policy with each of three seeds, in the table "
          + "behind the training; 0: no table."))
    var episodes = 100
    @OptionGroup var random: RunSeedOption
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if !(0...100_000).contains(episodes) {
        throw ValidationError("--episodes is \(episodes); it must be 0 ... 100,000.")
      }
      if world == .taobao {
        throw ValidationError(
          "--world is virtual-taobao, where actions are numbers; SlateQ wants one of slates.")
      }
    }

    func run() throws {
      let begun: SlateQRunConfiguration? =
        try training.start.begun(options.folder)
      var wanted = begun ?? SlateQRunConfiguration()
      if let world = world?.slates, world.name != wanted.world.name { wanted.world = world }
      try settings.require(of: WorldName(rawValue: wanted.world.name)!)
      try settings.apply(to: &wanted.world)
      agent.apply(to: &wanted.agent)
      if let seed = random.seed { wanted.seed = seed }
      try wanted.validate()
      try SettledTraining(
        options: options, group: group, training: training, device: device, settings: wanted
      ).run(output, trial: { try DeviceTrial.secondsPerSlateUpdate(on: $0) }) { settings, backend in
        let trainer = try SlateQRunTrainer(settings, on: backend)
        return (
          trainer,
          { last in
            last.keptStep = trainer.best?.step
            last.keptReturn = trainer.best?.meanReturn
            let kept = trainer.best.map {
              "kept: step \(grouped($0.step)), \(decimal($0.meanReturn, 1)) from validation users"
            }
            guard episodes > 0 else { return kept ?? "" }
            var report = try settings.world.report(episodes: episodes, seeds: [0, 1, 2])
            try report.add("untrained", [trainer], untrained: true)
            try report.add(settings.agent.learner.name, [trainer])
            return [kept, report.text].compactMap { $0 }.joined(separator: "\n")
          }
        )
      }
    }
  }
}

struct SlateQOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "SlateQ, deep Q-learning of documents, which knows no choice, or a policy gradient. (default: "
        + "slateq)"))
  var learner: SlateLearner?
  @Option(help: "Steps of all users together. (default: 1000000)")
  var steps: Int?
  @Option(help: "Users side by side. (default: 256)")
  var numEnvs: Int?
  @Option(help: "T, steps of each user between updates. (default: 32)")
  var horizon: Int?
  @Option(help: "How many times T steps are kept to learn from. (default: 8; pg: 1)")
  var rollouts: Int?
  @Option(help: "Passes over new steps, drawn from all that is kept. (default: 1; pg: 4)")
  var epochs: Int?
  @Option(help: "Steps an update. (default: 1024)")
  var batchSize: Int?
  @Option(help: "Width of the hidden layers. (default: 64)")
  var hidden: Int?
  @Option(help: "The learning rate, which falls to a fiftieth. (default: 0.001)")
  var learningRate: Float?
  @Option(
    help: ArgumentHelp(
      "How fast the weights that are played follow those that are learned, an update; 1 plays the "
        + "latest. (default: 0.01)"))
  var averageRate: Float?
  @Option(help: "γ, the discount factor (--gamma); 0 is the myopic twin. (default: 1)")
  var discount: Float?
  @Option(help: "λ of the λ-returns. (default: 0.8; pg: 0.95)")
  var lambda: Float?
  @Option(help: "ε, with which a slate is random. (default: 0.1; pg: 0)")
  var epsilon: Double?
  @Option(
    help: ArgumentHelp(
      "What is left after a step of what is remembered of an episode, a memory each: 1 adds up, 0 "
        + "keeps the last step. (default: 1)", valueName: "decay,…"),
    completion: .list(["1", "0,0.5,0.9,1"]))
  var decays: Decays?
  @Flag(
    inversion: .prefixedNo,
    help: "Remember what was chosen, beside the responses to it. (default: no)")
  var rememberDocuments: Bool?
  @Option(
    help: ArgumentHelp(
      "The latest steps that a GRU reads, what was chosen and the response; 0: no GRU. (default: 0)"
    ))
  var window: Int?
  @Option(help: "Units of the GRU. (default: 32)")
  var units: Int?
  @Option(help: "pg: what a nat of the policy's entropy is worth. (default: 0.01)")
  var entropyWeight: Float?
  @Option(help: "pg: the most that a step of an older policy weighs. (default: 2)")
  var weightCap: Float?
  @Option(
    help: ArgumentHelp(
      "Slates of the highest value (exact), built one by one (greedy), or of the highest weight "
        + "times value (top-k). (default: exact)"))
  var slates: SlateMethod?
  @Option(help: "Evaluations in training, by which a policy is kept. (default: 20)")
  var evalCount: Int?
  @Option(help: "Episodes of each. (default: 256)")
  var evalEpisodes: Int?

  func apply(to agent: inout SlateQConfiguration) {
    if let learner, learner != agent.learner { agent = SlateQConfiguration(learner) }
    if let steps { agent.steps = steps }
    if let numEnvs { agent.environments = numEnvs }
    if let horizon { agent.horizon = horizon }
    if let rollouts { agent.rollouts = rollouts }
    if let epochs { agent.epochs = epochs }
    if let batchSize { agent.batchSize = batchSize }
    if let hidden { agent.hidden = hidden }
    if let learningRate { agent.learningRate = learningRate }
    if let averageRate { agent.averageRate = averageRate }
    if let discount { agent.discount = discount }
    if let lambda { agent.lambda = lambda }
    if let epsilon { agent.epsilon = epsilon }
    if let decays { agent.decays = decays.values }
    if let rememberDocuments { agent.remembersDocuments = rememberDocuments }
    if let window { agent.window = window }
    if let units { agent.units = units }
    if let entropyWeight { agent.entropyWeight = entropyWeight }
    if let weightCap { agent.weightCap = weightCap }
    if let slates { agent.slates = slates }
    if let evalCount { agent.validations = evalCount }
    if let evalEpisodes { agent.validationEpisodes = evalEpisodes }
  }
}

/// Numbers within 0 ... 1.
struct Decays: ExpressibleByArgument {
  let values: [Float]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
    guard parts.allSatisfy({ 0...1 ~= $0 ?? -1 }) else { return nil }
    values = parts.compactMap { $0 }
  }
}

extension SlateMethod: ExpressibleByArgument {}
extension SlateLearner: ExpressibleByArgument {}

import ArgumentParser
import DRR

extension TrainCommand {
  struct Planner: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "planner",
      abstract: "Train a model of sessions that the planner looks ahead by.",
      discussion: """
        The model learns what an item earns next from the items shown and the rewards earned before \
        it: the user's affinity to the item, by the user posteriors and the PMF, and what the \
        session so far adds, by an ensemble of GRUs. By it the planner searches for the items that \
        earn most over the next few, and shows the first. With --horizon 1 or --discount 0 it \
        shows what earns most now. `drr evaluate` ranks by the affinity alone.

        Examples:
          drr train planner --data ml-100k.zip --streak-strength 1 --run runs/planner
          drr simulate --run runs/planner --streak-strength 1 --frozen-only
          drr train planner --env items --streak-strength 1 --run runs/items
        """)

    @OptionGroup var options: AgentCommandOptions<PlannerOptions>

    func run() throws { try options.train() }
  }
}

struct PlannerOptions: ParsableArguments, AgentSettings {
  @Option(help: "Items shown in training, in all sessions. (default: 7680000)")
  var steps: Int?
  @Option(
    help: ArgumentHelp(
      "The environment: the training users' logged items, or a simulator fitted on them, a PMF or "
        + "kernel ridge regression on items. (default: pmf)"))
  var env: AgentEnvironment?
  @Option(
    help: "Strength of the streak effect of liked or disliked items on the reward. (default: 0)")
  var streakStrength: Float?
  @Option(help: "Sessions an update. (default: 256)")
  var numEnvs: Int?
  @Option(help: "n, the liked items that an episode starts from. (default: 5)")
  var window: Int?
  @Option(help: "T, the items of an episode. (default: 20)")
  var sessionLength: Int?
  @Option(help: "Networks of the ensemble. (default: 3)")
  var members: Int?
  @Option(help: "Width of an item's learned vector. (default: 16)")
  var itemWidth: Int?
  @Option(help: "Units of the recurrent state. (default: 48)")
  var hidden: Int?
  @Option(help: "The learning rate at the start; it falls linearly to 0. (default: 0.004)")
  var learningRate: Float?
  @Option(help: "Largest norm of the gradient. (default: 1)")
  var maxGradNorm: Float?
  @Option(help: "How much the PMF counts in the affinity beside each posterior's 1. (default: 2)")
  var anchor: Float?
  @Option(help: "Ratings that an answer in a session counts as. (default: 6)")
  var answerWeight: Float?
  @Option(help: "Items of the largest affinity that a plan is made of. (default: 24)")
  var candidates: Int?
  @Option(help: "Plans that are followed up at every step of the search. (default: 8)")
  var beam: Int?
  @Option(help: "Items of a plan. (default: 3)")
  var horizon: Int?
  @Option(
    help: "Standard deviations of the ensemble taken off what it predicts. (default: 0)")
  var caution: Float?
  @Option(help: "γ, the discount factor (--gamma). (default: 1)")
  var discount: Float?

  var myopic: Bool? { nil }

  func validate() throws { try requireStreak(streakStrength ?? 0) }

  func apply(to agent: inout PlannerConfiguration) {
    if let steps { agent.steps = steps }
    if let env { agent.world = env.world }
    if let streakStrength { agent.consecutive = streakStrength }
    if let numEnvs { agent.environments = numEnvs }
    if let window { agent.window = window }
    if let sessionLength { agent.sessionLength = sessionLength }
    if let members { agent.planning.members = members }
    if let itemWidth { agent.planning.width = itemWidth }
    if let hidden { agent.planning.units = hidden }
    if let learningRate { agent.planning.learningRate = learningRate }
    if let maxGradNorm { agent.planning.gradientNorm = maxGradNorm }
    if let anchor { agent.planning.anchor = anchor }
    if let answerWeight { agent.planning.answerWeight = answerWeight }
    if let candidates { agent.planning.candidates = candidates }
    if let beam { agent.planning.beam = beam }
    if let horizon { agent.planning.horizon = horizon }
    if let caution { agent.planning.caution = caution }
    if let discount { agent.planning.discount = discount }
  }
}

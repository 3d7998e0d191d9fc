import ArgumentParser
import DRR

/// Settings of multi-table Q-learning. Those not given keep what the run was started with, or the
/// default.
struct MultiTableOptions: ParsableArguments {
  private typealias Settings = MultiTableConfiguration

  @Option(
    help: ArgumentHelp(
      "Hyperparameters, which the options given override: the published ones, or those that "
        + "predict next items best. (default: neither)"))
  var preset: MultiTableConfiguration.Preset?
  @Option(help: "w, the last items that a state is made of. (default: \(Settings().window))")
  var window: Int?
  @Option(help: "k, the most items of a tuple. (default: 2)")
  var order: Int?
  @Option(
    help: ArgumentHelp(
      "Which of a genre's combinations are item tuples: the largest up to the order, or all "
        + "sizes. (default: all)"))
  var subStates: MultiTableConfiguration.SubStates?
  @Option(
    help: ArgumentHelp(
      "What tables an item belongs to: its first genre, all with weights 1 / g, or a cluster "
        + "learned from which items follow which. (default: primary)"))
  var genres: MultiTableConfiguration.Genres?
  @Option(help: "Tables of --genres clusters. (default: 16)")
  var clusters: Int?
  @Option(
    help: ArgumentHelp("A genre that has a table; may repeat. (default: all)", valueName: "genre"))
  var table: [String] = []
  @Option(help: "Keep only so many items, those rated most often. (default: all; published 627)")
  var topItems: Int?
  @Option(help: "Q-learning, or value iteration on the log's counts. (default: learning)")
  var solver: MultiTableConfiguration.Solver?
  @Option(
    help: ArgumentHelp(
      "The reward of an item: (r − 3) / 2 of five stars, 1 for r ≥ 4, 1, or clicks on lists that "
        + "are recommended. (default: \(Settings().reward.rawValue); published clicks)"))
  var reward: MultiTableConfiguration.Reward?
  @Option(help: "Of --reward clicks: for what was watched. (default: 15)")
  var clickReward: Float?
  @Option(help: "Of --reward clicks: for what was recommended and not watched. (default: -5)")
  var passReward: Float?
  @Option(
    help: ArgumentHelp(
      "α: a number, 1/n or n^-0.7, n the visits of a state-action entry. (default: 1/n; published "
        + "0.8)"), completion: .list(["0.8", "1/n", "n^-0.7"]))
  var stepSize: StepSize?
  @Option(help: "γ, the discount factor (--gamma). (default: \(Settings().discount))")
  var discount: Float?
  @Option(help: "The next tuples whose largest Q a target discounts. (default: action-table)")
  var target: MultiTableConfiguration.Bootstrap?
  @Option(help: "Optimistic initial value. (default: 0, for new states alone)")
  var optimisticStart: Float?
  @Flag(inversion: .prefixedNo, help: "Double Q-learning. (default: no)")
  var doubleQ: Bool?
  @Flag(
    inversion: .prefixedNo,
    help: "A user's log ends terminated, worth 0, not truncated. (default: no)")
  var endsAreTerminal: Bool?
  @Option(help: "Of --reward clicks: ε. (default: 0.3)")
  var epsilon: Float?
  @Option(help: "Epochs over the log. (default: 1)")
  var epochs: Int?
  @Option(
    help: "Events that are learned from together. (default: 1024, or 1/32 of the log if less)")
  var roundSize: Int?
  @OptionGroup var random: RunSeedOption
  @Option(
    help: ArgumentHelp(
      "How the values of tuples are merged; shrunk is the sum of Q · n / (n + m). (default: "
        + "shrunk)"))
  var aggregation: MultiTableConfiguration.Aggregation?
  @Option(help: "m of --aggregation shrunk. (default: \(Settings().shrinkage))")
  var shrinkage: Float?
  @Option(
    help: "p: a tuple reaching l items back counts l^−p. (default: \(Settings().lagExponent))")
  var lagExponent: Float?
  @Option(help: "What stands in for states that were never met. (default: popularity)")
  var backOff: MultiTableConfiguration.BackOff?

  func apply(to settings: inout MultiTableConfiguration) {
    if let preset { settings = MultiTableConfiguration(preset) }
    if let window { settings.window = window }
    if let order { settings.order = order }
    if let subStates { settings.subStates = subStates }
    if let genres { settings.genres = genres }
    if let clusters { settings.clusters = clusters }
    if !table.isEmpty { settings.tables = table }
    if let topItems { settings.topItems = topItems }
    if let solver { settings.solver = solver }
    if let reward { settings.reward = reward }
    if let clickReward { settings.clickReward = clickReward }
    if let passReward { settings.passReward = passReward }
    if let stepSize { settings.stepSize = stepSize }
    if let discount { settings.discount = discount }
    if let target { settings.bootstrap = target }
    if let optimisticStart { settings.optimisticStart = optimisticStart }
    if let doubleQ { settings.doubleQ = doubleQ }
    if let endsAreTerminal { settings.endsAreTerminal = endsAreTerminal }
    if let epsilon { settings.epsilon = epsilon }
    if let epochs { settings.epochs = epochs }
    if let roundSize { settings.roundSize = roundSize }
    if let seed = random.seed { settings.seed = seed }
    if let aggregation { settings.aggregation = aggregation }
    if let shrinkage { settings.shrinkage = shrinkage }
    if let lagExponent { settings.lagExponent = lagExponent }
    if let backOff { settings.backOff = backOff }
  }
}

extension MultiTableConfiguration.Preset: ExpressibleByArgument {}
extension MultiTableConfiguration.SubStates: ExpressibleByArgument {}
extension MultiTableConfiguration.Genres: ExpressibleByArgument {}
extension MultiTableConfiguration.Solver: ExpressibleByArgument {}
extension MultiTableConfiguration.Reward: ExpressibleByArgument {}
extension MultiTableConfiguration.Bootstrap: KebabArgument {}
extension MultiTableConfiguration.Aggregation: ExpressibleByArgument {}
extension MultiTableConfiguration.BackOff: KebabArgument {}

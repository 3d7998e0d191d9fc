import ArgumentParser
import DRR

/// Settings of many tables. Those not given keep what the run was begun with, or the default.
struct MultiTableOptions: ParsableArguments {
  private typealias Settings = MultiTableConfiguration

  @Option(
    help: ArgumentHelp(
      "Settings that belong together, which the options given override: the published ones, or "
        + "those that predict next items best (default: neither).",
      valueName: MultiTableConfiguration.Preset.allCases.map(\.rawValue).joined(separator: "|")))
  var preset: MultiTableConfiguration.Preset?
  @Option(help: "w, the last items that a state is made of (default: \(Settings().window)).")
  var window: Int?
  @Option(help: "k, the most items of a sub-state (default: 2).")
  var order: Int?
  @Option(
    help: ArgumentHelp(
      "Which of a genre's combinations are sub-states: the largest up to the order, or all sizes "
        + "(default: all).", valueName: "largest|all"))
  var subStates: MultiTableConfiguration.SubStates?
  @Option(
    help: ArgumentHelp(
      "What tables an item belongs to: its first genre, all with weights 1 / g, or a cluster learned "
        + "from who follows whom (default: primary).", valueName: "primary|all|clusters"))
  var genres: MultiTableConfiguration.Genres?
  @Option(help: "Tables of --genres clusters (default: 16).")
  var clusters: Int?
  @Option(
    help: ArgumentHelp(
      "Genres that have a table; give it again for more (default: all).", valueName: "genre"))
  var table: [String] = []
  @Option(help: "Keep the items rated most often, so many (default: all; published 627).")
  var topItems: Int?
  @Option(
    help: ArgumentHelp(
      "Q-learning, or value iteration on the log's counts (default: learning).",
      valueName: "learning|iteration"))
  var solver: MultiTableConfiguration.Solver?
  @Option(
    help: ArgumentHelp(
      "What watching is worth: (r − 3) / 2 of five stars, 1 for r ≥ 4, 1, or clicks on lists that "
        + "are recommended (default: \(Settings().reward.rawValue); published clicks).",
      valueName: MultiTableConfiguration.Reward.allCases.map(\.rawValue).joined(separator: "|")))
  var reward: MultiTableConfiguration.Reward?
  @Option(help: "Of --reward clicks: for what was watched (default: 15).")
  var clickReward: Float?
  @Option(help: "Of --reward clicks: for what was recommended and not watched (default: -5).")
  var passReward: Float?
  @Option(
    help: "α: a number, 1/n or n^-0.7, n the visits of a cell (default: 1/n; published 0.8).")
  var stepSize: StepSize?
  @Option(help: "γ (default: \(Settings().discount)).")
  var discount: Float?
  @Option(
    help: ArgumentHelp(
      "The next sub-states that a target looks ahead to (default: actionTable).",
      valueName: MultiTableConfiguration.Bootstrap.allCases.map(\.rawValue).joined(
        separator: "|")))
  var bootstrap: MultiTableConfiguration.Bootstrap?
  @Option(help: "Q of what was never tried (default: 0 for new states alone).")
  var optimisticStart: Float?
  @Flag(inversion: .prefixedNo, help: "Double Q-learning (default: no).")
  var doubleQ: Bool?
  @Flag(
    inversion: .prefixedNo,
    help: "Take the end of a user's log for the end, worth 0 (default: no, it is cut off there).")
  var endsAreTerminal: Bool?
  @Option(help: "Of --reward clicks: ε (default: 0.3).")
  var epsilon: Float?
  @Option(help: "Passes over the log (default: 1).")
  var epochs: Int?
  @Option(help: "Events that are learned from together (default: 1024).")
  var roundSize: Int?
  @Option(help: "Draws clusters, the tables of double Q and what is recommended (default: 0).")
  var seed: UInt64?
  @Option(
    help: ArgumentHelp(
      "How sub-states' values are merged; shrunk is the sum of Q · n / (n + m) (default: shrunk).",
      valueName: MultiTableConfiguration.Aggregation.allCases.map(\.rawValue).joined(
        separator: "|")))
  var aggregation: MultiTableConfiguration.Aggregation?
  @Option(help: "m of --aggregation shrunk (default: \(Settings().shrinkage)).")
  var shrinkage: Float?
  @Option(
    help: "p: a sub-state reaching l items back counts l^−p (default: \(Settings().lagExponent)).")
  var lagExponent: Float?
  @Option(
    help: ArgumentHelp(
      "What stands in for states that were never met (default: popularity).",
      valueName: MultiTableConfiguration.BackOff.allCases.map(\.rawValue).joined(separator: "|")))
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
    if let bootstrap { settings.bootstrap = bootstrap }
    if let optimisticStart { settings.optimisticStart = optimisticStart }
    if let doubleQ { settings.doubleQ = doubleQ }
    if let endsAreTerminal { settings.endsAreTerminal = endsAreTerminal }
    if let epsilon { settings.epsilon = epsilon }
    if let epochs { settings.epochs = epochs }
    if let roundSize { settings.roundSize = roundSize }
    if let seed { settings.seed = seed }
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
extension MultiTableConfiguration.Bootstrap: ExpressibleByArgument {}
extension MultiTableConfiguration.Aggregation: ExpressibleByArgument {}
extension MultiTableConfiguration.BackOff: ExpressibleByArgument {}

import ArgumentParser
import DRR

/// The public worlds of simulated users by name.
enum WorldName: String, CaseIterable, ExpressibleByArgument {
  case satisfaction = "long-term-satisfaction"
  case evolution = "interest-evolution"
  case exploration = "interest-exploration"
  case taobao = "virtual-taobao"

  /// With the settings of the original program; nil where no slates are shown.
  var slates: SlateWorld? { SlateWorld.all.first { $0.name == rawValue } }
}

/// Settings of worlds of slates. Those not given are as the world has them.
struct SlateWorldOptions: ParsableArguments {
  @Option(help: "N, documents that are offered at a step. (default: 10)")
  var candidates: Int?
  @Option(help: "K, documents that are shown. (default: 2; long-term-satisfaction 1)")
  var slate: Int?
  @Flag(help: "Offer one set of documents at every step, instead of new ones.")
  var fixedDocuments = false
  @Option(
    help: "Long-term satisfaction: how much it depends on the exposure. (default: 0.01)")
  var sensitivity: Double?
  @Option(
    help: "Long-term satisfaction: what is left of the exposure after a step. (default: 0.7)")
  var memory: Double?
  @Option(
    help: "Long-term satisfaction: standard deviation of the exposure's noise. (default: 0.05)")
  var innovation: Double?
  @Option(
    help: "Long-term satisfaction: mean log engagement with what is all temptation. (default: 5)")
  var chocMean: Double?
  @Option(help: "Long-term satisfaction: its standard deviation. (default: 1)")
  var chocDeviation: Double?
  @Option(
    help: "Long-term satisfaction: mean log engagement with what is no temptation. (default: 4)")
  var kaleMean: Double?
  @Option(help: "Long-term satisfaction: its standard deviation. (default: 1)")
  var kaleDeviation: Double?
  @Option(
    help: ArgumentHelp(
      "Long-term satisfaction: steps of an episode; interest evolution: minutes of a session. "
        + "(default: 60; 200)"))
  var timeBudget: Double?
  @Option(help: "Interest evolution: minutes of a document. (default: 4)")
  var length: Double?
  @Option(help: "Interest evolution: minutes lost where nothing is chosen. (default: 0.5)")
  var stepPenalty: Double?
  @Option(help: "Interest evolution: how much quality lengthens a session. (default: 1)")
  var qualityFactor: Double?
  @Option(
    help: ArgumentHelp(
      "Interest evolution: score of choosing nothing, -1 or more; interest exploration: its logit. "
        + "(default: 1; 5)"))
  var noClick: Double?
  @Option(help: "Interest evolution: what a step earns. (default: watched)")
  var reward: InterestEvolution.Reward?
  @Option(help: "Interest exploration: steps of an episode. (default: 100)")
  var stepLimit: Int?

  /// The first option given that is none of a world's.
  private func firstForeign(to world: WorldName) -> String? {
    let satisfaction = [
      ("--sensitivity", sensitivity != nil), ("--memory", memory != nil),
      ("--innovation", innovation != nil), ("--choc-mean", chocMean != nil),
      ("--choc-deviation", chocDeviation != nil), ("--kale-mean", kaleMean != nil),
      ("--kale-deviation", kaleDeviation != nil),
    ]
    let evolution = [
      ("--length", length != nil), ("--step-penalty", stepPenalty != nil),
      ("--quality-factor", qualityFactor != nil), ("--reward", reward != nil),
    ]
    let (budget, noClick, limit) = (
      [("--time-budget", timeBudget != nil)], [("--no-click", noClick != nil)],
      [("--step-limit", stepLimit != nil)]
    )
    let slates = [
      ("--candidates", candidates != nil), ("--slate", slate != nil),
      ("--fixed-documents", fixedDocuments),
    ]
    return switch world {
    case .satisfaction: firstGiven(evolution + noClick + limit)
    case .evolution: firstGiven(satisfaction + limit)
    case .exploration: firstGiven(satisfaction + evolution + budget)
    case .taobao: firstGiven(slates + satisfaction + evolution + budget + noClick + limit)
    }
  }

  /// The first option given.
  var firstOption: String? {
    firstForeign(to: .taobao)
  }

  /// - Throws: `ValidationError` where an option is given that the world has no use for.
  func require(of world: WorldName) throws {
    guard let option = firstForeign(to: world) else { return }
    throw ValidationError(
      "\(option) is no option of \(world.rawValue); leave it out, or name another world.")
  }

  func apply(to world: inout SlateWorld) throws {
    var slates = world.slates
    if let candidates { slates.candidates = candidates }
    if let slate { slates.slate = slate }
    if fixedDocuments { slates.resamples = false }
    world.slates = slates
    switch world {
    case .satisfaction(var settings):
      try apply(to: &settings)
      world = .satisfaction(settings)
    case .evolution(var settings):
      if let timeBudget { settings.timeBudget = timeBudget }
      if let length { settings.length = length }
      if let stepPenalty { settings.stepPenalty = stepPenalty }
      if let qualityFactor { settings.qualityFactor = qualityFactor }
      if let noClick { settings.choice = .proportional(noClick: noClick, minimum: -1) }
      if let reward { settings.reward = reward }
      world = .evolution(settings)
    case .exploration(var settings):
      if let noClick { settings.choice = .multinomialLogit(noClick: noClick) }
      if let stepLimit { settings.stepLimit = stepLimit }
      world = .exploration(settings)
    }
  }

  private func apply(to settings: inout LongTermSatisfaction.Settings) throws {
    if let sensitivity { settings.sensitivity = sensitivity }
    if let memory { settings.memory = memory }
    if let innovation { settings.innovation = innovation }
    if let chocMean { settings.chocMean = chocMean }
    if let chocDeviation { settings.chocDeviation = chocDeviation }
    if let kaleMean { settings.kaleMean = kaleMean }
    if let kaleDeviation { settings.kaleDeviation = kaleDeviation }
    guard let timeBudget else { return }
    guard let steps = Int(exactly: timeBudget) else {
      throw ValidationError(
        "--time-budget is \(timeBudget); in long-term-satisfaction it is a whole number of steps.")
    }
    settings.timeBudget = steps
  }
}

extension InterestEvolution.Reward: ExpressibleByArgument {}

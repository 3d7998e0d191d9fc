import ArgumentParser
import DRR

/// Settings of a GRU on next items. Those not given keep what the run was started with, or the
/// default.
struct GRUOptions: ParsableArguments {
  private typealias Settings = GRUConfiguration

  @Option(help: "Width of an item's vector. (default: \(Settings().dimension))")
  var dimension: Int?
  @Option(help: "Units of the GRU. (default: \(Settings().hidden))")
  var hidden: Int?
  @Option(
    help: ArgumentHelp(
      "Items that a score is made from at most, and targets of a training sequence. (default: "
        + "\(Settings().window))"))
  var window: Int?
  @Option(help: "Rate of dropout, into the GRU and out of it. (default: \(Settings().dropout))")
  var dropout: Float?
  @Option(help: "The learning rate. (default: \(Settings().learningRate))")
  var learningRate: Float?
  @Option(help: "Largest norm of the gradient. (default: 1)")
  var maxGradNorm: Float?
  @Option(help: "Targets of an update, about. (default: \(Settings().batchSize))")
  var batchSize: Int?
  @OptionGroup var parts: BatchPartsOption
  @Option(help: "Most epochs of a network. (default: \(Settings().epochs))")
  var epochs: Int?
  @Option(
    help: ArgumentHelp(
      "Epochs without a better NDCG@10 on the validation ratings that end a network's training. "
        + "(default: \(Settings().patience))"))
  var patience: Int?
  @Option(
    help: ArgumentHelp(
      "Networks that differ in what is drawn alone, whose log-probabilities are averaged. "
        + "(default: \(Settings().networks))"))
  var networks: Int?
  @Option(
    help: ArgumentHelp(
      "Items that the loss of a batch is over beside its targets, drawn by the root of their counts; "
        + "0: all of the catalogue. (default: 0; 4096 for sessions of more than 10,000 items)"))
  var negatives: Int?
  @Option(
    help: ArgumentHelp(
      "Scale of the cosines that scores are in place of dot products; 0: dot products. (default: 0; "
        + "12 for sessions)"))
  var cosineScale: Float?
  @Option(
    help: ArgumentHelp(
      "What else the states learn: q (SQN: double Q-learning on the log), sac (SQN whose Q weighs the "
        + "cross-entropy), count (a control: how many items there were), or none. (default: none)"))
  var head: HeadKind?
  @Option(help: "γ of the head. (default: \(GRUHead(.values).discount))")
  var discount: Float?
  @Option(help: "What the head's loss counts. (default: \(GRUHead(.values).weight))")
  var headWeight: Float?
  @Flag(help: "A control: the head's rewards are dealt out anew among all ratings.")
  var shuffleRewards = false
  @Option(help: "Epochs of sac before Q weighs. (default: \(GRUHead(.values).delay))")
  var actorDelay: Int?
  @OptionGroup var random: RunSeedOption

  /// - Throws: `ValidationError` for an option of a head that is not there.
  func apply(to settings: inout GRUConfiguration) throws {
    if let dimension { settings.dimension = dimension }
    if let hidden { settings.hidden = hidden }
    if let window { settings.window = window }
    if let dropout { settings.dropout = dropout }
    if let learningRate { settings.learningRate = learningRate }
    if let maxGradNorm { settings.gradientNorm = maxGradNorm }
    if let batchSize { settings.batchSize = batchSize }
    if let batchParts = parts.batchParts { settings.batchParts = batchParts }
    if let epochs { settings.epochs = epochs }
    if let patience { settings.patience = patience }
    if let networks { settings.networks = networks }
    if let negatives { settings.negatives = negatives == 0 ? nil : negatives }
    if let cosineScale { settings.cosineScale = cosineScale == 0 ? nil : cosineScale }
    if let head { settings.head = head.kind.map { GRUHead($0) } }
    let given = Commands.firstGiven([
      ("--discount", discount != nil), ("--head-weight", headWeight != nil),
      ("--shuffle-rewards", shuffleRewards), ("--actor-delay", actorDelay != nil),
    ])
    if let given, settings.head == nil {
      throw ValidationError("\(given) is an option of a head, and there is none; add --head q.")
    }
    if let discount { settings.head?.discount = discount }
    if let headWeight { settings.head?.weight = headWeight }
    if shuffleRewards { settings.head?.shufflesRewards = true }
    if let actorDelay { settings.head?.delay = actorDelay }
    if let seed = random.seed { settings.seed = seed }
  }
}

/// What a GRU learns beside the cross-entropy; nil: nothing.
struct HeadKind: ExpressibleByArgument {
  let kind: GRUHead.Kind?

  static var allValueStrings: [String] { GRUHead.Kind.allCases.map(\.rawValue) + ["none"] }

  init?(argument: String) {
    kind = GRUHead.Kind(rawValue: argument)
    if kind == nil && argument != "none" { return nil }
  }
}

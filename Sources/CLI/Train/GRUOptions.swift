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
  @OptionGroup var random: RunSeedOption

  func apply(to settings: inout GRUConfiguration) {
    if let dimension { settings.dimension = dimension }
    if let hidden { settings.hidden = hidden }
    if let window { settings.window = window }
    if let dropout { settings.dropout = dropout }
    if let learningRate { settings.learningRate = learningRate }
    if let maxGradNorm { settings.gradientNorm = maxGradNorm }
    if let batchSize { settings.batchSize = batchSize }
    if let epochs { settings.epochs = epochs }
    if let patience { settings.patience = patience }
    if let networks { settings.networks = networks }
    if let seed = random.seed { settings.seed = seed }
  }
}

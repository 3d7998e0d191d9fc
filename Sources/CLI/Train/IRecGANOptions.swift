import ArgumentParser
import DRR

extension IRecGANMethod: ExpressibleByArgument {}
extension IRecGANPreset: ExpressibleByArgument {}
extension IRecGANConfiguration.DiscriminatorForm: ExpressibleByArgument {}
extension IRecGANConfiguration.Baseline: ExpressibleByArgument {}
extension IRecGANConfiguration.Encoder.Cell: ExpressibleByArgument {}

/// Settings of IRecGAN. Those not given keep what the preset has.
struct IRecGANOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sizes and rates that belong together: small, U 2 x 128, A 50, D 128; paper, 2 x 512 each "
        + "(default: small).",
      valueName: IRecGANPreset.allCases.map(\.rawValue).joined(separator: "|")))
  var preset: IRecGANPreset?
  @Option(help: "k, the items of a list (default: the longest of the log).")
  var listSize: Int?
  @Option(help: "Steps of a simulated session at most (default: the longest of the log).")
  var longestSession: Int?
  @Option(help: "Sessions an update (default: 128; paper 32).")
  var batch: Int?
  @Option(help: "Epochs of the user model on the log at most (default: 40; paper 50).")
  var userEpochs: Int?
  @Option(help: "Epochs of the agent on the log at most (default: 40; paper 50).")
  var agentEpochs: Int?
  @Option(help: "Epochs of the discriminator before the rounds (default: 2; paper 3).")
  var discriminatorEpochs: Int?
  @Option(help: "Epochs without a better validation after which a network is done; 0: all.")
  var patience: Int?
  @Option(help: "Rounds of generator and discriminator steps (default: 10).")
  var rounds: Int?
  @Option(help: "Times in a round that sessions are simulated anew (default: 4; paper 9).")
  var refreshes: Int?
  @Option(help: "N, the roll-outs behind a prefix (default: 10; paper 5).")
  var rollOuts: Int?
  @Option(help: "γ, the discount a step (default: 0.9).")
  var discount: Float?
  @Option(help: "λ₁ / λ₂, simulated sessions for each logged one (default: 0.1).")
  var simulatedShare: Float?
  @Option(help: "λ_r, what a reward is worth to the agent beside a click (default: 1; paper 3).")
  var agentRewardWeight: Float?
  @Option(help: "λ_p, what a reward is worth to the user model beside a click (default: 1).")
  var userRewardWeight: Float?
  @Option(
    help: ArgumentHelp(
      "What is taken off a return: nothing, the mean at that step, or what a critic expects "
        + "(default: none).",
      valueName: IRecGANConfiguration.Baseline.allCases.map(\.rawValue).joined(separator: "|")))
  var baseline: IRecGANConfiguration.Baseline?
  @Option(help: "How far D's labels are from 0 and 1 (default: 0).")
  var labelSmoothing: Float?
  @Option(help: "D rests while it is right more often than this (default: 1, never).")
  var accuracyCeiling: Float?
  @Option(
    help: ArgumentHelp(
      "What D looks at: click, list and reward; no list; or the click against what was expected of "
        + "the list (default: lists; paper expectation).",
      valueName: IRecGANConfiguration.DiscriminatorForm.allCases.map(\.rawValue)
        .joined(separator: "|")))
  var discriminator: IRecGANConfiguration.DiscriminatorForm?
  @Option(help: "Sessions of each kind that D learns from in an epoch; 0: all (default: 2000).")
  var discriminatorSessions: Int?
  @Option(help: "Units of the user model (default: 128; paper 512).")
  var userUnits: Int?
  @Option(help: "Layers of the user model (default: 2).")
  var userLayers: Int?
  @Option(help: "Units of the agent (default: 50; paper 512).")
  var agentUnits: Int?
  @Option(
    help: "Share of the vectors' numbers that the user model drops (default: 0.6; paper 0).")
  var userDropout: Float?
  @Option(help: "Share of the vectors' numbers that the agent drops (default: 0.25; paper 0).")
  var agentDropout: Float?
  @Option(help: "Width of all item vectors (default: 50).")
  var embedding: Int?
  @Option(
    help: ArgumentHelp(
      "The recurrent cell of all networks (default: lstm).",
      valueName: IRecGANConfiguration.Encoder.Cell.allCases.map(\.rawValue)
        .joined(separator: "|")))
  var cell: IRecGANConfiguration.Encoder.Cell?
  @Option(help: "The user model's learning rate on the log (default: 0.003; paper 0.0005).")
  var userLearningRate: Float?
  @Option(help: "The agent's learning rate on the log (default: 0.002; paper 0.0001).")
  var agentLearningRate: Float?
  @Option(help: "What both are multiplied by after each epoch (default: U 0.95, A 1).")
  var learningRateDecay: Float?
  @Option(
    help: "Share of the newest weights in the mean that is kept; 1: no mean (default: 0.005).")
  var averagingRate: Float?
  @Option(
    help: ArgumentHelp(
      "The networks of a method that are its result: the best on the validation sessions (U by 1 / "
        + "rank, A by −G log π), or those of the last round (default: best).",
      valueName: CheckpointChoice.allCases.map(\.rawValue).joined(separator: "|")))
  var choose: CheckpointChoice?
  @Option(help: "Learning rate of agent and user model in the rounds (default: the preset's).")
  var adversarialLearningRate: Float?

  /// Those of a run that was begun, or the preset's, and what is given in their place.
  ///
  /// - Parameter listSize: of the log, where it is known.
  func settings(
    begun: IRecGANConfiguration?, log: SessionLog, listSize known: Int?
  ) -> IRecGANConfiguration {
    var settings = begun.flatMap { preset == nil ? $0 : nil } ?? self.settings()
    if begun == nil || preset != nil {
      settings.listSize = known ?? max(1, log.longestList)
      settings.longestSession = max(2, log.longestSession)
    }
    apply(to: &settings)
    return settings
  }

  /// The preset's, and what is given in their place.
  func settings() -> IRecGANConfiguration {
    var settings = IRecGANConfiguration()
    (preset ?? .small).apply(to: &settings)
    apply(to: &settings)
    return settings
  }

  private func apply(to settings: inout IRecGANConfiguration) {
    if let listSize { settings.listSize = listSize }
    if let longestSession { settings.longestSession = longestSession }
    if let batch { settings.batchSize = batch }
    if let userEpochs { settings.userTraining.epochs = userEpochs }
    if let agentEpochs { settings.agentTraining.epochs = agentEpochs }
    if let discriminatorEpochs { settings.discriminatorTraining.epochs = discriminatorEpochs }
    if let patience {
      settings.userTraining.patience = patience
      settings.agentTraining.patience = patience
    }
    if let rounds { settings.rounds = rounds }
    if let refreshes { settings.refreshes = refreshes }
    if let rollOuts { settings.rollOuts = rollOuts }
    if let discount { settings.discount = discount }
    if let simulatedShare { settings.simulatedShare = simulatedShare }
    if let agentRewardWeight { settings.agentRewardWeight = agentRewardWeight }
    if let userRewardWeight { settings.userRewardWeight = userRewardWeight }
    if let baseline { settings.baseline = baseline }
    if let labelSmoothing { settings.labelSmoothing = labelSmoothing }
    if let accuracyCeiling { settings.accuracyCeiling = accuracyCeiling }
    if let discriminator { settings.discriminatorForm = discriminator }
    if let discriminatorSessions { settings.discriminatorSessions = discriminatorSessions }
    if let userUnits { settings.user.units = userUnits }
    if let userLayers { settings.user.layers = userLayers }
    if let agentUnits { settings.agent.units = agentUnits }
    if let userDropout { settings.user.dropout = userDropout }
    if let averagingRate { settings.averagingRate = averagingRate }
    if let choose { settings.choice = choose }
    if let agentDropout { settings.agent.dropout = agentDropout }
    if let embedding {
      settings.user.embedding = embedding
      settings.agent.embedding = embedding
      settings.discriminator.embedding = embedding
    }
    if let cell {
      settings.user.cell = cell
      settings.agent.cell = cell
      settings.discriminator.cell = cell
    }
    if let userLearningRate { settings.userTraining.learningRate = userLearningRate }
    if let agentLearningRate { settings.agentTraining.learningRate = agentLearningRate }
    if let learningRateDecay {
      settings.userTraining.decay = learningRateDecay
      settings.agentTraining.decay = learningRateDecay
    }
    if let adversarialLearningRate {
      settings.userLearningRate = adversarialLearningRate
      settings.agentLearningRate = adversarialLearningRate
    }
  }
}

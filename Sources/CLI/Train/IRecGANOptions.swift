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
      "Hyperparameters, which the options given override: small, U 2 x 128, A 50, D 128; paper, "
        + "2 x 512 each. (default: small)"))
  var preset: IRecGANPreset?
  @Option(help: "k, the items of a list. (default: the longest of the log)")
  var listSize: Int?
  @Option(help: "Most steps of a simulated session. (default: the longest of the log)")
  var longestSession: Int?
  @Option(help: "Sessions an update. (default: 128; paper 32)")
  var batchSize: Int?
  @Option(help: "Most epochs of the user model on the log. (default: 40; paper 50)")
  var userEpochs: Int?
  @Option(help: "Most epochs of the agent on the log. (default: 40; paper 50)")
  var agentEpochs: Int?
  @Option(help: "Epochs of the discriminator before the iterations. (default: 2; paper 3)")
  var discriminatorEpochs: Int?
  @Option(
    help: ArgumentHelp(
      "Epochs without a better validation after which a network is done; 0: train all. (default: "
        + "U 6, A 8; paper 3)"))
  var patience: Int?
  @Option(help: "Adversarial iterations, of generator and discriminator steps. (default: 10)")
  var rounds: Int?
  @Option(help: "Resampling steps: simulations anew in an iteration. (default: 4; paper 9)")
  var refreshes: Int?
  @Option(help: "N, the rollouts behind a prefix. (default: 10; paper 5)")
  var rollouts: Int?
  @Option(help: "γ, the discount factor (--gamma). (default: 0.9)")
  var discount: Float?
  @Option(help: "λ₁ / λ₂, simulated sessions for each logged one. (default: 0.1)")
  var simulatedRatio: Float?
  @Option(help: "λ_r, a reward's weight for the agent, a click's being 1. (default: 1; paper 3)")
  var agentRewardWeight: Float?
  @Option(help: "λ_p, a reward's weight for the user model, a click's being 1. (default: 1)")
  var userRewardWeight: Float?
  @Option(
    help: ArgumentHelp(
      "What is subtracted from a return: nothing, the mean at that step, or what a critic "
        + "expects. (default: none)"))
  var baseline: IRecGANConfiguration.Baseline?
  @Option(help: "Label smoothing of D: how far labels are from 0 and 1. (default: 0)")
  var labelSmoothing: Float?
  @Option(help: "The D update is skipped above this accuracy. (default: 1, never)")
  var accuracyCeiling: Float?
  @Option(
    help: ArgumentHelp(
      "What D looks at: lists, which is click, list and reward; listless, no slate input; "
        + "expectation, the click against what was expected of the list. (default: listless; paper "
        + "expectation)"))
  var discriminator: IRecGANConfiguration.DiscriminatorForm?
  @Option(help: "Sessions of each kind that D learns from an epoch; 0: all. (default: 2000)")
  var discriminatorSessions: Int?
  @Option(help: "Units of the user model. (default: 128; paper 512)")
  var userUnits: Int?
  @Option(help: "Layers of the user model. (default: 2)")
  var userLayers: Int?
  @Option(help: "Units of the agent. (default: 50; paper 512)")
  var agentUnits: Int?
  @Option(help: "Dropout of the user model's vectors. (default: 0.6; paper 0)")
  var userDropout: Float?
  @Option(help: "Dropout of the agent's vectors. (default: 0.25; paper 0)")
  var agentDropout: Float?
  @Option(help: "Width of all item vectors. (default: 50)")
  var embedding: Int?
  @Option(help: "The recurrent cell of all networks. (default: lstm)")
  var cell: IRecGANConfiguration.Encoder.Cell?
  @Option(help: "The user model's learning rate on the log. (default: 0.003; paper 0.0005)")
  var userLearningRate: Float?
  @Option(help: "The agent's learning rate on the log. (default: 0.002; paper 0.0001)")
  var agentLearningRate: Float?
  @Option(help: "Factor of both learning rates after each epoch. (default: U 0.95, A 1)")
  var learningRateDecay: Float?
  @Option(help: "Weight of the newest in the averaged weights; 1: no mean. (default: 0.005)")
  var averagingRate: Float?
  @Option(
    help: ArgumentHelp(
      "The networks of a method that are kept: the best on the validation sessions (U by 1 / rank, "
        + "A by −G log π), or those of the last iteration. (default: best)"))
  var checkpoint: CheckpointChoice?
  @Option(help: "Learning rate of A and U in the iterations. (default: the preset's)")
  var adversarialLearningRate: Float?

  /// Those of a run that was started, or the preset's, and what is given in their place.
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
    if let batchSize { settings.batchSize = batchSize }
    if let userEpochs { settings.userTraining.epochs = userEpochs }
    if let agentEpochs { settings.agentTraining.epochs = agentEpochs }
    if let discriminatorEpochs { settings.discriminatorTraining.epochs = discriminatorEpochs }
    if let patience {
      settings.userTraining.patience = patience
      settings.agentTraining.patience = patience
    }
    if let rounds { settings.rounds = rounds }
    if let refreshes { settings.refreshes = refreshes }
    if let rollouts { settings.rollOuts = rollouts }
    if let discount { settings.discount = discount }
    if let simulatedRatio { settings.simulatedShare = simulatedRatio }
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
    if let checkpoint { settings.choice = checkpoint }
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

import ClickSessions
import DRRCore

/// Settings of IRecGAN (Bai, Guan & Wang 2019): user model U, agent A, discriminator D, and how
/// they are trained together.
public struct IRecGANConfiguration: Codable, Hashable, Sendable {
  /// A network that reads the clicks of a session.
  public struct Encoder: Codable, Hashable, Sendable {
    public enum Cell: String, Codable, CaseIterable, Sendable { case lstm, gru }

    public var cell = Cell.lstm
    /// Width of its own item vectors.
    public var embedding = 50
    public var units = 128
    public var layers = 1
    /// Share of the vectors' numbers that is left out in training.
    public var dropout: Float = 0

    public init(embedding: Int = 50, units: Int, layers: Int = 1, dropout: Float = 0) {
      self.embedding = embedding
      self.units = units
      self.layers = layers
      self.dropout = dropout
    }
  }

  /// How long and by what steps a network learns.
  public struct Schedule: Codable, Hashable, Sendable {
    public var epochs: Int
    /// Epochs without a better validation after which the best is taken and the stage ends; 0:
    /// none.
    public var patience: Int
    public var learningRate: Float
    /// What the rate is multiplied by from epoch to epoch.
    public var decay: Float = 1

    public init(epochs: Int, patience: Int, learningRate: Float, decay: Float = 1) {
      self.epochs = epochs
      self.patience = patience
      self.learningRate = learningRate
      self.decay = decay
    }
  }

  /// What D looks at.
  public enum DiscriminatorForm: String, Codable, CaseIterable, Hashable, Sendable {
    /// Click, the list's vectors side by side through a layer, and reward, read by a recurrent net.
    case lists
    /// Click and reward alone: D cannot tell A's lists from those of the policy that logged, which
    /// they are to differ from.
    case listless
    /// The match of the click with what was expected of the list, as in the paper's own program.
    case expectation
  }

  /// What is taken off a return before it weighs an action.
  public enum Baseline: String, Codable, CaseIterable, Hashable, Sendable {
    case none
    /// The mean return of the epoch at that step of a session.
    case step
    /// What a critic on A's state expects.
    case value
  }

  /// k, the items of a list.
  public var listSize = 10
  /// T, the steps of a simulated session at most, its start among them.
  public var longestSession = 20
  public var batchSize = 128
  /// Parts that a batch's gradient is the sum of, a power of two: as many ranks or fewer come to the
  /// same bits. Nil: a part a rank.
  public var batchParts: Int?
  /// A gradient's norm is cut to this.
  public var maximumNorm: Float = 5
  /// The share of the newest weights in the running mean that U and A are validated and kept as; 1:
  /// there is no mean.
  public var averagingRate: Float = 0.005

  public var user = Encoder(units: 128, layers: 2, dropout: 0.6)
  /// Logits of a list are divided by this.
  public var clickTemperature: Float = 1
  /// How much more a rewarded click counts for the reward head.
  public var rewardedWeight: Float = 1
  public var userTraining = Schedule(
    epochs: 40, patience: 6, learningRate: 3e-3, decay: 0.95)

  public var agent = Encoder(units: 50, dropout: 0.25)
  public var agentTraining = Schedule(epochs: 40, patience: 8, learningRate: 2e-3)

  public var discriminator = Encoder(units: 128, dropout: 0.25)
  public var discriminatorForm = DiscriminatorForm.listless
  /// Numbers that a list is told in.
  public var listUnits = 20
  public var discriminatorTraining = Schedule(epochs: 2, patience: 0, learningRate: 1e-3)
  /// Labels are this far from 0 and 1.
  public var labelSmoothing: Float = 0
  /// D rests while it is right more often than this; 1: never.
  public var accuracyCeiling: Float = 1
  /// Simulated sessions, and as many real ones, that D learns from in an epoch; 0: as many as there
  /// are real ones.
  public var discriminatorSessions = 2_000

  /// Rounds of generator steps and discriminator steps.
  public var rounds = 10
  /// Times in a round that sessions are simulated anew.
  public var refreshes = 4
  public var discriminatorEpochs = 1
  /// N, the roll-outs behind a prefix.
  public var rollOuts = 10
  /// γ.
  public var discount: Float = 0.9
  /// λ₁ / λ₂: simulated sessions for each real one.
  public var simulatedShare: Float = 0.1
  /// λ_r: what a reward is worth to A beside a click.
  public var agentRewardWeight: Float = 1
  /// λ_p: what the reward's likelihood is worth to U beside the click's.
  public var userRewardWeight: Float = 1
  public var baseline = Baseline.none
  /// Which networks of a method's rounds are its result: the best on the validation sessions, or
  /// the last.
  public var choice = CheckpointChoice.best
  public var agentLearningRate: Float = 1e-3
  public var userLearningRate: Float = 1e-3

  /// The orders of a round's epochs are numbered in ten bits.
  package static let mostDiscriminatorEpochs = 1_000

  public init() {}

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("list size", listSize, in: 1...1_000)
    try ConfigurationError.require("longest session", longestSession, in: 2...1_000)
    try ConfigurationError.require("batch size", batchSize, in: 1...65_536)
    try ConfigurationError.require("batch parts", parts: batchParts)
    for (name, encoder) in [("user", user), ("agent", agent), ("discriminator", discriminator)] {
      try ConfigurationError.require("\(name) embedding", encoder.embedding, in: 1...4_096)
      try ConfigurationError.require("\(name) units", encoder.units, in: 1...4_096)
      try ConfigurationError.require("\(name) layers", encoder.layers, in: 1...8)
      try ConfigurationError.require("\(name) dropout", encoder.dropout, "at least 0 and below 1") {
        $0 >= 0 && $0 < 1
      }
    }
    for (name, schedule) in [
      ("user", userTraining), ("agent", agentTraining), ("discriminator", discriminatorTraining),
    ] {
      try ConfigurationError.require("\(name) epochs", schedule.epochs, in: 0...100_000)
      try ConfigurationError.require("\(name) patience", schedule.patience, in: 0...)
      try ConfigurationError.require("\(name) decay", schedule.decay, "above 0 and at most 1") {
        $0 > 0 && $0 <= 1
      }
    }
    for (name, value) in [
      ("user learning rate", userTraining.learningRate),
      ("agent learning rate", agentTraining.learningRate),
      ("discriminator learning rate", discriminatorTraining.learningRate),
      ("adversarial user learning rate", userLearningRate),
      ("adversarial agent learning rate", agentLearningRate),
      ("click temperature", clickTemperature), ("rewarded weight", rewardedWeight),
      ("maximum norm", maximumNorm),
    ] { try ConfigurationError.require(name, value, .positive) }
    try ConfigurationError.require("simulated share", simulatedShare, in: 0...1_000)
    for (name, value) in [
      ("agent reward weight", agentRewardWeight),
      ("user reward weight", userRewardWeight),
    ] { try ConfigurationError.require(name, value, .notNegative) }
    try ConfigurationError.require("averaging rate", averagingRate, "above 0 and at most 1") {
      $0 > 0 && $0 <= 1
    }
    try ConfigurationError.require("discount", discount, .share)
    try ConfigurationError.require("label smoothing", labelSmoothing, "at least 0 and below 0.5") {
      $0 >= 0 && $0 < 0.5
    }
    try ConfigurationError.require("accuracy ceiling", accuracyCeiling, "above 0.5 and at most 1") {
      $0 > 0.5 && $0 <= 1
    }
    try ConfigurationError.require("list units", listUnits, in: 1...4_096)
    try ConfigurationError.require(
      "discriminator sessions", discriminatorSessions, in: 0...SessionSimulation.mostSessions)
    try ConfigurationError.require("rounds", rounds, in: 0...100_000)
    for epochs in [discriminatorEpochs, discriminatorTraining.epochs] {
      try ConfigurationError.require(
        "discriminator epochs", epochs, in: 0...Self.mostDiscriminatorEpochs)
    }
    try ConfigurationError.require("refreshes", refreshes, in: 1...1_000)
    try ConfigurationError.require("roll-outs", rollOuts, in: 1...1_000)
  }
}

/// Settings that belong together.
public enum IRecGANPreset: String, Codable, CaseIterable, Hashable, Sendable {
  /// U 2 × 128, A 50, D 128.
  case small
  /// The sizes and rates of the paper's program: 2 × 512 everywhere, vectors of 50.
  case paper

  public func apply(to configuration: inout IRecGANConfiguration) {
    guard self == .paper else { return }
    let encoder = IRecGANConfiguration.Encoder(units: 512, layers: 2)
    configuration.user = encoder
    configuration.agent = encoder
    configuration.discriminator = encoder
    configuration.discriminatorForm = .expectation
    configuration.batchSize = 32
    // The mean over a vector's 50 numbers in place of their sum.
    configuration.clickTemperature = 50
    configuration.rewardedWeight = 39.4
    configuration.userTraining = .init(epochs: 50, patience: 3, learningRate: 5e-4, decay: 0.95)
    configuration.agentTraining = .init(epochs: 50, patience: 3, learningRate: 1e-4)
    configuration.discriminatorTraining = .init(epochs: 3, patience: 0, learningRate: 1e-4)
    configuration.agentLearningRate = 1e-4
    configuration.userLearningRate = 5e-4
    configuration.rollOuts = 5
    configuration.refreshes = 9
    configuration.discriminatorEpochs = 3
    configuration.agentRewardWeight = 3
    configuration.listSize = 10
  }
}

/// What an agent is trained by once it and the user model have learned from the log.
public enum IRecGANMethod: String, Codable, CaseIterable, Hashable, Sendable {
  /// Rounds against the discriminator.
  case irecgan
  /// As many epochs of policy gradient on the log alone.
  case pg
  /// As many epochs of advantage actor-critic on the log alone.
  case ac
  /// As many on the log and on U's sessions, each taken at its word: no discriminator.
  case pgu

  public var title: String {
    switch self {
    case .irecgan: "IRecGAN"
    case .pg: "PG"
    case .ac: "actor-critic"
    case .pgu: "PG with U"
    }
  }
  /// Whether it learns from simulated sessions.
  var simulates: Bool { self == .irecgan || self == .pgu }
}

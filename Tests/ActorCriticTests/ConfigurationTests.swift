import ActorCritic
import DRRData
import DRRTestSupport
import Factorization
import TestSupport
import Testing

/// Every setting that cannot work is named with its value and what would.
@Suite("Impossible settings")
struct ConfigurationTests {
  private static func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func defaultsAreValid() throws {
    try DRRConfiguration().validate()
    try PMFConfiguration().validate()
    try EvaluationProtocol().validate()
  }

  @Test func drr() {
    let cases: [((inout DRRConfiguration) -> Void, String)] = [
      ({ $0.window = 0 }, "window is 0; it must be 1 ... 1000"),
      ({ $0.window = 1_001 }, "window is 1001; it must be 1 ... 1000"),
      ({ $0.sessionLength = 0 }, "session length is 0; it must be 1 or more"),
      ({ $0.steps = -1 }, "steps is -1; it must be 1 ... 1,000,000,000,000"),
      ({ $0.learningStarts = -1 }, "learning starts is -1; it must be 0 or more"),
      ({ $0.epsilonStart = 1.5 }, "epsilon start is 1.5; it must be between 0 and 1"),
      ({ $0.epsilonEnd = -0.5 }, "epsilon end is -0.5; it must be between 0 and 1"),
      ({ $0.epsilonEnd = .nan }, "epsilon end is nan; it must be between 0 and 1"),
      ({ $0.explorationSteps = -3 }, "exploration steps is -3; it must be 0 or more"),
      ({ $0.explorationRange = 0 }, "exploration range is 0.0; it must be a positive number"),
      (
        { $0.explorationDeviation = 0 },
        "exploration deviation is 0.0; it must be a positive number"
      ),
      (
        { $0.explorationReversion = 1.5 },
        "exploration reversion is 1.5; it must be above 0 and at most 1"
      ),
      ({ $0.ddpg.policyDelay = 0 }, "policy delay is 0; it must be 1 ... 1000"),
      ({ $0.ddpg.targetNoise = -1 }, "target noise is -1.0; it must be 0 or more"),
      (
        { $0.ddpg.targetNoiseClip = 0 }, "target noise clip is 0.0; it must be a positive number"
      ),
      ({ $0.ddpg.returnSteps = 0 }, "return steps is 0; it must be 1 ... 1000"),
      (
        {
          $0.ddpg.replayCapacity = 64
          $0.ddpg.returnSteps = 65
        }, "return steps is 65; it must be at most the replay capacity"
      ),
      ({ $0.ddpg.hidden = 0 }, "hidden width is 0; it must be 1 ... 65536"),
      ({ $0.ddpg.hidden = 70_000 }, "hidden width is 70000; it must be 1 ... 65536"),
      ({ $0.ddpg.batchSize = 0 }, "batch size is 0; it must be 1 ... 65536"),
      (
        { $0.ddpg.actorLearningRate = -0.1 },
        "actor learning rate is -0.1; it must be a positive number"
      ),
      (
        { $0.ddpg.criticLearningRate = .infinity },
        "critic learning rate is inf; it must be a positive number"
      ),
      (
        { $0.ddpg.criticGradientNorm = 0 },
        "critic gradient norm is 0.0; it must be a positive number"
      ),
      ({ $0.ddpg.weightDecay = -1 }, "weight decay is -1.0; it must be 0 or more"),
      ({ $0.ddpg.discount = 1 }, "discount is 1.0; it must be 0 or more and below 1"),
      ({ $0.ddpg.targetRate = 0 }, "target rate is 0.0; it must be above 0 and at most 1"),
      (
        { $0.ddpg.replayCapacity = 0 }, "replay capacity is 0; it must be 1 ... 100,000,000"
      ),
      ({ $0.ddpg.replayCapacity = 63 }, "replay capacity is 63; it must be at least a batch"),
      (
        { $0.ddpg.priorityExponent = 1.25 },
        "priority exponent is 1.25; it must be between 0 and 1"
      ),
      (
        { $0.ddpg.importanceExponent = -0.25 },
        "importance exponent is -0.25; it must be between 0 and 1"
      ),
    ]
    for (change, expected) in cases {
      var configuration = DRRConfiguration()
      change(&configuration)
      #expect(Self.message { try configuration.validate() } == expected)
      // A trainer and a run ask too, before anything is built.
      #expect(
        Self.message {
          _ = try DRRAgent(
            configuration, model: Worlds.model(Worlds.tiny, dimension: 2), seed: 1,
            on: ReferenceBackend())
        } == expected)
    }
  }

  @Test func pmf() {
    let cases: [((inout PMFConfiguration) -> Void, String)] = [
      ({ $0.dimension = 0 }, "PMF dimension is 0; it must be 1 ... 4096"),
      ({ $0.dimension = 5_000 }, "PMF dimension is 5000; it must be 1 ... 4096"),
      ({ $0.epochs = 0 }, "PMF epochs is 0; it must be 1 ... 1,000,000"),
      ({ $0.batchSize = -8 }, "PMF batch size is -8; it must be 1 ... 100,000,000"),
      ({ $0.learningRate = -0.5 }, "PMF learning rate is -0.5; it must be a positive number"),
      ({ $0.learningRate = .nan }, "PMF learning rate is nan; it must be a positive number"),
      ({ $0.regularization = -1 }, "PMF regularization is -1.0; it must be 0 or more"),
      ({ $0.biasRegularization = -1 }, "PMF bias regularization is -1.0; it must be 0 or more"),
      (
        { $0.start = .normal(deviation: 0) },
        "PMF start is normal:0.0; it must be of a positive width"
      ),
      (
        { $0.holdoutShare = 0.5 }, "PMF holdout share is 0.5; it must be 0 or more and below 0.5"
      ),
      ({ $0.patience = 0 }, "PMF patience is 0; it must be 1 or more"),
    ]
    for (change, expected) in cases {
      var configuration = PMFConfiguration()
      change(&configuration)
      #expect(Self.message { try configuration.validate() } == expected)
      #expect(
        Self.message {
          _ = try PMFTrainer(
            configuration, log: Worlds.tiny, rows: [0], scale: .fiveStars, seed: 1,
            on: ReferenceBackend())
        } == expected)
    }
    #expect(
      Self.message {
        _ = try PMFTrainer(
          PMFConfiguration(), log: Worlds.tiny, rows: [], scale: .fiveStars, seed: 1,
          on: ReferenceBackend())
      } == "there are no ratings to train PMF on")
  }

  @Test func evaluation() {
    let cases: [((inout EvaluationProtocol) -> Void, String)] = [
      ({ $0.testShare = 0 }, "test share is 0.0; it must be between 0 and 1"),
      ({ $0.testShare = 1 }, "test share is 1.0; it must be between 0 and 1"),
      ({ $0.profileShare = -0.5 }, "profile share is -0.5; it must be between 0 and 1"),
      ({ $0.profileShare = 1 }, "profile share is 1.0; it must be between 0 and 1"),
      ({ $0.cutoffs = [] }, "cutoffs is []; it must be at least one K, each 1 or more"),
      ({ $0.cutoffs = [5, 0] }, "cutoffs is [5, 0]; it must be at least one K, each 1 or more"),
      (
        { $0.minimumCandidates = 19 },
        "minimum candidates is 19; it must be at least the largest K, 20"
      ),
      (
        {
          $0 = .asPublished
          $0.minimumCandidates = 4
        }, "minimum candidates is 4; it must be at least the smallest K, 5"
      ),
      (
        { $0.validationShare = -0.1 },
        "validation share is -0.1; it must be 0 or more and, with the test share of 0.2, below 1"
      ),
      (
        { $0.validationShare = 0.8 },
        "validation share is 0.8; it must be 0 or more and, with the test share of 0.2, below 1"
      ),
      (
        { $0.keepsHistory = true },
        "history among the candidates is true; it must be false where the history is of the profile"
      ),
      ({ $0.exploration = .nan }, "exploration is nan; it must be between 0 and 1"),
    ]
    for (change, expected) in cases {
      var configuration = EvaluationProtocol()
      change(&configuration)
      #expect(Self.message { try configuration.validate() } == expected)
    }
  }
}

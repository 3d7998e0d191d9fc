import ActorCritic
import Agents
import ClickSessions
import DRRCore
import DRRData
import DeepQ
import Environments
import Factorization
import IRecGAN
import NextItem
import Tensor

/// What a device needs for the work at hand, timed after a warm-up: small networks can be faster on
/// the host.
public enum DeviceTrial {
  /// Seconds of one DDPG update of these sizes.
  public static func secondsPerUpdate(
    _ agent: (any AgentConfiguration)?, dimension: Int, on backend: any Backend
  ) throws -> Double {
    var configuration = agent as? DRRConfiguration ?? DRRConfiguration()
    if let residual = agent as? ResidualAgentConfiguration { configuration.ddpg = residual.ddpg }
    if let agent { configuration.training.window = agent.training.window }
    configuration.ddpg.replayCapacity = configuration.ddpg.batchSize
    var random = Philox(seed: 0, stream: Streams.pmfWeights)
    let rows = 1_000
    func draws(_ count: Int) -> [Float] { (0..<count).map { _ in random.uniform() - 0.5 } }
    let model = PMFModel(
      dimension: dimension, mean: 0, userFactors: draws(rows * dimension),
      itemFactors: draws(rows * dimension), userBiases: draws(rows), itemBiases: draws(rows))
    let agent = try DRRAgent(configuration, model: model, seed: 0, on: backend)
    let batch = configuration.ddpg.batchSize
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: batch, stateWidth: agent.rows.width, actionWidth: dimension,
        priorityExponent: 0.3),
      on: backend)
    func row() -> [Int32] {
      let items = (0..<configuration.window).map { _ in Int32(random.index(below: rows)) }
      return agent.rows.row(
        of: SessionState(
          user: Int32(random.index(below: rows)), history: items,
          known: items.map { ItemReward(item: $0, reward: 1) }))
    }
    memory.append(
      (0..<batch).map { _ in
        ReplayBuffer.Transition(
          state: row(), nextState: row(), reward: random.uniform(), terminated: false)
      },
      actions: Tensor(draws(batch * dimension), shape: [batch, dimension], on: backend))

    return try seconds(on: backend) { round in
      let sample = memory.sample(
        batch, importanceExponent: 0.4, RandomKey(key: 0, counter: round))
      _ = agent.ddpg.update(sample, memory)
    }
  }

  /// The least seconds of ten rounds after a warm-up of three: what else the machine does adds time
  /// and never takes any.
  private static func seconds(
    on backend: any Backend, of update: (_ round: UInt64) throws -> Void
  ) throws -> Double {
    var least = Double.infinity
    for round in 0..<13 as Range<UInt64> {
      let start = ContinuousClock.now
      try update(round)
      try backend.synchronize()
      if round >= 3 { least = min(least, (ContinuousClock.now - start).seconds) }
    }
    return least
  }
}

extension DeviceTrial {
  /// Seconds of one update of IRecGAN's user model on 128 sessions of five steps.
  public static func secondsPerSessionUpdate(on backend: any Backend) throws -> Double {
    var log = SessionLog(name: "trial", format: "trial", checksum: "", itemCount: 99)
    for session in 0..<128 {
      for step in 0..<5 {
        let click = Int32((7 * session + step) % 99)
        log.addStep(click: click, list: (0..<20).map { (click + $0) % 99 })
      }
      log.endSession(ended: false)
    }
    let trainer = try IRecGANTrainer(
      IRecGANConfiguration(), .pretraining, train: log, validation: log.selecting([]), seed: 0,
      on: backend)
    return try seconds(on: backend) { _ in _ = try trainer.advance() }
  }
}

extension DeviceTrial {
  /// Seconds of one update of deep Q-learning in a tabular MDP.
  public static func secondsPerSmallUpdate(on backend: any Backend) throws -> Double {
    var configuration = SmallWorldConfiguration()
    configuration.dqn = DQNConfiguration()
    configuration.environments = 64
    configuration.learningStarts = 0
    let trainer = try SmallWorldTrainer(configuration, on: backend)
    return try seconds(on: backend) { _ in _ = try trainer.advance() }
  }
}

extension DeviceTrial {
  /// Seconds of one rollout of SlateQ and its update, of few users.
  public static func secondsPerSlateUpdate(on backend: any Backend) throws -> Double {
    var configuration = SlateQRunConfiguration()
    configuration.agent.environments = 64
    configuration.agent.horizon = 4
    configuration.agent.batchSize = 256
    let trainer = try SlateQRunTrainer(configuration, on: backend)
    return try seconds(on: backend) { _ in _ = try trainer.advance() }
  }
}

extension DeviceTrial {
  /// Seconds of one update of a GRU on next items, on the generated small ratings.
  public static func secondsPerSequenceUpdate(
    _ settings: GRUConfiguration, on backend: any Backend
  ) throws -> Double {
    let log = GeneratedRatings.generate(size: .small)
    var run = GRURunConfiguration(source: log.name, log: log)
    run.settings = settings
    run.evaluation.validationShare = 0
    let trainer = try GRUTrainer(run, log, UserSplit(log, run.evaluation), on: backend)
    return try seconds(on: backend) { _ in _ = try trainer.advance() }
  }
}

import ActorCritic
import Agents
import ClickSessions
import DRRCore
import DeepQ
import Factorization
import IRecGAN
import Tensor

/// What a device needs for the work at hand: small networks can be faster on the host.
public enum DeviceTrial {
  /// Seconds of one DDPG update of these sizes, after a warm-up: the median of five.
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
    let width = 1 + configuration.window
    let batch = configuration.ddpg.batchSize
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: batch, stateWidth: width, actionWidth: dimension, priorityExponent: 0.3),
      on: backend)
    memory.append(
      (0..<batch).map { _ in
        ReplayBuffer.Transition(
          state: (0..<width).map { _ in Int32(random.index(below: rows)) },
          nextState: (0..<width).map { _ in Int32(random.index(below: rows)) },
          reward: random.uniform(), terminated: false)
      },
      actions: Tensor(draws(batch * dimension), shape: [batch, dimension], on: backend))

    var times: [Double] = []
    for trial in 0..<8 {
      let start = ContinuousClock.now
      let sample = memory.sample(
        batch, importanceExponent: 0.4, RandomKey(key: 0, counter: UInt64(trial)))
      _ = agent.ddpg.update(sample, memory)
      try backend.synchronize()
      if trial >= 3 { times.append((ContinuousClock.now - start).seconds) }
    }
    return times.sorted()[times.count / 2]
  }
}

extension DeviceTrial {
  /// Seconds of one update of IRecGAN's user model on 128 sessions of five steps, after a warm-up:
  /// the median of five.
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
    var times: [Double] = []
    for trial in 0..<8 {
      let start = ContinuousClock.now
      _ = try trainer.advance()
      try backend.synchronize()
      if trial >= 3 { times.append((ContinuousClock.now - start).seconds) }
    }
    return times.sorted()[times.count / 2]
  }
}

extension DeviceTrial {
  /// Seconds of one update of deep Q-learning in a tabular MDP, after a warm-up: the median of
  /// five.
  public static func secondsPerSmallUpdate(on backend: any Backend) throws -> Double {
    var configuration = SmallWorldConfiguration()
    configuration.dqn = DQNConfiguration()
    configuration.environments = 64
    configuration.learningStarts = 0
    let trainer = try SmallWorldTrainer(configuration, on: backend)
    var times: [Double] = []
    for trial in 0..<8 {
      let start = ContinuousClock.now
      _ = try trainer.advance()
      try backend.synchronize()
      if trial >= 3 { times.append((ContinuousClock.now - start).seconds) }
    }
    return times.sorted()[times.count / 2]
  }
}

import Agents
import DRRCore
import Environments
import Foundation
import Kernels
import PolicyGradients
import Tensor
import TestSupport
import Testing

@Suite("Policy gradients")
struct PolicyGradientTests {
  /// A softmax bandit of three arms: the mean of sampled gradients is the analytic one,
  /// ∂/∂θ_i Σ_a π_a r_a = π_i (r_i − Σ_a π_a r_a), within four standard errors.
  @Test func sampledGradientIsTheAnalyticOne() throws {
    let backend = CPUBackend()
    let (logits, rewards): ([Float], [Float]) = ([0.3, -0.2, 0.5], [1, 0.2, -0.5])
    let weights = logits.map { exp(Double($0)) }
    let pi = weights.map { $0 / weights.reduce(0, +) }
    let mean = zip(pi, rewards).reduce(0) { $0 + $1.0 * Double($1.1) }
    let analytic = zip(pi, rewards).map { $0 * (Double($1) - mean) }

    let count = 20_000
    let table = Tensor(
      (0..<count).flatMap { _ in logits }, shape: [count, 3], on: backend)
    let actions = table.topKRows(1, gumbel: RandomKey(seed: 5, stream: 1, counter: 0))
      .reshaped([count])
    let chosen = try actions.host()
    let logPi = try table.logProbabilities(of: actions).host()
    var (sums, squares) = ([0.0, 0, 0], [0.0, 0, 0])
    for (action, logPi) in zip(chosen, logPi) {
      #expect(abs(Double(logPi) - log(pi[Int(action)])) < 1e-5)
      for i in 0..<3 {
        let score = (i == Int(action) ? 1 : 0) - pi[i]
        let sample = score * Double(rewards[Int(action)])
        sums[i] += sample
        squares[i] += sample * sample
      }
    }
    for i in 0..<3 {
      let average = sums[i] / Double(count)
      let deviation = (squares[i] / Double(count) - average * average).squareRoot()
      let error = deviation / Double(count).squareRoot()
      #expect(abs(average - analytic[i]) < 4 * error)
    }
  }

  /// Σ γ^k r of what came so far, and for the actor-critic γ^n V(s_n) behind it, by hand; of a log
  /// that it learned from, nothing weighs its own choices.
  @Test("in a session that goes on, from what it has returned so far", arguments: [false, true])
  func sessions(isCritic: Bool) throws {
    let backend = CPUBackend()
    let process = SmallProcess.chain.process
    let table = Tensor(
      (0..<process.states.count * 4).map { Float($0 % 7) / 7 - 0.4 },
      shape: [process.states.count, 4], on: backend)
    var configuration = PolicyGradientConfiguration()
    configuration.method = isCritic ? .a2c : .reinforce
    configuration.baseline = isCritic ? .value : .none
    configuration.hidden = 8
    configuration.actionWidth = 4
    configuration.discount = 0.8
    func make() throws -> PolicyGradient {
      try PolicyGradient(
        configuration, actionCount: process.actions.count, learnsFromLog: !isCritic, seed: 3,
        on: backend
      ) { _ in TableState(table) }
    }
    let trainer = try PolicyGradientTrainer(
      make(), steps: 100,
      environments: FiniteEnvironments(process, count: 1, seed: 1), seed: 1)
    let twin = try make()
    func index(_ numbers: [Int32]) -> IndexTensor {
      IndexTensor(numbers, shape: [numbers.count, 1], on: backend)
    }
    let path: [(state: Int32, action: Int32, reward: Float)] = [(0, 1, 0.5), (1, 0, -1), (2, 1, 2)]
    for end in path.indices {
      let next = Int32(end + 1)
      try trainer.learn(
        [[path[end].state]], [path[end].action],
        [
          Step(
            observation: [next], reward: path[end].reward, terminated: end == 2, truncated: false)
        ])
      var value = isCritic && end < 2 ? try twin.values(index([next])).host()[0] : 0
      var returns: [Float] = []
      for step in path[...end].reversed() {
        value = step.reward + 0.8 * value
        returns.insert(value, at: 0)
      }
      let steps = path[...end]
      _ = twin.update(
        PolicyBatch(
          rows: index(steps.map(\.state)),
          actions: IndexTensor(steps.map(\.action), shape: [steps.count], on: backend),
          returns: Tensor(returns, shape: [steps.count], on: backend),
          weights: Tensor(repeating: 1, shape: [steps.count], on: backend)), isOwn: true)
    }
    let all = index((0..<Int32(process.states.count)).map { $0 })
    let (own, expected) = (try trainer.gradient.logits(all).host(), try twin.logits(all).host())
    let start = try make().logits(all).host()
    #expect(zip(own, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(own), \(expected)")
    #expect(zip(start, expected).contains { abs($0 - $1) > 1e-3 })
    #expect(trainer.step == 3)
  }

  /// A log that a skewed policy made: corrected by π / β, the policy comes to prefer what pays;
  /// uncorrected it would follow the log.
  @Test func offPolicyCorrectionFindsWhatPays() throws {
    let backend = CPUBackend()
    let states = Tensor([Float(1)], shape: [1, 1], on: backend)
    func train(isOffPolicy: Bool, steps: Int) throws -> [Float] {
      var configuration = PolicyGradientConfiguration()
      configuration.baseline = .none
      configuration.isOffPolicy = isOffPolicy
      configuration.hidden = 16
      configuration.actionWidth = 8
      configuration.entropyWeight = 0
      configuration.learningRate = 3e-3
      let gradient = try PolicyGradient(
        configuration, actionCount: 3, learnsFromLog: true, seed: 1, on: backend
      ) { _ in TableState(states) }
      // β = (0.9, 0.08, 0.02); they pay 0.3, 0.4 and 1.
      var random = Philox(seed: 7, stream: 1)
      for _ in 0..<steps {
        let actions = (0..<128).map { _ -> Int32 in
          let draw = Double.random(in: 0..<1, using: &random)
          return draw < 0.9 ? 0 : draw < 0.98 ? 1 : 2
        }
        let pays: [Float] = [0.3, 0.4, 1]
        _ = gradient.update(
          PolicyBatch(
            rows: IndexTensor([Int32](repeating: 0, count: 128), shape: [128, 1], on: backend),
            actions: IndexTensor(actions, shape: [128], on: backend),
            returns: Tensor(actions.map { pays[Int($0)] }, shape: [128], on: backend),
            weights: Tensor(repeating: 1, shape: [128], on: backend)))
      }
      return try gradient.logits(IndexTensor([0], shape: [1, 1], on: backend)).host()
    }
    let corrected = try train(isOffPolicy: true, steps: 600)
    let followed = try train(isOffPolicy: false, steps: 600)
    #expect(corrected[2] > corrected[0] && corrected[2] > corrected[1], "\(corrected)")
    #expect(followed[0] > followed[2], "\(followed)")
  }

  /// λ_K = K(1 − π)^(K−1) keeps a policy that shows lists of K from giving all to one item: with two
  /// items that pay alike both stay likely.
  @Test func topKCorrectionSpreads() throws {
    let backend = CPUBackend()
    let states = Tensor([Float(1)], shape: [1, 1], on: backend)
    func entropy(topK: Int) throws -> Double {
      var configuration = PolicyGradientConfiguration()
      configuration.baseline = .none
      configuration.topK = topK
      configuration.hidden = 16
      configuration.actionWidth = 8
      configuration.entropyWeight = 0
      configuration.learningRate = 3e-3
      let gradient = try PolicyGradient(
        configuration, actionCount: 4, learnsFromLog: true, seed: 2, on: backend
      ) { _ in TableState(states) }
      let pays: [Float] = [1, 0.9, 0, 0]
      var random = Philox(seed: 9, stream: 1)
      for _ in 0..<800 {
        let actions = (0..<128).map { _ in Int32.random(in: 0..<4, using: &random) }
        _ = gradient.update(
          PolicyBatch(
            rows: IndexTensor([Int32](repeating: 0, count: 128), shape: [128, 1], on: backend),
            actions: IndexTensor(actions, shape: [128], on: backend),
            returns: Tensor(actions.map { pays[Int($0)] }, shape: [128], on: backend),
            weights: Tensor(repeating: 1, shape: [128], on: backend)))
      }
      let logits = try gradient.logits(IndexTensor([0], shape: [1, 1], on: backend)).host()
      let weights = logits.map { exp(Double($0)) }
      let pi = weights.map { $0 / weights.reduce(0, +) }
      #expect(pi[0] + pi[1] > 0.9, "\(pi)")
      return -pi.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) }
    }
    #expect(try entropy(topK: 2) > entropy(topK: 1) + 0.1)
  }

  @Test func aLogIsNotLearnedFromByActorCritic() throws {
    let backend = CPUBackend()
    var configuration = PolicyGradientConfiguration()
    configuration.method = .a2c
    let gradient = try PolicyGradient(
      configuration, actionCount: 3, learnsFromLog: true, seed: 0, on: backend
    ) { _ in TableState(Tensor([Float(1)], shape: [1, 1], on: backend)) }
    let log = LoggedEnvironments(
      [.init(user: 0, items: [0, 1, 2], rewards: [1, 1, -1])], window: 2, itemCount: 3, count: 1,
      seed: 0)
    #expect(throws: ConfigurationError.self) {
      _ = try PolicyGradientTrainer(gradient, steps: 10, environments: log, seed: 0)
    }
  }

  @Test func aLogIsPlayedBackInItsOrder() {
    var log = LoggedEnvironments(
      [.init(user: 7, items: [4, 5, 6], rewards: [1, -0.5, 0.5])], window: 2, itemCount: 9,
      count: 1, seed: 0)
    #expect(log.rows == [[7, -1, -1]] && log.logged == [4])
    #expect(log.returns(discount: 0.5) == [1 - 0.25 + 0.125])
    let first = log.step([8])[0]
    #expect(first.observation == [7, -1, 4] && first.reward == 1 && !first.isLast)
    let second = log.step([8])[0]
    #expect(second.observation == [7, -1, 4] && second.reward == -0.5)
    let third = log.step([8])[0]
    #expect(third.observation == [7, 4, 6] && third.truncated && !third.terminated)
    #expect(log.rows == [[7, -1, -1]])
  }
}

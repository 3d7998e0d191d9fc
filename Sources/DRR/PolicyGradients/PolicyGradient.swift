import Agents
import DRRCore
import Tensor

/// Steps that a policy learns from.
public struct PolicyBatch {
  /// State rows [B, W] and what was chosen there, [B].
  public var rows: IndexTensor
  /// What was chosen in each row, [B].
  public var actions: IndexTensor
  /// The return of each step, [B]: of a whole episode, or of a few steps and the value after them.
  public var returns: Tensor
  /// 1 a step, 0 for one that fills the batch up, [B]; scaled so that a mean over B is one over
  /// steps.
  public var weights: Tensor
  /// 0, or −∞ for an action that was not allowed, [B, A]; nil where all were.
  public var penalty: Tensor?

  /// A batch by its parts.
  public init(
    rows: IndexTensor, actions: IndexTensor, returns: Tensor, weights: Tensor,
    penalty: Tensor? = nil
  ) {
    self.rows = rows
    self.actions = actions
    self.returns = returns
    self.weights = weights
    self.penalty = penalty
  }

  /// Some of its rows, where they lie.
  subscript(part: Range<Int>) -> PolicyBatch {
    PolicyBatch(
      rows: rows[part], actions: actions[part], returns: returns[part], weights: weights[part],
      penalty: penalty?[part])
  }
}

/// Policy gradients of a softmax over all actions: REINFORCE with a baseline (Williams 1992),
/// advantage actor-critic (Mnih et al. 2016), and from logs with off-policy and top-K corrections
/// (Chen et al. 2019).
///
/// Confined to the task that holds the backend.
public final class PolicyGradient {
  /// The settings.
  public let configuration: PolicyGradientConfiguration
  /// The device that the networks are on.
  public let backend: any Backend
  package let policy: ActionPolicyNetwork
  /// Where the choices are a log's.
  let behaviour: BehaviourPolicy?
  let optimizer: Adam
  /// Who computes the gradients of a batch.
  package var sharing = SharedUpdates()

  /// - Parameter learnsFromLog: whether choices are those of a log.
  public init(
    _ configuration: PolicyGradientConfiguration, actionCount: Int, actionWidth: Int? = nil,
    vectors: [Float]? = nil, learnsFromLog: Bool = false, seed: UInt64,
    on backend: any Backend, makeState: (ParameterSet) -> any StateModule
  ) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    let width = actionWidth ?? configuration.actionWidth
    policy = ActionPolicyNetwork(
      configuration, actionCount: actionCount, actionWidth: width, vectors: vectors, seed: seed,
      on: backend, makeState: makeState)
    behaviour =
      learnsFromLog && configuration.isOffPolicy
      ? BehaviourPolicy(
        configuration, stateWidth: policy.state.width, actionCount: actionCount,
        actionWidth: width, seed: seed, on: backend) : nil
    optimizer = Adam(policy.parameters, learningRate: configuration.learningRate)
  }

  package var parameters: ParameterSet { policy.parameters }
  package var behaviourParameters: ParameterSet? { behaviour?.parameters }
  /// A, the number of actions.
  public var actionCount: Int { policy.actions.table.shape[0] }
  /// W, the integers of a state's row.
  public var rowWidth: Int { policy.state.rowWidth }
  /// Whether training has kept to numbers. Waits for the device.
  public func isFinite() throws(BackendError) -> Bool { try policy.parameters.isFinite() }

  /// log of the probabilities up to a constant a row, [B, A].
  public func logits(_ rows: IndexTensor, penalty: Tensor? = nil) -> Tensor {
    let logits = policy.logits(policy.query(policy.state(rows, nil)))
    return penalty.map { logits + $0 } ?? logits
  }

  /// Draws an action a row, [B].
  public func sample(_ rows: IndexTensor, penalty: Tensor? = nil, _ key: RandomKey) -> IndexTensor {
    logits(rows, penalty: penalty).topKRows(1, gumbel: key).reshaped([rows.shape[0]])
  }

  /// V(s), [B].
  public func values(_ rows: IndexTensor) -> Tensor {
    policy.value(policy.state(rows, nil)).reshaped([rows.shape[0]])
  }

  /// What an update produced, on the device until `host()`.
  public struct Losses {
    /// The loss of the policy, one number.
    public let policy: Tensor
    /// The loss of V, one number.
    public let value: Tensor?
  }

  /// States of some rows of a batch, and what the policy makes of them.
  private struct Work {
    let batch: PolicyBatch
    let tape: Tape
    let state: Tensor
    let raw: Tensor
    let logits: Tensor
  }

  private func work(_ batch: PolicyBatch) -> Work {
    let tape = Tape(training: policy.parameters)
    let state = policy.state(batch.rows, tape)
    let raw = policy.logits(policy.query(state, tape), tape)
    let logits = batch.penalty.map { raw + $0 } ?? raw
    return Work(batch: batch, tape: tape, state: state, raw: raw, logits: logits)
  }

  /// One update. No host synchronisation.
  ///
  /// - Parameter isOwn: whether the choices are the policy's own where it otherwise learns from a
  ///   log, so that nothing weighs them.
  public func update(_ whole: PolicyBatch, isOwn: Bool = false) -> Losses {
    let c = configuration
    let count = whole.rows.shape[0]
    var works: [Work] = []
    let logBetas = (isOwn ? nil : behaviour)?.learn(sharing, rows: count) { rows in
      let work = work(whole[rows])
      works.append(work)
      return (work.state.detached, work.batch.actions)
    }
    let losses = c.baseline == .value ? 2 : 1
    var next = 0
    let update = sharing.update(policy.parameters, rows: count, losses: losses) { rows in
      defer { next += 1 }
      let work = logBetas == nil ? work(whole[rows]) : works[next]
      let (batch, tape, state, logits) = (work.batch, work.tape, work.state, work.logits)

      // The advantage A = G − b(s), and of a log min(π / β, c) · K(1 − π)^(K−1) · A.
      let expected =
        c.baseline == .value ? policy.value(state, tape).reshaped([rows.count]) : nil
      let advantage = expected.map { batch.returns - $0.detached } ?? batch.returns
      var weights = advantage * batch.weights
      if let logBetas {
        let logPi = logits.detached.logProbabilities(of: batch.actions)
        let ratio = (logPi - logBetas[next]).exp()
        // min(x, c) = c − relu(c − x)
        weights =
          weights
          * ratio.affine(scale: -1, shift: c.weightCap).relu()
          .affine(scale: -1, shift: c.weightCap)
        if c.topK > 1 {
          let others = logPi.exp().affine(scale: -1, shift: 1).relu()
          weights = weights * Self.power(others, c.topK - 1).affine(scale: Float(c.topK))
        }
      }
      var loss = logits.softmaxCrossEntropy(batch.actions, weights: weights)
      let policyLoss = loss.detached
      var valueLoss: Tensor?
      if let expected {
        let error = expected.squaredError(batch.returns, weights: batch.weights)
        valueLoss = error.detached
        loss = loss + c.valueWeight * error
      }
      if c.entropyWeight > 0 {
        // H = log Z − E_π[logit], log Z = logit_a − log π(a).
        let entropy =
          logits.softmaxCrossEntropy(batch.actions, weights: batch.weights)
          + ((work.raw.picked(batch.actions)
          - logits.softmaxExpectation(of: work.raw, temperature: 1)) * batch.weights).mean()
        loss = loss - c.entropyWeight * entropy
      }
      tape.backward(from: loss)
      guard let valueLoss else { return .init(policyLoss) }
      return .init(policyLoss, valueLoss)
    }
    optimizer.step(maximumNorm: c.gradientNorm, rate: 0)
    return Losses(policy: update.loss, value: losses > 1 ? update.losses[1] : nil)
  }

  /// x^n of numbers that are 0 or more, by squaring.
  private static func power(_ x: Tensor, _ n: Int) -> Tensor {
    if n == 1 { return x }
    let half = power(x, n / 2)
    return n % 2 == 0 ? half * half : half * half * x
  }
}

extension PolicyGradient: Checkpointed {
  private var parts: [(String, any Checkpointed)] {
    [("policy", policy.parameters), ("adam", optimizer)]
      + (behaviour.map {
        [("behaviour", $0.parameters as any Checkpointed), ("behaviour_adam", $0.optimizer)]
      } ?? [])
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    for (name, part) in parts { try part.save(to: &file, "\(prefix).\(name)") }
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let restores = try parts.map { try $1.prepareRestore(from: file, "\(prefix).\($0)") }
    return { for restore in restores { restore() } }
  }
}

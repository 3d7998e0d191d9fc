import Agents
import DRRCore
import Tensor

/// Deep Q-learning (Mnih et al. 2015, algorithm 1) over any number of actions, with double and
/// duelling networks, n-step returns and prioritised replay.
///
/// Confined to the task that holds the backend.
public final class DQN {
  /// The settings.
  public let configuration: DQNConfiguration
  /// The device that the networks are on.
  public let backend: any Backend
  package let network: ActionValueNetwork
  let target: ActionValueNetwork
  let optimizer: Adam
  /// Who computes the gradients of a batch.
  package var sharing = SharedUpdates()
  /// First of the last columns of a state's row, which name actions that cannot follow; nil where
  /// all can.
  let excludes: Int?

  /// What an update produced, on the device until `host()`.
  public struct Losses {
    /// Weighted Huber loss of the TD errors, and what conservatism adds.
    public let critic: Tensor
    /// Q(s, a) of the batch before the update, [B].
    public let values: Tensor

    /// How the values are spread. Waits for the device.
    package func histogram() throws(BackendError) -> Histogram? { Histogram(try values.host()) }
  }

  /// Networks that have learned nothing.
  ///
  /// - Parameters:
  ///   - actionWidth: length of an action's learned vector; nil: the configuration's.
  ///   - vectors: [actions, width], what those vectors begin as; nil draws them.
  ///   - excludes: the first of the last columns of a state's row, whose entries name actions that
  ///     cannot follow; nil: all can.
  ///   - makeState: what turns rows into vectors; its weights, if any, go into the set that it is
  ///     given.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: DQNConfiguration, actionCount: Int, actionWidth: Int? = nil,
    vectors: [Float]? = nil, excludingItemsFrom excludes: Int? = nil, seed: UInt64,
    on backend: any Backend, makeState: (ParameterSet) -> any StateModule
  ) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    self.excludes = excludes
    func make() -> ActionValueNetwork {
      ActionValueNetwork(
        configuration, actionCount: actionCount,
        actionWidth: actionWidth ?? configuration.actionWidth, vectors: vectors, seed: seed,
        on: backend, makeState: makeState)
    }
    (network, target) = (make(), make())
    optimizer = Adam(network.parameters, learningRate: configuration.learningRate)
  }

  /// Makes the target network what the network is.
  func startTarget() { target.parameters.follow(network.parameters, tau: 1) }

  package var parameters: ParameterSet { network.parameters }
  package var targetParameters: ParameterSet { target.parameters }
  /// The number of actions.
  public var actionCount: Int { network.actions.table.shape[0] }
  /// W, the integers of a state's row.
  public var rowWidth: Int { network.state.rowWidth }
  /// Whether training has kept to numbers. Waits for the device.
  public func isFinite() throws(BackendError) -> Bool { try network.parameters.isFinite() }

  /// Rows that a replay keeps for a state and the action taken there, and for what came of it.
  static func replayRow(_ state: [Int32], action: Int32 = 0) -> [Int32] { state + [action] }

  /// The best action of each state's row [B, W], of those allowed, [B].
  public func best(_ rows: IndexTensor, allowed: DeviceMask? = nil) -> IndexTensor {
    network.best(network(rows), allowed).actions
  }

  /// Q(s, a) of all actions, [B, A].
  public func values(_ rows: IndexTensor) -> Tensor {
    let states = network(rows)
    let scores = network.actions.scores(of: states.query)
    return states.offset.map { scores + $0.reshaped([rows.shape[0], 1]) } ?? scores
  }

  /// One update from a batch whose priorities `memory` then learns. No host synchronisation.
  public func update(_ batch: TransitionBatch, _ memory: ReplayBuffer? = nil) -> Losses {
    let width = rowWidth
    let update = sharing.update(
      network.parameters, rows: batch.slots.shape[0], columns: [1, 1]
    ) { rows in
      let batch = batch[rows]
      let nextRows = batch.nextStates.columns(0..<width)
      let allowed = excludes.map {
        DeviceMask(excluding: nextRows, first: $0, items: actionCount)
      }
      // y = r + γ Q′(s′, argmax_a Q(s′, a)), or r + γ max_a Q′(s′, a)
      let targetStates = target(nextRows)
      let nextValue: Tensor
      if configuration.isDouble {
        let choice = network.best(network(nextRows), allowed).actions
        nextValue = target.values(targetStates, of: choice)
      } else {
        nextValue = target.best(targetStates, allowed).values
      }
      let y = temporalDifferenceTarget(
        batch.outcomes, nextValue: nextValue, discount: configuration.discount)

      let tape = Tape(training: network.parameters)
      let actions = batch.states.column(width)
      let states = network(batch.states.columns(0..<width), tape)
      let values = network.values(states, of: actions, tape)
      var loss = values.huber(y, weights: batch.weights)
      if configuration.conservatism > 0 {
        // log Σ_a exp Q(s, a) − Q(s, a_logged); V(s) and the mean fall out of the difference.
        let scores = network.actions.scores(of: states.query, tape)
        loss = loss + configuration.conservatism * scores.softmaxCrossEntropy(actions)
      }
      tape.backward(from: loss)
      return .init(loss.detached, columns: [values.detached, y])
    }
    optimizer.step(
      maximumNorm: configuration.gradientNorm, target: target.parameters,
      rate: configuration.targetRate)
    memory?.reprioritize(batch, values: update.columns[0], targets: update.columns[1])
    return Losses(critic: update.loss, values: update.columns[0])
  }
}

extension DQN: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try network.parameters.save(to: &file, "\(prefix).network")
    try target.parameters.save(to: &file, "\(prefix).target")
    try optimizer.save(to: &file, "\(prefix).adam")
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let parts: [(String, any Checkpointed)] = [
      ("network", network.parameters), ("target", target.parameters), ("adam", optimizer),
    ]
    let restores = try parts.map { try $1.prepareRestore(from: file, "\(prefix).\($0)") }
    return { for restore in restores { restore() } }
  }
}

import DRRCore
import Tensor

/// A simulator whose users are one recurrent network of random weights (the second simulator of
/// Bai, Guan & Wang's programs): of a list the user clicks the item of the highest score, leaving
/// among them, and is rewarded where the network says so.
///
/// Its only chance is the start item and, where wanted, dropout of the item vectors, with which the
/// published logs were made.
public final class LSTMWorld: SlateEnvironment {
  /// Numbers of a vector and of a state, and the share of a vector dropped.
  public struct Configuration: Hashable, Sendable {
    public var itemCount = 99
    public var embedding = 50
    public var units = 128
    public var longestSession = 5
    public var dropout: Float = 0.25

    public init() {}
  }

  public let configuration: Configuration
  package let weights: ParameterSet
  let embedding: Embedding
  let network: LSTM
  let click: Dense
  let reward: Dense
  private var state: RecurrentState?
  /// The same without dropout: what can be known of a user.
  private var expectedState: RecurrentState?
  private var isOpen: [Bool] = []
  private var draws = DrawSequence(seed: 0, stream: Streams.lstmUsers)

  /// Every weight N(0, 1).
  public init(_ configuration: Configuration, seed: UInt64, on backend: any Backend) {
    self.configuration = configuration
    weights = ParameterSet(on: backend, seed: seed, stream: Streams.lstmWorld)
    let (size, units) = (configuration.embedding, configuration.units)
    embedding = Embedding(
      "world.items", rows: configuration.itemCount + 1, width: size, .normal(deviation: 1),
      in: weights)
    network = LSTM("world.lstm", inputs: size, units: units, in: weights)
    click = Dense("world.click", units, size, in: weights, weight: .normal(deviation: 1))
    reward = Dense("world.reward", units, size, in: weights, weight: .normal(deviation: 1))
    var random = Philox(seed: seed, stream: Streams.lstmWeights)
    network.layers[0].setNormal(&random)
    for bias in [click.bias, reward.bias] { bias.setNormal(&random) }
  }

  public var itemCount: Int { configuration.itemCount }
  public var longestSession: Int { configuration.longestSession }
  public var states: [Int32]? { nil }
  private var backend: any Backend { weights.backend }

  public func begin(_ count: Int, seed: UInt64) throws -> [Int32] {
    var random = Philox(seed: seed, stream: Streams.lstmUsers)
    draws = DrawSequence(seed: seed, stream: Streams.lstmUsers)
    let starts = (0..<count).map { _ in Int32(random.index(below: itemCount)) }
    isOpen = Array(repeating: true, count: count)
    (state, expectedState) = (nil, nil)
    observe(starts)
    return starts
  }

  public func respond(to lists: [Int32], size: Int) throws -> [SessionResponse] {
    let count = isOpen.count
    let hidden = state!.hidden
    var slates: [Int32] = []
    slates.reserveCapacity(count * (size + 1))
    for row in 0..<count {
      slates += lists[row * size..<(row + 1) * size]
      slates.append(Int32(itemCount))
    }
    let slate = IndexTensor(slates, shape: [count, size + 1], on: backend)
    let chosen = slate.picked(
      clickScores(hidden, slate).topKRows(1).reshaped([count]))
    let logits = embedding(chosen).rowDot(reward(hidden))
    let (clicks, rewards) = (try chosen.host(), try logits.host())
    var responses: [SessionResponse] = []
    for row in 0..<count {
      let leaves = !isOpen[row] || clicks[row] < 0 || clicks[row] == Int32(itemCount)
      if leaves { isOpen[row] = false }
      responses.append(
        leaves
          ? .left : SessionResponse(click: clicks[row], reward: rewards[row] > 0 ? 1 : 0))
    }
    observe(responses.map(\.click))
    return responses
  }

  /// Logits that the items are rewarded, as they would be without dropout.
  public func itemValues() throws -> [Float] {
    try rewardScores((expectedState ?? state!).hidden).host()
  }

  /// Scores of a list's items, leaving behind them: [B, L] at the states [B, H].
  package func clickScores(_ states: Tensor, _ slates: IndexTensor) -> Tensor {
    embedding.scores(of: click(states), slates)
  }

  /// Reward logits of all items, [B, N].
  package func rewardScores(_ states: Tensor) -> Tensor {
    let all = IndexTensor(
      (0..<states.shape[0]).flatMap { _ in 0..<Int32(itemCount) },
      shape: [states.shape[0], itemCount], on: backend)
    return embedding.scores(of: reward(states), all)
  }

  /// The states behind these clicks, [B, H], without dropout; a session a row.
  package func states(behind clicks: [[Int32]]) -> Tensor {
    let width = clicks.map(\.count).max() ?? 0
    let padded = clicks.flatMap { $0 + Array(repeating: -1, count: width - $0.count) }
    let lengths = IndexTensor(
      clicks.map { Int32($0.count) }, shape: [clicks.count], on: backend)
    let x = embedding(IndexTensor(padded, shape: [clicks.count * width], on: backend))
    return network(
      x.reshaped([clicks.count, width, configuration.embedding]), lengths: lengths
    ).last.hidden
  }

  private func observe(_ clicks: [Int32]) {
    let vectors = embedding(IndexTensor(clicks, shape: [clicks.count], on: backend))
    if configuration.dropout > 0 {
      expectedState = network.step(vectors, from: expectedState).state
    }
    state = network.step(vectors.dropout(configuration.dropout, draws.next()), from: state).state
  }
}

/// The policy that the simulator's log was made by: the items that another recurrent network of
/// random weights scores highest.
public final class LSTMListPolicy: ListPolicy {
  public let name: String
  let weights: ParameterSet
  let embedding: Embedding
  let network: LSTM
  let output: Dense
  private let dropout: Float
  private var state: RecurrentState?
  private var draws = DrawSequence(seed: 0, stream: Streams.listPolicyDraws)

  public init(
    _ name: String, _ configuration: LSTMWorld.Configuration, seed: UInt64,
    on backend: any Backend
  ) {
    self.name = name
    weights = ParameterSet(on: backend, seed: seed, stream: Streams.lstmPolicy)
    let (size, units) = (configuration.embedding, configuration.units)
    embedding = Embedding(
      "policy.items", rows: configuration.itemCount, width: size, .normal(deviation: 1),
      in: weights)
    network = LSTM("policy.lstm", inputs: size, units: units, in: weights)
    output = Dense(
      "policy.output", units, configuration.itemCount, in: weights, weight: .normal(deviation: 1))
    dropout = configuration.dropout
    var random = Philox(seed: seed, stream: Streams.lstmPolicyWeights)
    network.layers[0].setNormal(&random)
    output.bias.setNormal(&random)
  }

  public func begin(_ starts: [Int32], seed: UInt64) throws {
    draws = DrawSequence(seed: seed, stream: Streams.listPolicyDraws)
    state = nil
    try observe(starts)
  }

  public func lists(of size: Int) throws -> [Int32] {
    try output(state!.hidden).topKRows(size).host()
  }

  public func observe(_ clicks: [Int32]) throws {
    let vectors = embedding(IndexTensor(clicks, shape: [clicks.count], on: weights.backend))
      .dropout(dropout, draws.next())
    state = network.step(vectors, from: state).state
  }
}

extension Parameter {
  fileprivate func setNormal(_ random: inout Philox) {
    set((0..<shape.count).map { _ in random.normal() })
  }
}

extension RecurrentLayer {
  fileprivate func setNormal(_ random: inout Philox) {
    for weight in [inputWeight, hiddenWeight, inputBias, hiddenBias] { weight.setNormal(&random) }
  }
}

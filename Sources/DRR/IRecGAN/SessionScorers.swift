import ClickSessions
import Tensor

/// A network that reads clicks, as a scorer that says what is clicked next.
private final class StateScorer: SessionScorer {
  let name: String
  private let encoder: SequenceEncoder
  private let logits: (Tensor) -> Tensor

  init(_ name: String, _ encoder: SequenceEncoder, _ logits: @escaping (Tensor) -> Tensor) {
    self.name = name
    self.encoder = encoder
    self.logits = logits
  }

  /// Sessions are read once however many of their positions are asked for. Waits for the device.
  func scores(
    at positions: ArraySlice<SessionPosition>, of log: SessionLog
  ) throws -> [Float] {
    var rows: [Int: Int] = [:]
    var sessions: [Int] = []
    for position in positions where rows[position.session] == nil {
      rows[position.session] = sessions.count
      sessions.append(position.session)
    }
    let prefixes = positions.map { $0.step - log.steps(of: $0.session).lowerBound }
    let width = prefixes.max() ?? 0
    guard width > 0 else { return [] }
    let backend = encoder.embedding.table.owner.backend
    var clicks = [Int32](repeating: -1, count: sessions.count * width)
    var lengths = [Int32](repeating: 0, count: sessions.count)
    for (row, session) in sessions.enumerated() {
      let read = log.clicks(of: session).prefix(width)
      lengths[row] = Int32(read.count)
      for (column, click) in read.enumerated() { clicks[row * width + column] = click }
    }
    let states = encoder(
      IndexTensor(clicks, shape: [sessions.count, width], on: backend),
      lengths: IndexTensor(lengths, shape: [sessions.count], on: backend)
    ).states
    let at = zip(positions, prefixes).map { Int32(rows[$0.session]! * width + $1 - 1) }
    return try logits(states.rows(at: IndexTensor(at, shape: [at.count], on: backend))).host()
  }
}

extension UserModel {
  /// The user model as a ranker of all items. It reads the item vectors once. Waits for the device.
  public func scorer(_ name: String) throws -> any SessionScorer {
    let table = encoder.embedding.table
    let (rows, width) = (table.shape[0], table.shape[1])
    let vectors = try table.tensor.host()
    let items = rows - 1
    var transposed = [Float](repeating: 0, count: items * width)
    for item in 0..<items {
      for column in 0..<width { transposed[column * items + item] = vectors[item * width + column] }
    }
    let weights = Tensor(transposed, shape: [width, items], on: self.weights.backend)
    return StateScorer(name, encoder) { self.preference($0).multiplied(by: weights) }
  }
}

extension ListAgent {
  /// The agent as a ranker of all items.
  public func scorer(_ name: String) -> any SessionScorer {
    StateScorer(name, encoder) { self.logits($0) }
  }
}

/// The agent's best items as lists, for many sessions at once.
public final class AgentListPolicy: ListPolicy {
  public let name: String
  private let agent: ListAgent
  private var state: RecurrentState?

  public init(_ name: String, _ agent: ListAgent) {
    self.name = name
    self.agent = agent
  }

  private var backend: any Backend { agent.weights.backend }

  public func begin(_ starts: [Int32], seed: UInt64) throws {
    state = nil
    try observe(starts)
  }

  public func lists(of size: Int) throws -> [Int32] {
    try agent.logits(state!.hidden).topKRows(size).host().chosen()
  }

  public func observe(_ clicks: [Int32]) throws {
    let clicks = IndexTensor(clicks, shape: [clicks.count], on: backend)
    state = agent.encoder.network.step(agent.encoder.embedding(clicks), from: state).state
  }
}

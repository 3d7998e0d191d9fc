import ActorCritic
import Agents
import DRRCore
import DRRData
import Factorization
import IRecGAN
import Tensor

/// Builds the graph of a model, whose weights it takes from the file by their names.
struct ONNXNetwork {
  typealias Value = ONNXGraph.Value

  let model: ExportedModel
  let backend: any Backend
  var graph = ONNXGraph()
  var inputs: [ONNXFile.Port] = []
  var tables: [ONNXFile.Port] = []
  var hasItemTable = false

  init(_ model: ExportedModel, on backend: any Backend) {
    (self.model, self.backend) = (model, backend)
  }

  var items: Int { model.items.count }

  // MARK: - Models

  /// ⟨p, q_i⟩ + b_i + b + μ.
  mutating func factorization() -> Value {
    let pmf = model.factorization!
    let user = userInput()
    let vectors = graph.add("Gather", usersTable(pmf), user)
    tables.append(.init(name: "user_biases", type: "float [users]", about: "a user's bias"))
    let biases = graph.table("user_biases", pmf.userBiases, width: nil, rows: "users")
    let shared = graph.add(
      "Add", graph.add("Gather", biases, user), graph.constant([pmf.mean], [1]))
    let shift = graph.add("Unsqueeze", shared, graph.constant([1]))
    let products = graph.add(
      "Gemm", vectors, itemTable(), graph.constant(pmf.itemBiases, [items]),
      with: ["transB": .number(1)])
    return graph.add("Add", products, shift)
  }

  /// ⟨π(s), e_i⟩.
  mutating func drr(_ settings: ServedAlgorithm.Network) throws -> Value {
    let action = try mlp(state(settings), "actor", count: 3, last: "Tanh")
    return graph.add("Gemm", action, itemTable(), "", with: ["transB": .number(1)])
  }

  /// ⟨h(s), e_a⟩ of a learned table of actions.
  mutating func actionTable(
    _ settings: ServedAlgorithm.Network, _ name: String
  ) throws -> Value {
    let query = try mlp(state(settings), name, count: 3, last: nil)
    return graph.add(
      "Gemm", query, try weight("\(name).actions"), "", with: ["transB": .number(1)])
  }

  /// The actor of the residual agent, from its state on.
  mutating func residual(_ settings: ServedAlgorithm.Residual) throws -> Value {
    let (beliefs, users) = (model.beliefs!, model.userBeliefs!)
    let state = ResidualState(beliefs, model.factorization!)
    let head = ItemActorCritic.Network(
      ["actor"], blocks: beliefs.blocks, anchor: (state.anchorWidth, settings.anchor),
      hidden: settings.hidden, scale: 1, reach: settings.reach, seed: 0, stream: 0,
      on: backend
    ).heads[0]
    let (a, k) = (state.itemWidth, model.factorization!.dimension)
    var states: [Float] = []
    states.reserveCapacity(model.users.count * state.width)
    for user in 0..<model.users.count {
      let own = beliefs.itemWidth
      states += state.vector(
        action: Array(users.actions[user * own..<(user + 1) * own]),
        summary: Array(users.summaries[2 * user..<2 * user + 2]), [], fold: beliefs.everything,
        anchor: state.anchor(
          model.factorization!.userFactors[user * k..<(user + 1) * k],
          bias: model.factorization!.userBiases[user]))
    }
    tables.append(
      .init(
        name: "states", type: "float [users, \(state.width)]",
        about: "the state of a user: belief, item shown last, context"))
    let table = graph.table("states", states, width: state.width, rows: "users")
    let x = graph.add("Gather", table, userInput())
    func columns(_ value: Value, _ range: Range<Int>) -> Value {
      graph.add(
        "Slice", value, graph.constant([range.lowerBound]), graph.constant([range.upperBound]),
        graph.constant([1]))
    }
    // u(s) = 1 or 0 + offset + reach · tanh(network(context)), as `ItemHead` has it.
    let context = columns(x, 2 * a..<state.width)
    let moved = graph.add(
      "Mul", try mlp(context, "actor", count: 2, last: "Tanh"),
      graph.constant([settings.reach], [1]))
    let spans = head.parts.spans
    let gates = spans.prefix(head.parts.offset.shape[0])
    let start = graph.constant(gates.map(\.start), [gates.count])
    let controls = graph.add(
      "Add", graph.add("Add", moved, try weight("actor.offset")), start)
    // What each gate, and what none, adds to the weights of base and last, and to the vector.
    var expansion = [Float](repeating: 0, count: spans.count * 3 * a)
    for (s, span) in spans.enumerated() {
      for column in span.columns {
        expansion[(s * 3 + Int(span.part.rawValue)) * a + column] = span.weight
      }
    }
    let moving = gates.count * 3 * a
    let weights = graph.add(
      "Gemm", controls, graph.constant(Array(expansion[..<moving]), [gates.count, 3 * a]),
      graph.constant(Array(expansion[moving...]), [3 * a]))
    let base = graph.add("Mul", columns(weights, 0..<a), columns(x, 0..<a))
    let last = graph.add("Mul", columns(weights, a..<2 * a), columns(x, a..<2 * a))
    let action = graph.add(
      "Add", graph.add("Add", base, last), columns(weights, 2 * a..<3 * a))
    let vectors = graph.constant(state.itemVectors(), [items, a])
    return graph.add("Gemm", action, vectors, "", with: ["transB": .number(1)])
  }

  /// The logits of the agent of IRecGAN after the clicks of a session.
  mutating func sessions(_ encoder: IRecGANConfiguration.Encoder) throws -> Value {
    let (clicks, mask) = sequenceInput(
      "clicks", about: "items clicked, the latest last; −1 behind a session that is shorter")
    let vectors = masked(clicks, mask, of: try weight("agent.items"))
    let last = try recurrent(
      vectors, lengths: lengths(mask), "agent.\(encoder.cell)", layers: encoder.layers,
      isLSTM: encoder.cell == .lstm)
    return try dense(last, "agent.output", nil)
  }

  /// ⟨W h + b, e(i)⟩ or σ cos(W h + b, e(i)) of what was had so far, the mean of all networks
  /// (`GRURanker`).
  mutating func nextItems(_ settings: ServedAlgorithm.Sequence) throws -> Value {
    let (had, mask) = sequenceInput(
      "items",
      about:
        "what a user had, the latest last, of which the last \(settings.window) count; −1 behind "
        + "a row that is shorter")
    let lengths = lengths(mask)
    let scores = try (0..<settings.networks).map { number -> Value in
      let table = try weight("\(number).items")
      var x = masked(had, mask, of: table)
      if settings.cosineScale != nil { x = unitRows(x, axis: 2) }
      let h = try recurrent(x, lengths: lengths, "\(number).gru", layers: 1, isLSTM: false)
      var y = try dense(h, "\(number).output", nil)
      guard let scale = settings.cosineScale else {
        return graph.add("Gemm", y, table, "", with: ["transB": .number(1)])
      }
      y = graph.add("Mul", unitRows(y, axis: 1), graph.constant([scale], [1]))
      return graph.add("Gemm", y, unitRows(table, axis: 1), "", with: ["transB": .number(1)])
    }
    let sum = scores.dropFirst().reduce(scores[0]) { graph.add("Add", $0, $1) }
    return graph.add("Mul", sum, graph.constant([1 / Float(scores.count)], [1]))
  }

  /// Each row over its length.
  private mutating func unitRows(_ x: Value, axis: Int) -> Value {
    let squares = graph.add("ReduceSum", graph.add("Mul", x, x), graph.constant([axis]))
    let length = graph.add("Sqrt", graph.add("Add", squares, graph.constant([1e-12], [1])))
    return graph.add("Div", x, length)
  }

  // MARK: - States

  /// The state of a state module (Liu et al. 2018, section 3.3): [B, S].
  private mutating func state(_ settings: ServedAlgorithm.Network) throws -> Value {
    let (n, k) = (settings.window, model.factorization!.dimension)
    let (name, kind) =
      settings.state.readsRewards ? ("rated", "rated") : ("history", "liked")
    inputs.append(
      .init(
        name: name, type: "int64 [batch, \(n)]",
        about: "the latest \(kind) items, the latest last; −1 in front where there are fewer"))
    let history = graph.input(name, .int64, [.named("batch"), .fixed(n)])
    let mask = present(history)
    let h = masked(history, mask, of: itemTable())
    guard settings.state != .p, settings.state != .items else {
      return settings.state == .p
        ? try pairs(h, user: nil, window: n, dimension: k) : try pooled(h, window: n)
    }
    let u = graph.add("Gather", usersTable(model.factorization!), userInput())
    switch settings.state {
    case .u, .p: return try pairs(h, user: u, window: n, dimension: k)
    case .ave, .items: return beside(u, try pooled(h, window: n))
    case .att: return beside(u, try attended(h, mask, u, dimension: k, window: n))
    case .gru, .gruRewards:
      let read =
        settings.state.readsRewards ? graph.joined([h, rewardsInput(window: n)], axis: 2) : h
      return graph.joined(
        [u, try recurrent(read, lengths: "", "history", layers: 1, isLSTM: false)], axis: 1)
    }
  }

  /// The rewards of the items of a state, [B, n, 1].
  private mutating func rewardsInput(window n: Int) -> Value {
    inputs.append(
      .init(
        name: "rewards", type: "float [batch, \(n)]",
        about: "the reward of each rated item, −1 … 1; 0 where there is none"))
    let rewards = graph.input("rewards", .float, [.named("batch"), .fixed(n)])
    return graph.add("Unsqueeze", rewards, graph.constant([2]))
  }

  /// [h ; w_a h_a ∘ w_c h_c ; u ∘ w_j h_j].
  private mutating func pairs(
    _ h: Value, user: Value?, window n: Int, dimension k: Int
  ) throws -> Value {
    let weighed = graph.add("Mul", h, try weight("products", [1, n, 1]))
    let flat = graph.constant([0, -1])
    var parts = [graph.add("Reshape", h, flat)]
    let both = (0..<n).flatMap { a in (a + 1..<n).map { (a, $0) } }
    if !both.isEmpty {
      let first = graph.add(
        "Gather", weighed, graph.constant(both.map(\.0)), with: ["axis": .number(1)])
      let second = graph.add(
        "Gather", weighed, graph.constant(both.map(\.1)), with: ["axis": .number(1)])
      parts.append(graph.add("Reshape", graph.add("Mul", first, second), flat))
    }
    if let user {
      let row = graph.add("Unsqueeze", user, graph.constant([1]))
      parts.append(graph.add("Reshape", graph.add("Mul", row, weighed), flat))
    }
    return graph.joined(parts, axis: 1)
  }

  /// m = Σ w_j h_j.
  private mutating func pooled(_ h: Value, window n: Int) throws -> Value {
    let weighed = graph.add("Mul", h, try weight("pooling", [1, n, 1]))
    return sum(weighed)
  }

  /// m = Σ α_j h_j, α the softmax of what the network says of [u ; h_j], over the items that there
  /// are.
  private mutating func attended(
    _ h: Value, _ mask: Value, _ u: Value, dimension k: Int, window n: Int
  ) throws -> Value {
    let shape = graph.joined(
      [graph.add("Shape", u, with: ["end": .number(1)]), graph.constant([n, k])], axis: 0)
    let users = graph.add("Expand", graph.add("Unsqueeze", u, graph.constant([1])), shape)
    let logits = graph.add(
      "Squeeze", try mlp(graph.joined([users, h], axis: 2), "attention", count: 2, last: nil),
      graph.constant([2]))
    let allowed = graph.add("Where", mask, logits, graph.constant([-3e38], [1]))
    let attention = graph.add("Softmax", allowed, with: ["axis": .number(1)])
    return sum(graph.add("Mul", h, graph.add("Unsqueeze", attention, graph.constant([2]))))
  }

  /// [u ; u ∘ m ; m].
  private mutating func beside(_ u: Value, _ m: Value) -> Value {
    graph.joined([u, graph.add("Mul", u, m), m], axis: 1)
  }

  private mutating func sum(_ rows: Value) -> Value {
    graph.add("ReduceSum", rows, graph.constant([1]), with: ["keepdims": .number(0)])
  }
}

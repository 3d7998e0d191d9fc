/// A table of rows, [rows, width]; a negative index is the zero row.
public struct Embedding {
  /// The rows, [rows, width].
  public let table: Parameter

  /// A table that is the parameter `name` of a set.
  ///
  /// - Parameter held: the rows that the set holds, from whose first on indices count; nil: all.
  public init(
    _ name: String, rows: Int, width: Int, _ initializer: Initializer, in set: ParameterSet,
    holding held: Range<Int>? = nil
  ) {
    table = set.add(name, [rows, width], initializer, holding: held)
  }

  /// [B] indices to [B, width].
  public func callAsFunction(_ index: IndexTensor, _ tape: Tape? = nil) -> Tensor {
    let (b, e, backend) = (index.shape.count, table.shape[1], table.owner.backend)
    let y = Tensor(uninitialized: [b, e], on: backend)
    backend.gather(table.values, index.view, b: b, e: e, into: y.view)
    guard let tape, tape.trains(table.owner) else { return y }
    let gradients = table.gradients
    return tape.record(y) { dy in
      backend.scatterAdd(dy, index.view, b: b, e: e, into: gradients)
    }
  }

  /// Dot products of each action [B, width] with its own rows [B, C] of the table, [B, C]. A
  /// negative row scores `absent`.
  public func scores(
    of action: Tensor, _ rows: IndexTensor, absent: Float = -.infinity, _ tape: Tape? = nil
  ) -> Tensor {
    require(
      action.shape.rank == 2 && rows.shape.rank == 2 && rows.shape[0] == action.shape[0]
        && action.shape[1] == table.shape[1],
      "\(table.name): actions \(action.shape), rows \(rows.shape), table \(table.shape)")
    let candidates = Candidates(action, rows, first: 0)
    let items = table.values
    let scores = candidates.scores(items, absent: absent)
    guard let tape else { return scores }
    let trains = tape.trains(table.owner)
    guard trains || action.node != nil else { return scores }
    let gradients = trains ? table.gradients : nil
    return tape.record(scores) { dScores in
      Tape.contribute(to: action) { candidates.actionGradient(dScores, items, into: $0) }
      if let gradients { candidates.itemGradient(dScores, into: gradients) }
    }
  }

  /// Dot products of each action [B, width] with every row of the table, [B, rows].
  public func scores(of action: Tensor, _ tape: Tape? = nil) -> Tensor {
    let (b, n, e, backend) = (
      action.shape[0], table.shape[0], table.shape[1], table.owner.backend
    )
    require(action.shape == [b, e], "\(table.name): actions \(action.shape), table \(table.shape)")
    let items = table.values
    let scores = Tensor(uninitialized: [b, n], on: backend)
    // a · Wᵀ is the input's gradient of a layer x · W whose output's gradient is a.
    backend.linearBackward(
      action.view, scores.view, items, action.view, .identity, m: b, k: n, n: e, dx: scores.view,
      dw: nil, db: nil)
    guard let tape else { return scores }
    let trains = tape.trains(table.owner)
    guard trains || action.node != nil else { return scores }
    let gradients = trains ? table.gradients : nil
    return tape.record(scores) { dScores in
      Tape.contribute(to: action) {
        backend.linear(dScores, items, nil, .identity, m: b, k: n, n: e, into: $0)
      }
      if let gradients {
        backend.linearBackward(
          action.view, dScores, items, action.view, .identity, m: b, k: n, n: e, dx: nil,
          dw: gradients, db: nil)
      }
    }
  }

  /// The mean of each action's [B, width] dot products with all rows, [B].
  public func meanScores(of action: Tensor, _ tape: Tape? = nil) -> Tensor {
    let (b, n, e, backend) = (
      action.shape[0], table.shape[0], table.shape[1], table.owner.backend
    )
    require(action.shape == [b, e], "\(table.name): actions \(action.shape), table \(table.shape)")
    let sums = Floats(backend.allocate(e), count: e)
    let means = Tensor(uninitialized: [b], on: backend)
    backend.meanScores(
      action.view, table.values, b: b, n: n, e: e, into: means.view, sums: sums)
    guard let tape else { return means }
    let trains = tape.trains(table.owner)
    guard trains || action.node != nil else { return means }
    let gradients = trains ? table.gradients : nil
    return tape.record(means) { dMeans in
      Tape.contribute(to: action, nil) { dAction, _ in
        backend.meanScoresBackward(
          dMeans, action.view, sums: sums, b: b, n: n, e: e, into: dAction, dTable: gradients)
      }
    }
  }
}

/// The state of DRR-ave: [u ; u ∘ m ; m] with m = Σ_j w_j h_j over the n latest liked items
/// (Liu et al. 2018, section 3.3). Its n weights are learned.
public struct AveragePooling {
  /// w, [n].
  public let weights: Parameter

  /// n = `window` weights that are the parameter `name` of a set.
  public init(_ name: String, window: Int, _ initializer: Initializer, in set: ParameterSet) {
    weights = set.add(name, [window], initializer)
  }

  /// [B, 1 + n] rows, a user and n items, to [B, 3E]. `users` and `items` are constant tables.
  public func callAsFunction(
    _ rows: IndexTensor, users: Tensor, items: Tensor, _ tape: Tape? = nil
  ) -> Tensor {
    let (b, n, e) = (rows.shape[0], weights.shape[0], items.shape[1])
    require(
      rows.shape == [b, 1 + n] && users.shape[1] == e,
      "\(weights.name): rows \(rows.shape), users \(users.shape), items \(items.shape), window \(n)"
    )
    let backend = rows.backend
    let y = Tensor(uninitialized: [b, 3 * e], on: backend)
    backend.averagePooling(
      rows.view, users: users.view, items: items.view, weights: weights.values, b: b, n: n, e: e,
      into: y.view)
    guard let tape, tape.trains(weights.owner) else { return y }
    let gradients = weights.gradients
    return tape.record(y) { dy in
      backend.averagePoolingBackward(
        dy, rows.view, users: users.view, items: items.view, b: b, n: n, e: e, into: gradients)
    }
  }
}

extension Tensor {
  /// Rows of self [M, E], each as often as `index` [B] names it, [B, E]; a negative one is zero.
  public func rows(at index: IndexTensor) -> Tensor {
    require(
      shape.rank == 2 && index.shape.rank == 1,
      "rows: \(index.shape) rows of \(shape); want [B] of [M, E]")
    let x = self
    let (b, e) = (index.shape[0], shape[1])
    let y = Tensor(uninitialized: [b, e], on: backend)
    backend.gather(view, index.view, b: b, e: e, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { dx in
        x.backend.fill(0, into: dx)
        x.backend.scatterAdd(dy, index.view, b: b, e: e, into: dx)
      }
    } ?? y
  }

  /// The same as a constant: no gradient flows through it.
  public func detachedRows(at index: IndexTensor) -> Tensor { detached.rows(at: index) }
}

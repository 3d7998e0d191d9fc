/// A vector made of two parts of a state [part 0 ; part 1 ; context]. Spans of their columns, and
/// of a part 2 that is 1 everywhere, stand under gates: numbers that a small network of the context
/// gives.
public struct GateLayout: Hashable, Sendable {
  /// From the context to the gates: two layers, no second input.
  public let network: MLPLayout
  /// Where the gates' constants begin in the flat buffer of the weights.
  public let offset: Int
  /// What the network's output is multiplied by.
  public let reach: Float
  /// A, the columns of a part.
  public let width: Int
  /// Spans: first one of each gate, in their order, then those that no gate moves.
  public let spans: Int

  /// A layout by its parts, whose sizes fit.
  public init(_ network: MLPLayout, offset: Int, reach: Float, width: Int, spans: Int) {
    require(
      network.layers.count == 2 && network.side == nil,
      "gates: \(network.layers.count) layers, expected 2 of one input")
    require(
      width > 0 && spans >= network.outputs,
      "gates: \(spans) spans of \(width) columns for \(network.outputs) gates")
    self.network = network
    self.offset = offset
    self.reach = reach
    self.width = width
    self.spans = spans
  }

  /// The columns of a state: 2 A and the context.
  public var stateWidth: Int { 2 * width + network.inputs }
}

/// A batch's states, and what stands over their spans.
public struct GatedStates {
  /// The table of states, [states, 2 A + context].
  public let states: Floats
  /// [b, w]: the first column says which state a row has; negative: zeros. Nil: row i has state i.
  public let rows: Indices?
  /// Columns of `rows`.
  public let w: Int
  /// [spans, 3]: the part, 0 to 2, the first column and the number of columns of each.
  public let spans: Indices
  /// [spans, 2]: the weight of each span, and where its gate starts.
  public let weights: Floats
  /// The flat buffer of the network's weights and the gates' constants.
  public let parameters: Floats
  /// Rows of the batch.
  public let b: Int

  /// A batch by its parts.
  public init(
    states: Floats, rows: Indices?, w: Int, spans: Indices, weights: Floats, parameters: Floats,
    b: Int
  ) {
    self.states = states
    self.rows = rows
    self.w = w
    self.spans = spans
    self.weights = weights
    self.parameters = parameters
    self.b = b
  }
}

/// Gates over parts of a state.
public protocol GatingKernels: AnyObject {
  /// y[b, A] = Σ_s weight_s · gate_s · (part_s where span s has the column, else 0), gate_s = start_s
  /// + offset_s + reach · t_s of the first spans, start_s of those that no gate moves. t[b, gates] is
  /// the network's output of the row's context; it and hidden[b, hidden width] are kept for the way
  /// back.
  func gatedParts(
    _ layout: GateLayout, _ batch: GatedStates, into y: Floats, hidden: Floats, gates t: Floats)
  /// Adds to `gradients`, laid out as the parameters, from dy[b, A]. States are constants.
  func gatedPartsBackward(
    _ layout: GateLayout, _ dy: Floats, _ batch: GatedStates, hidden: Floats, gates t: Floats,
    gradients: Floats)
}

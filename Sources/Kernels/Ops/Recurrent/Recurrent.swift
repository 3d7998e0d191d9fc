/// The cell of a recurrent layer.
public enum RecurrentCell: Sendable, CaseIterable {
  /// Hochreiter & Schmidhuber 1997, with forget gates (Gers, Schmidhuber & Cummins 2000).
  case lstm
  /// Cho et al. 2014; the reset gate acts behind the product with h, as in PyTorch.
  case gru

  /// Blocks of columns of the weights: i, f, g, o or r, z, n.
  public var gates: Int { self == .lstm ? 4 : 3 }
  /// Vectors of a state: h, and an LSTM's cell c.
  public var states: Int { self == .lstm ? 2 : 1 }
}

/// One recurrent layer over a batch of sequences.
public struct RecurrentLayout: Hashable, Sendable {
  public let cell: RecurrentCell
  /// B, T, E and H.
  public let batch: Int
  public let steps: Int
  public let inputs: Int
  public let units: Int

  public init(_ cell: RecurrentCell, batch: Int, steps: Int, inputs: Int, units: Int) {
    require(
      batch > 0 && steps > 0 && inputs > 0 && units > 0,
      "recurrent: \(batch) sequences of \(steps) steps, \(inputs) inputs, \(units) units")
    self.cell = cell
    self.batch = batch
    self.steps = steps
    self.inputs = inputs
    self.units = units
  }

  /// Steps of all sequences.
  public var rows: Int { batch * steps }
  /// Columns of the weights, G.
  public var gateWidth: Int { cell.gates * units }
  /// Columns of a state, S.
  public var stateWidth: Int { cell.states * units }
  public var traceCount: Int { rows * (gateWidth + units) }
}

/// The weights of a recurrent layer or their gradients, columns in PyTorch's order of gates.
public struct RecurrentWeights {
  /// [E, G].
  public let input: Floats
  /// [H, G].
  public let hidden: Floats
  /// [G] each.
  public let inputBias: Floats
  public let hiddenBias: Floats

  public init(input: Floats, hidden: Floats, inputBias: Floats, hiddenBias: Floats) {
    self.input = input
    self.hidden = hidden
    self.inputBias = inputBias
    self.hiddenBias = hiddenBias
  }
}

/// Whole sequences through a recurrent layer, batch first.
///
/// A sequence is over after its length (`lengths` [B]; nil: all steps of all): its state stays and
/// its outputs are 0, as in PyTorch's packed sequences. A length of 0 leaves the initial state.
/// Where sequences of like length stand together, their missing steps cost no products with h.
public protocol RecurrentKernels: AnyObject {
  /// With p = x_t · W + b and q = h_{t−1} · U + d, W the input weights, U the hidden ones,
  /// an LSTM: i, f, o = σ(p + q), g = tanh(p + q), c_t = f ∘ c_{t−1} + i ∘ g, h_t = o ∘ tanh c_t;
  /// a GRU: r, z = σ(p + q), n = tanh(p + r ∘ q), h_t = (1 − z) ∘ n + z ∘ h_{t−1}.
  ///
  /// x[B, T, E], y[B, T, H] = h; `initial` and `last` [B, S]: h, then c; nil: zeros. The trace
  /// holds the gates [B, T, G], then c, or a GRU's q of n, [B, T, H]; 0 past a length.
  func recurrent(
    _ layout: RecurrentLayout, _ x: Floats, lengths: Indices?, initial: Floats?,
    _ weights: RecurrentWeights, into y: Floats, last: Floats, trace: Floats)

  /// From dy[B, T, H] and dLast[B, S], nil for zeros: dx[B, T, E] and dInitial[B, S], overwritten,
  /// and `gradients`, added to. Nil for what is not wanted.
  ///
  /// Uses the trace up: its gates become the gradients of what went into them.
  func recurrentBackward(
    _ layout: RecurrentLayout, dy: Floats?, dLast: Floats?, _ x: Floats, lengths: Indices?,
    initial: Floats?, _ weights: RecurrentWeights, y: Floats, trace: Floats, dx: Floats?,
    dInitial: Floats?, gradients: RecurrentWeights?)
}

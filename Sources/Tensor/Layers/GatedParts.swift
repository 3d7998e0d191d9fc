/// A vector made of parts of a state under gates that a small network of the state's context moves:
/// one op forward and one back. States are [part 0 ; part 1 ; context], constants.
public struct GatedParts {
  /// Columns of a part, what they are multiplied by beside their gate, and where that starts.
  public struct Span: Hashable, Sendable {
    /// A part of a state; `ones` is 1 in every column.
    public enum Part: Int32, Sendable { case first, second, ones }
    /// The part that the columns are of.
    public let part: Part
    /// The columns within their part.
    public let columns: Range<Int>
    /// What they are multiplied by beside their gate.
    public let weight: Float
    /// The gate before anything is learned, or for good where no gate moves the span.
    public let start: Float

    /// A span by its parts.
    public init(_ part: Part, _ columns: Range<Int>, weight: Float, start: Float) {
      self.part = part
      self.columns = columns
      self.weight = weight
      self.start = start
    }
  }

  /// What is added to the gates, [gates].
  public let offset: Parameter
  /// From the context to the gates, two layers.
  public let network: MLP
  /// First one of each gate, in their order, then those that no gate moves.
  public let spans: [Span]
  private let layout: GateLayout
  private let places: IndexTensor
  private let weights: Tensor

  /// - Parameters:
  ///   - width: A, the columns of a part and of the result.
  ///   - reach: what the network's output is multiplied by.
  public init(_ offset: Parameter, _ network: MLP, _ spans: [Span], width: Int, reach: Float) {
    let set = offset.owner
    require(
      network.layers[0].weight.owner === set && offset.shape == [network.layers[1].weight.shape[1]],
      "\(offset.name): \(offset.shape) gates, and a network of its set that gives as many")
    require(
      spans.allSatisfy { $0.columns.lowerBound >= 0 && $0.columns.upperBound <= width },
      "\(offset.name): a span past the \(width) columns of a part")
    self.offset = offset
    self.network = network
    self.spans = spans
    layout = GateLayout(
      MLPLayout(network.layers.map(\.placed)), offset: offset.offset, reach: reach, width: width,
      spans: spans.count)
    places = IndexTensor(
      spans.flatMap { [$0.part.rawValue, Int32($0.columns.lowerBound), Int32($0.columns.count)] },
      shape: [spans.count, 3], on: set.backend)
    weights = Tensor(
      spans.flatMap { [$0.weight, $0.start] }, shape: [spans.count, 2], on: set.backend)
  }

  /// [B, A] of states [M, 2 A + context]: Σ over the spans of weight · gate · part, gate = start +
  /// offset + reach · network(context).
  ///
  /// - Parameter rows: [B, W], whose first column says which state a row has, a negative one none;
  ///   nil: every state a row.
  public func callAsFunction(
    _ states: Tensor, at rows: IndexTensor? = nil, _ tape: Tape? = nil
  ) -> Tensor {
    require(
      states.shape.rank == 2 && states.shape[1] == layout.stateWidth && rows?.shape.rank ?? 2 == 2,
      "\(offset.name): states \(states.shape) of width \(layout.stateWidth)"
        + (rows.map { ", rows \($0.shape)" } ?? ""))
    let (set, backend) = (offset.owner, states.backend)
    let b = rows?.shape[0] ?? states.shape[0]
    let batch = GatedStates(
      states: states.view, rows: rows?.view, w: rows?.shape[1] ?? 0, spans: places.view,
      weights: weights.view, parameters: set.values, b: b)
    let y = Tensor(uninitialized: [b, layout.width], on: backend)
    let hidden = Tensor(uninitialized: [b, layout.network.hiddenWidth], on: backend)
    let gates = Tensor(uninitialized: [b, layout.network.outputs], on: backend)
    backend.gatedParts(layout, batch, into: y.view, hidden: hidden.view, gates: gates.view)
    guard let tape, tape.trains(set) else { return y }
    let (layout, gradients) = (layout, set.gradients)
    return tape.record(y) { dy in
      backend.gatedPartsBackward(
        layout, dy, batch, hidden: hidden.view, gates: gates.view, gradients: gradients)
    }
  }
}

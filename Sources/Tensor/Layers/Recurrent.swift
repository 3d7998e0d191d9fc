/// Layers of long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000), each over
/// the outputs of the one before.
public struct LSTM: RecurrentNetwork {
  public let layers: [RecurrentLayer]

  /// H = `units` a layer; parameters are named `name`.0.inputWeight and so on.
  public init(
    _ name: String, inputs: Int, units: Int, layers count: Int = 1, in set: ParameterSet
  ) {
    layers = RecurrentLayer.stack(.lstm, name, inputs, units, count, in: set)
  }
}

/// Layers of gated recurrent units (Cho et al. 2014), each over the outputs of the one before.
public struct GRU: RecurrentNetwork {
  public let layers: [RecurrentLayer]

  /// H = `units` a layer; parameters are named `name`.0.inputWeight and so on.
  public init(
    _ name: String, inputs: Int, units: Int, layers count: Int = 1, in set: ParameterSet
  ) {
    layers = RecurrentLayer.stack(.gru, name, inputs, units, count, in: set)
  }
}

/// What a network knows of the sequences behind it.
public struct RecurrentState {
  /// A layer's states, a sequence a row: h [B, H] of a GRU, h then c [B, 2H] of an LSTM.
  public let layers: [Tensor]
  /// Columns of h.
  public let units: Int

  /// A state by its parts.
  public init(layers: [Tensor], units: Int) {
    self.layers = layers
    self.units = units
  }

  /// h of the topmost layer, [B, H].
  public var hidden: Tensor {
    let top = layers[layers.count - 1]
    return top.shape[1] == units ? top : top.columns(0..<units)
  }

  /// The states of some sequences, as often as `index` names each; constant.
  public func detachedRows(at index: IndexTensor) -> RecurrentState {
    RecurrentState(layers: layers.map { $0.detachedRows(at: index) }, units: units)
  }
}

/// An `LSTM` or a `GRU`: two launches a layer forward and at most five back, however long the
/// sequences.
public protocol RecurrentNetwork {
  /// The layers, from the input on.
  var layers: [RecurrentLayer] { get }
}

extension RecurrentNetwork {
  /// Columns of an output, H.
  public var units: Int { layers[0].hiddenWeight.shape[0] }

  /// [B, T, inputs] to the topmost layer's [B, T, H], and the state behind each sequence.
  ///
  /// A sequence is over after its length, [B] (nil: all have T steps): its outputs are 0 from then
  /// on and its state stays. It begins at `state`, or at zeros.
  public func callAsFunction(
    _ x: Tensor, lengths: IndexTensor? = nil, from state: RecurrentState? = nil,
    _ tape: Tape? = nil
  ) -> (outputs: Tensor, last: RecurrentState) {
    var (outputs, last) = (x, [Tensor]())
    for (index, layer) in layers.enumerated() {
      let (y, end) = layer(outputs, lengths: lengths, from: state?.layers[index], tape)
      outputs = y
      last.append(end)
    }
    return (outputs, RecurrentState(layers: last, units: units))
  }

  /// One more step of each sequence: [B, inputs] to [B, H] and the state behind it.
  public func step(
    _ x: Tensor, from state: RecurrentState? = nil, _ tape: Tape? = nil
  ) -> (output: Tensor, state: RecurrentState) {
    let b = x.shape[0]
    let (outputs, last) = self(x.reshaped([b, 1, x.shape[1]]), from: state, tape)
    return (outputs.reshaped([b, units]), last)
  }
}

/// The weights of one layer; columns in PyTorch's order of gates, both of its biases kept.
public struct RecurrentLayer {
  /// Which of the two it is.
  public let cell: RecurrentCell
  /// [inputs, G].
  public let inputWeight: Parameter
  /// [H, G].
  public let hiddenWeight: Parameter
  /// [G].
  public let inputBias: Parameter
  /// [G].
  public let hiddenBias: Parameter

  /// Weights and biases are uniform within ±1/√H.
  init(_ cell: RecurrentCell, _ name: String, _ inputs: Int, _ units: Int, in set: ParameterSet) {
    require(inputs > 0 && units > 0, "\(name): \(inputs) inputs, \(units) units")
    let (n, reach) = (cell.gates * units, 1 / Float(units).squareRoot())
    let initializer = Initializer.uniform(low: -reach, high: reach)
    self.cell = cell
    inputWeight = set.add("\(name).inputWeight", [inputs, n], initializer)
    hiddenWeight = set.add("\(name).hiddenWeight", [units, n], initializer)
    inputBias = set.add("\(name).inputBias", [n], initializer)
    hiddenBias = set.add("\(name).hiddenBias", [n], initializer)
  }

  static func stack(
    _ cell: RecurrentCell, _ name: String, _ inputs: Int, _ units: Int, _ count: Int,
    in set: ParameterSet
  ) -> [RecurrentLayer] {
    require(count > 0, "\(name): \(count) layers")
    return (0..<count).map {
      RecurrentLayer(cell, "\(name).\($0)", $0 == 0 ? inputs : units, units, in: set)
    }
  }

  func callAsFunction(
    _ x: Tensor, lengths: IndexTensor?, from initial: Tensor?, _ tape: Tape?
  ) -> (outputs: Tensor, last: Tensor) {
    let (inputs, units) = (inputWeight.shape[0], hiddenWeight.shape[0])
    require(
      x.shape.rank == 3 && x.shape[2] == inputs,
      "\(inputWeight.name): x is \(x.shape), expected [batch, steps, \(inputs)]")
    let backend = x.backend
    let layout = RecurrentLayout(
      cell, batch: x.shape[0], steps: x.shape[1], inputs: inputs, units: units)
    let stateShape: Shape = [layout.batch, layout.stateWidth]
    require(
      lengths.map { $0.shape == [layout.batch] } ?? true,
      "\(inputWeight.name): lengths \(lengths?.shape ?? []) of \(layout.batch) sequences")
    require(
      initial.map { $0.shape == stateShape } ?? true,
      "\(inputWeight.name): the state is \(initial?.shape ?? []), expected \(stateShape)")
    let y = Tensor(uninitialized: [layout.batch, layout.steps, units], on: backend)
    let last = Tensor(uninitialized: stateShape, on: backend)
    let trace = Floats(backend.allocate(layout.traceCount), count: layout.traceCount)
    let weights = weights(\.values)
    backend.recurrent(
      layout, x.view, lengths: lengths?.view, initial: initial?.view, weights, into: y.view,
      last: last.view, trace: trace)
    guard let tape else { return (y, last) }
    let trains = tape.trains(inputWeight.owner)
    guard trains || x.node != nil || initial?.node != nil else { return (y, last) }
    let gradients = trains ? self.weights(\.gradients) : nil
    return tape.record(y, last) { dy, dLast in
      Tape.contribute(to: x, initial) { dx, dInitial in
        backend.recurrentBackward(
          layout, dy: dy, dLast: dLast, x.view, lengths: lengths?.view, initial: initial?.view,
          weights, y: y.view, trace: trace, dx: dx, dInitial: dInitial, gradients: gradients)
      }
    }
  }

  private func weights(_ part: KeyPath<Parameter, Floats>) -> RecurrentWeights {
    RecurrentWeights(
      input: inputWeight[keyPath: part], hidden: hiddenWeight[keyPath: part],
      inputBias: inputBias[keyPath: part], hiddenBias: hiddenBias[keyPath: part])
  }
}

/// Dense layers one after another: one op forward and one back, whatever their number.
public struct MLP {
  /// The layers, from the input on.
  public let layers: [Dense]
  /// Where a second input joins, and its width; nil for an MLP of one input.
  public let side: MLPLayout.Side?
  /// What one op takes each.
  private let layouts: [MLPLayout]

  /// `sizes` from the input to the output; every layer but the last has the `hidden` activation.
  public init(
    _ name: String, _ sizes: [Int], hidden: Activation = .relu, output: Activation = .identity,
    in set: ParameterSet, lastWeight: Initializer? = nil
  ) {
    require(sizes.count >= 2, "\(name): an MLP needs an input and an output size")
    self.init(
      (0..<sizes.count - 1).map { index in
        let last = index == sizes.count - 2
        return Dense(
          "\(name).\(index)", sizes[index], sizes[index + 1], last ? output : hidden, in: set,
          weight: last ? lastWeight : nil)
      })
  }

  /// Layers of one parameter set. The columns of a second input stand ahead of the output of the
  /// layer before `side.layer`.
  public init(_ layers: [Dense], side: MLPLayout.Side? = nil) {
    require(
      layers.allSatisfy { $0.weight.owner === layers[0].weight.owner },
      "an MLP has its weights in one set")
    self.layers = layers
    self.side = side
    layouts = stride(from: 0, to: layers.count, by: MLPLayout.layerLimit).map { first in
      let part = layers[first..<min(first + MLPLayout.layerLimit, layers.count)]
      let side = side.flatMap { side in
        part.indices.contains(side.layer)
          ? MLPLayout.Side(layer: side.layer - first, width: side.width) : nil
      }
      return MLPLayout(part.map(\.placed), side: side)
    }
  }

  /// [B, inputs], and the second input [B, side.width] where there is one, to [B, outputs].
  public func callAsFunction(_ x: Tensor, side other: Tensor? = nil, _ tape: Tape? = nil) -> Tensor
  {
    layouts.reduce(x) { apply($1, $0, $1.side == nil ? nil : other, tape) }
  }

  private func apply(_ layout: MLPLayout, _ x: Tensor, _ other: Tensor?, _ tape: Tape?) -> Tensor {
    let (set, name, backend, m) = (
      layers[0].weight.owner, layers[0].weight.name, x.backend, x.shape[0]
    )
    require(
      x.shape == [m, layout.inputs],
      "\(name): x is \(x.shape) but the layers take \(layout.inputs); the inner sizes must match")
    require(
      other?.shape == layout.side.map { [m, $0.width] },
      "\(name): the second input is \(other.map { "\($0.shape)" } ?? "absent")")
    let y = Tensor(uninitialized: [m, layout.outputs], on: backend)
    let hidden = Floats(backend.allocate(m * layout.hiddenWidth), count: m * layout.hiddenWidth)
    backend.mlp(
      layout, x.view, side: other?.view, parameters: set.values, m: m, into: y.view,
      hidden: hidden)
    guard let tape else { return y }
    let trains = tape.trains(set)
    guard trains || x.node != nil || other?.node != nil else { return y }
    let gradients = trains ? set.gradients : nil
    return tape.record(y) { dy in
      Tape.contribute(to: x, other) { dx, dOther in
        backend.mlpBackward(
          layout, dy, x.view, side: other?.view, parameters: set.values, y: y.view,
          hidden: hidden, m: m, dx: dx, dSide: dOther, gradients: gradients)
      }
    }
  }
}

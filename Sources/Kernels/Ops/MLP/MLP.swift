/// Dense layers one after another, their weights in one flat buffer.
public struct MLPLayout: Hashable, Sendable {
  /// Layers that one call takes.
  public static let layerLimit = 8

  /// Where a layer's weights lie, and its sizes.
  public struct Layer: Hashable, Sendable {
    /// Where w[inputs, outputs] and b[outputs] begin in the flat buffer.
    public var weight: Int
    /// The first element of the bias in the flat buffer.
    public var bias: Int
    /// Columns of its input.
    public var inputs: Int
    /// Columns of its output.
    public var outputs: Int
    /// What is applied to its output.
    public var activation: Activation

    /// A layer by its parts.
    public init(weight: Int, bias: Int, inputs: Int, outputs: Int, activation: Activation) {
      self.weight = weight
      self.bias = bias
      self.inputs = inputs
      self.outputs = outputs
      self.activation = activation
    }
  }

  /// A second input, as a critic's action: its columns stand ahead of the output of the layer
  /// before `layer`.
  public struct Side: Hashable, Sendable {
    /// The layer whose input it stands ahead of.
    public var layer: Int
    /// Its columns.
    public var width: Int

    /// A side input by its parts.
    public init(layer: Int, width: Int) {
      self.layer = layer
      self.width = width
    }
  }

  /// The layers, from the input on.
  public let layers: [Layer]
  /// The second input; nil where there is none.
  public let side: Side?

  /// A layout by its parts, whose sizes fit.
  public init(_ layers: [Layer], side: Side? = nil) {
    require(
      1...Self.layerLimit ~= layers.count,
      "MLP: \(layers.count) layers, expected 1 to \(Self.layerLimit)")
    require(
      layers.indices.contains(side?.layer ?? 0), "MLP: a side input of layer \(side?.layer ?? 0)")
    self.layers = layers
    self.side = side
    for index in layers.indices {
      require(
        ownInputs(of: index) > 0 && layers[index].outputs > 0
          && (index == 0 || ownInputs(of: index) == layers[index - 1].outputs),
        "MLP: layer \(index) has \(layers[index].inputs) inputs, which do not fit")
    }
  }

  /// Columns of x.
  public var inputs: Int { ownInputs(of: 0) }
  /// Columns of the last layer's output.
  public var outputs: Int { layers[layers.count - 1].outputs }
  /// Columns of the outputs of all layers but the last.
  public var hiddenWidth: Int { firstColumn(of: layers.count - 1) }

  public func sideWidth(of layer: Int) -> Int { side?.layer == layer ? side!.width : 0 }
  /// Columns that come from the layer before, or from x.
  public func ownInputs(of layer: Int) -> Int { layers[layer].inputs - sideWidth(of: layer) }
  /// Columns of the outputs of the layers before.
  public func firstColumn(of layer: Int) -> Int {
    layers[..<layer].reduce(0) { $0 + $1.outputs }
  }
}

/// Whole networks of dense layers.
public protocol MLPKernels: AnyObject {
  /// y_l = act_l([side |] y_{l−1} · w_l + b_l), y_{−1} = x[m, inputs]. The last one is y[m,
  /// outputs], the others, layer after layer, are hidden[m · hiddenWidth]: [m, n_0], [m, n_1], …
  func mlp(
    _ layout: MLPLayout, _ x: Floats, side: Floats?, parameters: Floats, m: Int, into y: Floats,
    hidden: Floats)

  /// From dy[m, outputs]: dx[m, inputs] and dSide[m, side.width], overwritten, and the weights'
  /// part of `gradients`, laid out as `parameters`, added to. Nil for what is not wanted.
  func mlpBackward(
    _ layout: MLPLayout, _ dy: Floats, _ x: Floats, side: Floats?, parameters: Floats,
    y: Floats, hidden: Floats, m: Int, dx: Floats?, dSide: Floats?, gradients: Floats?)
}

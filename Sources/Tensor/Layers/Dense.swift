/// y = act(x · w + b), w: [inputs, outputs].
public struct Dense {
  /// w, [inputs, outputs].
  public let weight: Parameter
  /// b, [outputs].
  public let bias: Parameter
  /// What is applied to x · w + b.
  public let activation: Activation

  /// A layer whose parameters are `name`.weight and `name`.bias of a set.
  ///
  /// - Parameter initializer: nil: He's for ReLU, else Glorot's. Biases begin at 0.
  public init(
    _ name: String, _ inputs: Int, _ outputs: Int, _ activation: Activation = .identity,
    in set: ParameterSet, weight initializer: Initializer? = nil
  ) {
    weight = set.add(
      "\(name).weight", [inputs, outputs],
      initializer ?? (activation == .relu ? .heUniform : .glorotUniform))
    bias = set.add("\(name).bias", [outputs], .zeros)
    self.activation = activation
  }

  /// Where it lies in its flat buffer.
  var placed: MLPLayout.Layer {
    MLPLayout.Layer(
      weight: weight.offset, bias: bias.offset, inputs: weight.shape[0], outputs: weight.shape[1],
      activation: activation)
  }

  /// [B, inputs] to [B, outputs].
  public func callAsFunction(_ x: Tensor, _ tape: Tape? = nil) -> Tensor {
    let (k, n) = (weight.shape[0], weight.shape[1])
    require(
      x.shape.rank == 2 && x.shape[1] == k,
      "\(weight.name): x is \(x.shape) but the weights are \(weight.shape); the inner sizes must match"
    )
    let (m, backend, activation) = (x.shape[0], x.backend, activation)
    let (w, b) = (weight.values, bias.values)
    let y = Tensor(uninitialized: [m, n], on: backend)
    backend.linear(x.view, w, b, activation, m: m, k: k, n: n, into: y.view)
    guard let tape else { return y }
    let trains = tape.trains(weight.owner)
    guard trains || x.node != nil else { return y }
    let (dw, db) = trains ? (weight.gradients, bias.gradients) : (nil, nil)
    return tape.record(y) { dy in
      func backward(dx: Floats?) {
        backend.linearBackward(
          dy, x.view, w, y.view, activation, m: m, k: k, n: n, dx: dx, dw: dw, db: db)
      }
      if x.node != nil { Tape.contribute(to: x) { backward(dx: $0) } } else { backward(dx: nil) }
    }
  }
}

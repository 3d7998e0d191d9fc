/// y = act(x · w + b), w: [inputs, outputs].
public struct Dense {
  public let weight: Parameter
  public let bias: Parameter
  public let activation: Activation

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

/// Dense layers one after another.
public struct MLP {
  public let layers: [Dense]

  /// `sizes` from the input to the output; every layer but the last has the `hidden` activation.
  public init(
    _ name: String, _ sizes: [Int], hidden: Activation = .relu, output: Activation = .identity,
    in set: ParameterSet, lastWeight: Initializer? = nil
  ) {
    require(sizes.count >= 2, "\(name): an MLP needs an input and an output size")
    layers = (0..<sizes.count - 1).map { index in
      let last = index == sizes.count - 2
      return Dense(
        "\(name).\(index)", sizes[index], sizes[index + 1], last ? output : hidden, in: set,
        weight: last ? lastWeight : nil)
    }
  }

  public func callAsFunction(_ x: Tensor, _ tape: Tape? = nil) -> Tensor {
    layers.reduce(x) { $1($0, tape) }
  }
}

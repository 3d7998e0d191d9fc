/// Records one entry an op and plays them back. Lives for one update; freeing it returns every
/// activation to the pool.
///
/// Only the named parameter sets get weight gradients, so the actor's update differentiates
/// *through* the critic and launches nothing for its weights.
public final class Tape {
  /// A tensor's place on its tape.
  struct Node {
    unowned let tape: Tape
    let index: Int
  }

  private struct Entry {
    let output: Int
    /// Of an op with two outputs.
    var second: Int?
    let backward: (Floats?, Floats?) -> Void
  }

  private let trained: [ParameterSet]
  private var entries: [Entry] = []
  private var gradients: [Floats?] = []
  private var seed: Floats?

  /// A tape that gives gradients to the weights of these sets, and to no others.
  public init(training sets: ParameterSet...) { trained = sets }

  /// Whether weights of `set` get gradients.
  public func trains(_ set: ParameterSet) -> Bool { trained.contains { $0 === set } }

  /// Makes the output of an op differentiable, whichever device computed it. An op of one's own is
  /// a function that computes `output` and, where ``Tensor/tape(_:)`` of its operands is not nil,
  /// returns what this returns.
  ///
  /// - Parameters:
  ///   - output: of any shape; a tensor that is on no tape yet.
  ///   - backward: called once, in ``backward(from:)``, with ∂loss/∂output, as many numbers as the
  ///     output has, once that is complete. It hands on the gradient of each operand by
  ///     ``contribute(to:_:)``.
  /// - Returns: the same values, on this tape.
  public func record(_ output: Tensor, _ backward: @escaping (Floats) -> Void) -> Tensor {
    let placed = place(output)
    entries.append(Entry(output: placed.node!.index) { dy, _ in backward(dy!) })
    return placed
  }

  /// Makes both outputs of an op differentiable: `backward` gets the gradient of each, nil where
  /// the loss does not depend on it.
  func record(
    _ first: Tensor, _ second: Tensor, _ backward: @escaping (Floats?, Floats?) -> Void
  ) -> (Tensor, Tensor) {
    let (first, second) = (place(first), place(second))
    entries.append(
      Entry(output: first.node!.index, second: second.node!.index, backward: backward))
    return (first, second)
  }

  private func place(_ output: Tensor) -> Tensor {
    gradients.append(nil)
    let node = Node(tape: self, index: gradients.count - 1)
    return Tensor(output.view, output.shape, on: output.backend, node: node)
  }

  /// Adds to the gradient of an operand, inside the `backward` of ``record(_:_:)``.
  ///
  /// - Parameters:
  ///   - tensor: the operand; where it is a constant, nothing is written.
  ///   - write: overwrites all of its argument, as many numbers as the operand has, with
  ///     ∂loss/∂operand through this op alone.
  public static func contribute(to tensor: Tensor, _ write: (Floats) -> Void) {
    guard let gradient = freshGradient(of: tensor) else { return }
    write(gradient)
    add(gradient, to: tensor)
  }

  /// Lets `write` fill in gradients of both tensors at once, nil for one without a place on a tape.
  static func contribute(
    to first: Tensor, _ second: Tensor?, _ write: (Floats?, Floats?) -> Void
  ) {
    let gradients = (freshGradient(of: first), second.flatMap(freshGradient))
    write(gradients.0, gradients.1)
    if let gradient = gradients.0 { add(gradient, to: first) }
    if let second, let gradient = gradients.1 { add(gradient, to: second) }
  }

  private static func freshGradient(of tensor: Tensor) -> Floats? {
    guard tensor.node != nil else { return nil }
    return Floats(tensor.backend.allocate(tensor.shape.count), count: tensor.shape.count)
  }

  /// Adds a finished gradient, which may be changed later on, to what is there.
  static func add(_ gradient: Floats, to tensor: Tensor) {
    guard let node = tensor.node else { return }
    if let sum = node.tape.gradients[node.index] {
      tensor.backend.accumulate(gradient, scale: 1, into: sum)
    } else {
      node.tape.gradients[node.index] = gradient
    }
  }

  /// Whether a gradient is that of the loss by itself, 1.
  func isSeed(_ gradient: Floats) -> Bool { gradient.buffer === seed?.buffer }

  /// Adds ∂loss/∂w to the gradient of every trained weight.
  /// - Precondition: `loss` is a single number recorded on this tape, and this is the only call.
  public func backward(from loss: Tensor) { backward(from: [loss]) }

  /// The same of the sum of losses, which is not computed: tensors of which none goes into another.
  public func backward(from losses: [Tensor]) {
    let seed = trained.first?.one ?? Tensor([1], shape: [1], on: losses[0].backend).view
    self.seed = seed
    for loss in losses {
      require(loss.shape.count == 1, "backward: a loss is one number, not \(loss.shape)")
      guard let node = loss.node, node.tape === self, gradients[node.index] == nil else {
        fatalError("backward: a loss that was not recorded on this tape, or is there twice")
      }
      gradients[node.index] = seed
    }
    while let entry = entries.popLast() {
      let first = gradients[entry.output]
      let second = entry.second.flatMap { gradients[$0] }
      guard first != nil || second != nil else { continue }
      entry.backward(first, second)
      gradients[entry.output] = nil
      if let index = entry.second { gradients[index] = nil }
    }
  }
}

extension Tensor {
  /// The tape that the output of an op on these operands belongs to: of the first that is on one.
  /// Nil where all are constants, so that the output is one too.
  public static func tape(_ operands: Tensor...) -> Tape? {
    for operand in operands { if let node = operand.node { return node.tape } }
    return nil
  }
}

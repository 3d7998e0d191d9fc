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
    let backward: (Floats) -> Void
  }

  private let trained: [ParameterSet]
  private var entries: [Entry] = []
  private var gradients: [Floats?] = []

  public init(training sets: ParameterSet...) { trained = sets }

  /// Whether weights of `set` get gradients.
  public func trains(_ set: ParameterSet) -> Bool { trained.contains { $0 === set } }

  /// Makes `output` differentiable: `backward` gets its gradient, once that is complete.
  func record(_ output: Tensor, _ backward: @escaping (Floats) -> Void) -> Tensor {
    let index = gradients.count
    gradients.append(nil)
    entries.append(Entry(output: index, backward: backward))
    return Tensor(
      output.view, output.shape, on: output.backend, node: Node(tape: self, index: index))
  }

  /// Lets `write` fill in a gradient of `tensor`, which is added to what is there.
  static func contribute(to tensor: Tensor, _ write: (Floats) -> Void) {
    guard let node = tensor.node else { return }
    let gradient = Floats(tensor.backend.allocate(tensor.shape.count), count: tensor.shape.count)
    write(gradient)
    if let sum = node.tape.gradients[node.index] {
      tensor.backend.accumulate(gradient, scale: 1, into: sum)
    } else {
      node.tape.gradients[node.index] = gradient
    }
  }

  /// Adds ∂loss/∂w to the gradient of every trained weight.
  /// - Precondition: `loss` is a single number recorded on this tape, and this is the only call.
  public func backward(from loss: Tensor) {
    require(loss.shape.count == 1, "backward: a loss is one number, not \(loss.shape)")
    guard let node = loss.node, node.tape === self else {
      fatalError("backward: the loss was not recorded on this tape")
    }
    gradients[node.index] = trained.first?.one ?? Tensor([1], shape: [1], on: loss.backend).view
    while let entry = entries.popLast() {
      guard let gradient = gradients[entry.output] else { continue }
      entry.backward(gradient)
      gradients[entry.output] = nil
    }
  }
}

extension Tensor {
  /// The tape that the result of an op on these operands belongs to.
  static func tape(_ operands: Tensor...) -> Tape? {
    for operand in operands { if let node = operand.node { return node.tape } }
    return nil
  }
}

// An op of one's own with its gradient, held against finite differences.
//   swift run CustomOp
import Tensor

extension Tensor {
  /// log(1 + eˣ) of every element: softplus, whose derivative is the logistic sigmoid.
  func softplus() -> Tensor {
    let x = self
    let y = Tensor(uninitialized: shape, on: backend)
    backend.map(.exp, x.view, into: y.view)
    backend.affine(y.view, scale: 1, shift: 1, into: y.view)
    backend.map(.log, y.view, into: y.view)
    // Without a tape behind x nobody asks for a gradient.
    guard let tape = Tensor.tape(x) else { return y }
    return tape.record(y) { dy in
      Tape.contribute(to: x) { dx in
        x.backend.map(.sigmoid, x.view, into: dx)
        x.backend.combine(.multiply, dx, dy, .none, m: 1, n: x.shape.count, into: dx)
      }
    }
  }
}

let backend = CPUBackend()
let weights = ParameterSet(on: backend, seed: 0, stream: 0)
let x = weights.add("x", [2, 3], .normal(deviation: 1))
let scales = Tensor([1, -2, 3, -4, 5, -6], shape: [2, 3], on: backend)

/// Σ s · softplus(x)², so that the gradient that comes to the op is not 1.
@MainActor func loss(_ tape: Tape? = nil) -> Tensor {
  (x.tensor(tape).softplus().squared() * scales).sum()
}

let tape = Tape(training: weights)
tape.backward(from: loss(tape))
let gradient = try backend.read(x.gradients)

let (values, step) = (try x.tensor.host(), Float(1e-2))
var largest: Float = 0
for i in values.indices {
  func moved(_ by: Float) throws -> Float {
    var point = values
    point[i] += by
    x.set(point)
    return try loss().host()[0]
  }
  let difference = (try moved(step) - moved(-step)) / (2 * step)
  largest = max(largest, abs(difference - gradient[i]))
  print("∂loss/∂x\(i): \(gradient[i]), by finite differences \(difference)")
}
print("the gradient is right:", largest < 5e-3 && gradient.allSatisfy { $0 != 0 })

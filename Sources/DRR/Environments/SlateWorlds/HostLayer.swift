import Tensor

/// A dense layer of one row on the host. Inputs are added one after another to all outputs side by
/// side; those of 0, most of one-hot features, are left out, which changes nothing.
struct HostLayer: Sendable {
  private typealias Lanes = SIMD8<Float>
  static let slope: Float = 0.01

  let outputs: Int
  private let inputs: Int
  /// [inputs, outputs padded to whole lanes].
  private let weight: [Float]
  private let bias: [Float]

  /// - Parameter weight: [outputs, inputs], as PyTorch has it.
  init(weight: [Float], bias: [Float]) {
    outputs = bias.count
    inputs = weight.count / bias.count
    let padded = (outputs + Lanes.scalarCount - 1) / Lanes.scalarCount * Lanes.scalarCount
    var transposed = [Float](repeating: 0, count: inputs * padded)
    for output in 0..<outputs {
      for input in 0..<inputs {
        transposed[input * padded + output] = weight[output * inputs + input]
      }
    }
    self.weight = transposed
    self.bias = bias + Array(repeating: 0, count: padded - outputs)
  }

  /// W x + b, and where `leaky` a leaky ReLU of it; zeros behind the outputs.
  func apply(to x: [Float], leaky: Bool, into y: inout [Float]) {
    require(x.count == inputs, "layer: \(x.count) inputs, expected \(inputs)")
    let padded = bias.count
    y.removeAll(keepingCapacity: true)
    y += bias
    weight.withUnsafeBufferPointer { weight in
      y.withUnsafeMutableBufferPointer { y in
        let sums = y.baseAddress!
        for input in 0..<inputs where x[input] != 0 {
          let (value, row) = (x[input], weight.baseAddress! + input * padded)
          for output in 0..<padded { sums[output] += value * row[output] }
        }
        if leaky {
          for output in 0..<padded { sums[output] = max(sums[output], Self.slope * sums[output]) }
        }
      }
    }
  }

  /// Wᵀ dy.
  func inputGradient(_ dy: [Float]) -> [Float] {
    let padded = bias.count
    let dy = dy + Array(repeating: 0, count: padded - dy.count)
    return weight.withUnsafeBytes { weight in
      dy.withUnsafeBytes { dy in
        (0..<inputs).map { input in
          var sum = Lanes.zero
          for start in stride(from: 0, to: padded * 4, by: Lanes.scalarCount * 4) {
            sum +=
              weight.loadUnaligned(fromByteOffset: input * padded * 4 + start, as: Lanes.self)
              * dy.loadUnaligned(fromByteOffset: start, as: Lanes.self)
          }
          return sum.sum()
        }
      }
    }
  }
}

import DRRCore
import Platform
import Tensor

/// The three networks of VirtualTaobao on the host: which users there are, how they respond, and
/// when they leave. Dense layers with a leaky ReLU of slope 0.01 between them, in float32; sums are
/// in the order of the inputs, so that the bits do not depend on how many users step together.
public struct VirtualTaobaoNetworks: Sendable {
  /// Room for the values of a network's layers.
  struct Scratch: Sendable {
    var values = [[Float]](repeating: [], count: 4)
  }

  /// CRC-32 of the bytes of all arrays, one network after another, in 8 hexadecimal digits.
  public let checksum: String
  private let generator: [HostLayer]
  private let action: [HostLayer]
  private let leave: [HostLayer]

  /// Networks out of a safetensors file of the arrays generator.0.weight [128, 128] to leave.4.bias
  /// [101], weights [out, in].
  ///
  /// - Throws: `CheckpointError` where an array is missing, of another shape, or not finite.
  public init(contentsOf path: String) throws(CheckpointError) {
    let file = try SafetensorsFile(contentsOf: path)
    var checksum = Checksum()
    func floats(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [Float] {
      let values = try file.floats(name, shape: shape)
      checksum.update(values.withUnsafeBytes { Array($0) })
      return values
    }
    func layers(_ name: String, _ widths: [Int]) throws(CheckpointError) -> [HostLayer] {
      var layers: [HostLayer] = []
      for (place, inputs) in widths.dropLast().enumerated() {
        let (layer, outputs) = ("\(name).\(2 * place)", widths[place + 1])
        layers.append(
          HostLayer(
            weight: try floats("\(layer).weight", [outputs, inputs]),
            bias: try floats("\(layer).bias", [outputs])))
      }
      return layers
    }
    let (features, responses) = (VirtualTaobao.features, VirtualTaobao.pageClicks + 1 + 10)
    generator = try layers("generator", [VirtualTaobao.seeds, 128, features])
    action = try layers(
      "action", [features + 1 + VirtualTaobao.actionWidth, 128, 256, responses])
    leave = try layers("leave", [features, 128, 256, 101])
    self.checksum = checksum.text
  }

  /// Logits of the 88 features by 128 numbers of [0, 1).
  package func user(_ seeds: [Float]) -> [Float] {
    var scratch = Scratch()
    return user(seeds, &scratch)
  }

  /// Logits of 0 ... 100 pages.
  package func leaving(_ user: [Float]) -> [Float] {
    var scratch = Scratch()
    return leaving(user[...], &scratch)
  }

  /// Logits of 0 ... 10 clicks, and then of the second number of a response, 0 ... 9.
  package func response(_ user: [Float], page: Float, _ action: [Float]) -> [Float] {
    var scratch = Scratch()
    return response(user[...], page: page, action[...], &scratch)
  }

  func user(_ seeds: [Float], _ scratch: inout Scratch) -> [Float] {
    scratch.values[0] = seeds
    return output(generator, &scratch)
  }

  func leaving(_ user: ArraySlice<Float>, _ scratch: inout Scratch) -> [Float] {
    scratch.values[0] = Array(user)
    return output(leave, &scratch)
  }

  func response(
    _ user: ArraySlice<Float>, page: Float, _ action: ArraySlice<Float>, _ scratch: inout Scratch
  ) -> [Float] {
    scratch.values[0].removeAll(keepingCapacity: true)
    scratch.values[0] += user
    scratch.values[0].append(page)
    for weight in action { scratch.values[0].append(weight.isNaN ? 0 : min(max(weight, -1), 1)) }
    return output(self.action, &scratch)
  }

  /// ∂loss/∂action of the last response that `scratch` holds, by ∂loss/∂logits.
  func actionGradient(_ dLogits: [Float], _ scratch: Scratch) -> [Float] {
    var gradient = dLogits
    for place in action.indices.reversed() {
      gradient = action[place].inputGradient(gradient)
      if place > 0 {
        // The sign of a leaky ReLU's output is that of its input.
        for index in gradient.indices where scratch.values[place][index] < 0 {
          gradient[index] *= HostLayer.slope
        }
      }
    }
    return Array(gradient.suffix(VirtualTaobao.actionWidth))
  }

  private func output(_ layers: [HostLayer], _ scratch: inout Scratch) -> [Float] {
    for (place, layer) in layers.enumerated() {
      layer.apply(
        to: scratch.values[place], leaky: place < layers.count - 1, into: &scratch.values[place + 1]
      )
    }
    return Array(scratch.values[layers.count].prefix(layers[layers.count - 1].outputs))
  }
}

/// The place of a softmax that a draw falls on.
func softmaxPlace(_ logits: ArraySlice<Float>, _ draw: Double) -> Int {
  let most = logits.reduce(-.infinity) { max($0, $1) }
  return MomentDraws.place(draw, among: logits.map { exp(Double($0) - Double(most)) })
}

import Tensor
import TestSupport
import Testing

@Suite("Draws on a device")
struct SamplingTests {
  @Test("the k best go where a list begins", arguments: TestDevices.withReference)
  func topRows(_ device: TestDevice) throws {
    let backend = try device.make()
    let values: [Float] = [3, 1, 3, 2, .nan, 0, -.infinity, -1]
    let scores = Tensor(values, shape: [2, 4], on: backend)
    #expect(try scores.topKRows(3).host() == [0, 2, 3, 1, 3, -1])
    let slate = IndexTensor(repeating: 77, shape: [2, 4], on: backend)
    scores.topKRows(2, into: slate)
    #expect(try slate.host() == [0, 2, 77, 77, 1, 3, 77, 77])
    let columns = IndexTensor([2, -1], shape: [2], on: backend)
    #expect(try slate.picked(columns).host() == [77, -1])
    let random = RandomKey(seed: 1, stream: 2, counter: 3)
    let sample = try scores.topKRows(2, gumbel: random).host()
    let reference = Tensor(values, shape: [2, 4], on: ReferenceBackend())
    let expected = try reference.topKRows(2, gumbel: random).host()
    #expect(sample == expected)
  }

  @Test("what is dropped gets no gradient", arguments: TestDevices.withReference)
  func dropout(_ device: TestDevice) throws {
    let backend = try device.make()
    let leaves = Leaves([([40, 5], (0..<200).map { 1 + Double($0) })], on: backend)
    let tape = Tape(training: leaves.set)
    let x = leaves(tape)[0]
    let random = RandomKey(seed: 3, stream: 1, counter: 8)
    let y = x.dropout(0.4, random)
    tape.backward(from: (x.dropout(0, random) + y).sum())
    let (values, gradient) = (try y.doubles(), try leaves.gradients()[0])
    let kept = values.count { $0 != 0 }
    // 120 expected, deviation 6.9.
    #expect(abs(kept - 120) < 35)
    for (i, value) in values.enumerated() {
      let scale = value == 0 ? 0 : 1 / (1 - Double(Float(0.4)))
      #expect(abs(value - scale * Double(1 + i)) < 1e-5 * Double(1 + i))
      #expect(abs(gradient[i] - 1 - scale) < 1e-6)
    }
  }

  @Test("coins fall by their logits", arguments: TestDevices.withReference)
  func bernoulli(_ device: TestDevice) throws {
    let backend = try device.make()
    let values: [Float] = [-100, 100, 0, 0, 0, 0, 0, 0]
    let logits = Tensor(values, shape: [2, 4], on: backend)
    let random = RandomKey(seed: 4, stream: 1, counter: 0)
    let coins = try logits.bernoulli(random).host()
    #expect(coins[0] == 0 && coins[1] == 1)
    let uniforms = try Tensor.uniform([8], random, on: backend).host()
    #expect(coins[2...].elementsEqual(uniforms[2...].map { $0 < 0.5 ? 1 : 0 }))
  }
}

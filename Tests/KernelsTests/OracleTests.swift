import Foundation
import Kernels
import TestSupport
import Testing

/// The reference itself against numbers worked out by hand or published.
@Suite struct OracleTests {
  private let backend = ReferenceBackend()

  private func floats(_ values: [Double]) -> Floats {
    let view = Floats(backend.allocate(values.count))
    backend.writeDouble(values, to: view)
    return view
  }
  private func indices(_ values: [Int32]) -> Indices {
    let view = Indices(backend.allocate(values.count))
    backend.write(values, to: view)
    return view
  }
  private func output(_ count: Int, _ call: (Floats) -> Void) -> [Double] {
    let view = Floats(backend.allocate(count))
    call(view)
    return backend.readDouble(view)
  }

  /// The published test vectors of Philox4x32-10 (Random123, kat_vectors).
  @Test func philox() {
    let vectors: [(counter: [UInt32], key: [UInt32], words: [UInt32])] = [
      (
        [0, 0, 0, 0], [0, 0], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]
      ),
      (
        [.max, .max, .max, .max], [.max, .max],
        [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
      ),
      (
        [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0],
        [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
      ),
    ]
    for vector in vectors {
      #expect(ReferencePhilox.words(counter: vector.counter, key: vector.key) == vector.words)
    }
    let key = RandomKey(key: 0x299F_31D0_A409_3822, counter: 0x85A3_08D3_243F_6A88)
    #expect(
      ReferencePhilox.words(key, block: 0x1319_8A2E)
        == ReferencePhilox.words(
          counter: [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0], key: [0xA409_3822, 0x299F_31D0]))
  }

  @Test func linear() {
    let x = floats([1, 2, 3, 4])
    let w = floats([5, 6, 7, 8])
    let y = output(4) {
      backend.linear(x, w, floats([-20, 1]), .relu, m: 2, k: 2, n: 2, into: $0)
    }
    #expect(y == [0, 23, 23, 51])
  }

  /// Equal logits: the loss is log n and the gradient 1/n, less 1 at the target.
  @Test func softmaxCrossEntropy() {
    let logits = floats([3, 3, 3, 3])
    let logNormalizer = floats([0])
    let loss = output(1) {
      backend.softmaxCrossEntropy(
        logits, indices([2]), weights: nil, b: 1, n: 4, into: $0, logNormalizer: logNormalizer)
    }
    #expect(abs(loss[0] - log(4.0)) < 1e-15)
    let slope = output(4) {
      backend.softmaxCrossEntropyBackward(
        floats([1]), logits, indices([2]), weights: nil, logNormalizer: logNormalizer, b: 1, n: 4,
        into: $0)
    }
    for (actual, expected) in zip(slope, [0.25, 0.25, -0.75, 0.25]) {
      #expect(abs(actual - expected) < 1e-15)
    }
  }

  /// Whatever the gradient's size, the first step of Adam is the learning rate (section 2.1).
  @Test func adam() {
    let p = floats([1, 1])
    let g = floats([40, -0.001])
    backend.adam(
      p, g, floats([0, 0]), floats([0, 0]),
      AdamStep(learningRate: 0.25, beta1: 0.5, beta2: 0.75, epsilon: 0, step: 1))
    #expect(backend.readDouble(p) == [0.75, 1.25])
    #expect(backend.readDouble(g) == [0, 0])
  }

  @Test func pooling() {
    let state = output(6) {
      backend.averagePooling(
        indices([1, 0, -1, 2]), users: floats([9, 9, 2, 3]), items: floats([1, 2, 8, 8, 3, 4]),
        weights: floats([1, 10, 100]), b: 1, n: 3, e: 2, into: $0)
    }
    #expect(state == [2, 3, 602, 1206, 301, 402])
  }

  @Test func candidateScores() {
    let rows = indices([9, 1, -1, 9, 0, 0])
    let items = floats([1, 2, 10, 20])
    let scores = output(4) {
      backend.candidateScores(
        floats([3, 4, 5, 6]), rows, items, b: 2, w: 3, first: 1, e: 2, absent: 0, into: $0)
    }
    #expect(scores == [110, 0, 17, 17])
    let slope = output(4) {
      backend.candidateScoresBackward(
        floats([2, 7, 1, 3]), rows, items, b: 2, w: 3, first: 1, e: 2, into: $0)
    }
    #expect(slope == [20, 40, 4, 8])
  }

  /// Odds of 1 to 3: y = (1·10 + 3·2) / 4, and ½ · π · (value − y) / temperature.
  @Test func softmaxExpectation() {
    let (scores, values) = (floats([0, 0.5 * log(3)]), floats([10, 2]))
    let y = output(1) {
      backend.softmaxExpectation(scores, values, temperature: 0.5, b: 1, n: 2, into: $0)
    }
    #expect(abs(y[0] - 4) < 1e-14)
    let slope = output(2) {
      backend.softmaxExpectationBackward(
        floats([0.5]), scores, values, floats(y), temperature: 0.5, b: 1, n: 2, into: $0,
        dValues: nil)
    }
    for (actual, expected) in zip(slope, [1.5, -1.5]) { #expect(abs(actual - expected) < 1e-14) }
  }

  @Test func slice() throws {
    let y = indices([-9, -9, -9, -9])
    backend.slice(indices([1, 2, 3, 4, -5, 6]), m: 2, n: 3, columns: 1..<3, into: y)
    #expect(try (backend as any Backend).read(y) == [2, 3, -5, 6])
  }

  @Test func pick() throws {
    let y = floats([9, 9])
    backend.pick(floats([1, 2, 3, 4]), indices([1, -1]), b: 2, n: 2, into: y)
    #expect(backend.readDouble(y) == [2, 0])
    let slope = output(4) {
      backend.pickBackward(floats([5, 7]), indices([1, -1]), b: 2, n: 2, into: $0)
    }
    #expect(slope == [0, 5, 0, 0])
  }

  @Test func sumTree() {
    let tree = floats([0, 0, 0, 0, 0, 0, 0, 0])
    backend.sumTreeSet(
      tree, capacity: 4, leaves: indices([0, 3, -1, 1]), stride: 1,
      values: floats([1, 4, 99, 2]), b: 4)
    #expect(backend.readDouble(tree) == [0, 7, 3, 4, 1, 2, 0, 4])
  }

  @Test func losses() {
    func loss(_ kind: PointLoss) -> Double {
      output(1) {
        backend.pointLoss(
          kind, floats([3, 0.5]), floats([0, 0]), weights: floats([1, 2]), n: 2, into: $0,
          slope: nil)
      }[0]
    }
    #expect(loss(.squared) == (9 + 0.5) / 2)
    #expect(loss(.huber(delta: 1)) == (2.5 + 0.25) / 2)
    let entropies = log(1 + exp(3.0)) + 2 * log(1 + exp(0.5))
    #expect(abs(loss(.binaryCrossEntropy) - entropies / 2) < 1e-15)
  }
}

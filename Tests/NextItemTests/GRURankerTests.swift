import DRRCore
import DRRData
import Evaluation
import Foundation
import NextItem
import Tensor
import TestSupport
import Testing

/// The network against its formulas in plain loops, and its gradient against finite differences.
@Suite("A GRU that ranks next items")
struct GRURankerTests {
  private static let sequences: [[Int32]] = [[2, 0, 5], [1], [4, 4, 3, 6]]
  private static let places = [(0, 0), (0, 2), (1, 0), (2, 1), (2, 3)].map {
    (sequence: $0.0, item: $0.1)
  }

  private static func ranker(on backend: any Backend) -> GRURanker {
    var settings = GRUConfiguration()
    (settings.dimension, settings.hidden) = (3, 4)
    let ranker = GRURanker(settings, itemCount: 7, seed: 3, on: backend)
    // Large enough that nothing in the cell is linear.
    var random = SeededGenerator(8)
    for parameter in ranker.parameters.parameters {
      backend.put(
        (0..<parameter.shape.count).map { _ in Double.random(in: -0.9...0.9, using: &random) },
        to: parameter.values)
    }
    return ranker
  }

  /// Cho et al. 2014 in the form of PyTorch, one item after another.
  private static func scores(_ ranker: GRURanker, _ sequence: ArraySlice<Int32>) throws -> [Double]
  {
    func values(_ name: String) throws -> [Double] {
      try ranker.parameters.backend.doubles(ranker.parameters.named(name).values)
    }
    let (items, w, u) = (
      try values("items"), try values("gru.0.inputWeight"), try values("gru.0.hiddenWeight")
    )
    let (bw, bu) = (try values("gru.0.inputBias"), try values("gru.0.hiddenBias"))
    let (v, c) = (try values("output.weight"), try values("output.bias"))
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    var h = [Double](repeating: 0, count: 4)
    for item in sequence {
      let x = items[Int(item) * 3..<Int(item) * 3 + 3].map { $0 }
      func input(_ j: Int) -> Double { (0..<3).reduce(bw[j]) { $0 + x[$1] * w[$1 * 12 + j] } }
      func state(_ j: Int) -> Double { (0..<4).reduce(bu[j]) { $0 + h[$1] * u[$1 * 12 + j] } }
      h = (0..<4).map { j in
        let r = sigmoid(input(j) + state(j))
        let z = sigmoid(input(4 + j) + state(4 + j))
        let n = tanh(input(8 + j) + r * state(8 + j))
        return (1 - z) * n + z * h[j]
      }
    }
    let action = (0..<3).map { j in (0..<4).reduce(c[j]) { $0 + h[$1] * v[$1 * 3 + j] } }
    return (0..<7).map { item in (0..<3).reduce(0) { $0 + action[$1] * items[item * 3 + $1] } }
  }

  @Test("scores are those of the formulas", arguments: TestDevices.withReference)
  func forward(_ device: TestDevice) throws {
    let backend = try device.make()
    let ranker = Self.ranker(on: backend)
    let batch = SequenceBatch(Self.sequences, at: Self.places, on: backend)
    let expected = try Self.places.flatMap {
      try Self.scores(ranker, Self.sequences[$0.sequence][...$0.item])
    }
    let limit = backend is ReferenceBackend ? 1e-12 : 1e-5
    #expect(relativeError(try ranker.scores(batch).doubles(), expected) < limit)
  }

  @Test("an empty history is scored like a state of zeros")
  func nothing() throws {
    let backend = ReferenceBackend()
    let ranker = Self.ranker(on: backend)
    let batch = SequenceBatch([[], [2]], at: [(0, -1), (1, 0)], on: backend)
    let expected = try Self.scores(ranker, []) + Self.scores(ranker, [2])
    #expect(relativeError(try ranker.scores(batch).doubles(), expected) < 1e-12)
  }

  @Test("the gradient is that of finite differences, dropout and all")
  func gradient() throws {
    let backend = ReferenceBackend()
    let ranker = Self.ranker(on: backend)
    let batch = SequenceBatch(Self.sequences, at: Self.places, on: backend)
    let targets = IndexTensor([1, 6, 0, 3, 3], shape: [5], on: backend)
    func loss(_ tape: Tape?) -> Tensor {
      ranker.scores(
        batch,
        dropout: (
          0.25, RandomKey(seed: 1, stream: 2, counter: 3), RandomKey(seed: 1, stream: 2, counter: 4)
        ), tape
      ).softmaxCrossEntropy(targets)
    }
    let tape = Tape(training: ranker.parameters)
    tape.backward(from: loss(tape))
    for parameter in ranker.parameters.parameters {
      let point = try backend.doubles(parameter.values)
      let found = try backend.doubles(parameter.gradients)
      let expected = try FiniteDifference.gradient(
        at: point, coordinates: Array(point.indices)
      ) {
        backend.put($0, to: parameter.values)
        return try loss(nil).doubles()[0]
      }
      backend.put(point, to: parameter.values)
      #expect(relativeError(found, expected) < 1e-6, "\(parameter.name)")
      #expect(found.contains { $0 != 0 })
    }
  }

  @Test(
    "cosines are those of the dot products' vectors, and their gradient is of finite differences")
  func cosines() throws {
    let backend = ReferenceBackend()
    var settings = GRUConfiguration()
    (settings.dimension, settings.hidden, settings.cosineScale) = (3, 4, 5)
    let ranker = GRURanker(settings, itemCount: 7, seed: 3, on: backend)
    var random = SeededGenerator(8)
    for parameter in ranker.parameters.parameters {
      backend.put(
        (0..<parameter.shape.count).map { _ in Double.random(in: -0.9...0.9, using: &random) },
        to: parameter.values)
    }
    let batch = SequenceBatch(Self.sequences, at: Self.places, on: backend)
    let scores = try ranker.scores(batch).doubles()
    let lengthened = try backend.doubles(ranker.parameters.named("items").values)
    backend.put(lengthened.map { 3 * $0 }, to: ranker.parameters.named("items").values)
    #expect(relativeError(try ranker.scores(batch).doubles(), scores) < 1e-6)
    #expect(scores.allSatisfy { abs($0) <= 5 + 1e-6 })
    backend.put(lengthened, to: ranker.parameters.named("items").values)
    // Of unit vectors the formulas hold as they are.
    let units = stride(from: 0, to: 21, by: 3).flatMap { at -> [Double] in
      let row = lengthened[at..<at + 3]
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
    backend.put(units, to: ranker.parameters.named("items").values)
    for (number, place) in Self.places.enumerated() {
      let plain = try Self.scores(ranker, Self.sequences[place.sequence][...place.item])
      let own = scores[number * 7..<(number + 1) * 7].map { $0 }
      let ratio = own[0] / plain[0]
      #expect(ratio > 0 && relativeError(own, plain.map { $0 * ratio }) < 1e-6)
    }
    backend.put(lengthened, to: ranker.parameters.named("items").values)
    let targets = IndexTensor([1, 6, 0, 3, 3], shape: [5], on: backend)
    func loss(_ tape: Tape?) -> Tensor {
      ranker.scores(batch, tape).softmaxCrossEntropy(targets)
    }
    let tape = Tape(training: ranker.parameters)
    tape.backward(from: loss(tape))
    for parameter in ranker.parameters.parameters {
      let point = try backend.doubles(parameter.values)
      let found = try backend.doubles(parameter.gradients)
      let expected = try FiniteDifference.gradient(
        at: point, coordinates: Array(point.indices)
      ) {
        backend.put($0, to: parameter.values)
        return try loss(nil).doubles()[0]
      }
      backend.put(point, to: parameter.values)
      #expect(relativeError(found, expected) < 1e-5, "\(parameter.name)")
    }
  }

  @Test("queries of a user share a pass, and each has the scores that it has alone")
  func scorer() throws {
    let backend = ReferenceBackend()
    let ranker = Self.ranker(on: backend)
    let scorer = GRUScorer([ranker], window: 4)
    var random = SeededGenerator(4)
    let all = (0..<23).map { _ in Int32.random(in: 0..<7, using: &random) }
    let queries = [1, 2, 3, 4, 5, 6, 9, 10, 23].map { count in
      NextItemQuery(
        user: 5, items: all[..<count], rewards: all[..<count].map { _ in 1 }[...],
        visibleCount: 1, target: 0, targetReward: 1)
    }
    let found = try scorer.scores(queries)
    #expect(scorer.name == "GRU" && found.count == queries.count)
    for (query, scores) in zip(queries, found) {
      #expect(try scorer.scores([query]) == [scores])
      // A stride of one here: the last four items, or all.
      let expected = try Self.scores(ranker, all[..<query.items.count].suffix(4))
      #expect(relativeError(scores.map(Double.init), expected) < 1e-5)
    }
    let two = GRUScorer([ranker, Self.ranker(on: backend)], window: 4)
    #expect(two.name == "GRU, 2 networks")
    for (a, b) in zip(try two.scores(queries), found) {
      #expect(relativeError(a.map(Double.init), b.map(Double.init)) < 1e-6)
    }
  }
}

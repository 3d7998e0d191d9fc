import DRRCore
import DRRData
import Foundation
import NextItem
import Tensor
import TestSupport
import Testing

@Suite("Items that a loss is over")
struct SampledItemsTests {
  @Test("an item is among them as often as its correction says")
  func probabilities() {
    let counts: [Int32] = [1, 4, 9, 0, 100, 25]
    let sampled = SampledItems(counts, count: 3)
    let steps = 20_000
    var found = [Int](repeating: 0, count: 6)
    var stated = [Double](repeating: 0, count: 6)
    var random = SeededGenerator(2)
    for step in 0..<steps {
      // Two targets, drawn as often as they come.
      let targets = (0..<2).map { _ -> Int32 in
        var rest = Int32.random(in: 0..<139, using: &random)
        return Int32(
          counts.firstIndex { count in
            rest -= count
            return rest < 0
          }!)
      }
      let batch = sampled.batch(targets, step: step, seed: 9)
      #expect(batch.items == batch.items.sorted() && Set(batch.items).count == batch.items.count)
      #expect(zip(batch.places, targets).allSatisfy { batch.items[Int($0)] == $1 })
      for (item, correction) in zip(batch.items, batch.corrections) {
        found[Int(item)] += 1
        stated[Int(item)] = exp(-Double(correction))
      }
    }
    for item in 0..<6 {
      let share = Double(found[item]) / Double(steps)
      #expect(abs(share - stated[item]) < 0.015, "item \(item)")
    }
    #expect(
      sampled.batch([2], step: 7, seed: 9).items == sampled.batch([2], step: 7, seed: 9).items)
  }

  @Test("of so many draws that none is missed the loss is that over the catalogue")
  func all() throws {
    let backend = ReferenceBackend()
    var settings = GRUConfiguration()
    (settings.dimension, settings.hidden, settings.cosineScale) = (3, 4, 5)
    let ranker = GRURanker(settings, itemCount: 6, seed: 3, on: backend)
    let batch = SequenceBatch([[2, 0, 5], [1]], at: [(0, 0), (0, 2), (1, 0)], on: backend)
    let targets: [Int32] = [0, 4, 3]
    let (_, h) = ranker.states(batch, nil, nil)
    let whole = try ranker.scores(of: h, nil).softmaxCrossEntropy(
      IndexTensor(targets, shape: [3], on: backend)
    ).doubles()[0]
    let drawn = SampledItems([1, 1, 1, 1, 1, 1], count: 2_000).batch(targets, step: 0, seed: 0)
    #expect(drawn.items == Array(0..<6))
    let vectors = ranker.itemVectors(of: IndexTensor(drawn.items, shape: [6], on: backend))
    let scores =
      ranker.scores(of: h, vectors: vectors, nil)
      + Tensor(drawn.corrections, shape: [6], on: backend)
    let found = try scores.softmaxCrossEntropy(IndexTensor(drawn.places, shape: [3], on: backend))
      .doubles()[0]
    #expect(abs(found - whole) < 1e-6)
  }
}

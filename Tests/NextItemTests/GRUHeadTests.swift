import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import NextItem
import Tensor
import TestSupport
import Testing

/// Values of logged transitions beside the cross-entropy, against loops and finite differences.
@Suite("The head of a GRU")
struct GRUHeadTests {
  private static let sequences: [[Int32]] = [[2, 0, 5, 2], [1, 3], [4, 4, 3, 6, 1]]
  private static let places = sequences.enumerated().flatMap { number, sequence in
    (0..<sequence.count - 1).map { (sequence: number, item: $0) }
  }
  private static let actions: [Int32] = sequences.flatMap { $0.dropFirst() }
  private static let rewards: [Float] = [1, 0.2, 0.2, 1, 0.2, 1, 1, 0.2]
  /// The second sequence is cut off, the others end.
  private static let goesOn: [Float] = [1, 1, 0, 1, 1, 1, 1, 0]

  private static func ranker(_ head: GRUHead, on backend: any Backend) -> GRURanker {
    var settings = GRUConfiguration()
    (settings.dimension, settings.hidden, settings.head) = (3, 4, head)
    let ranker = GRURanker(settings, itemCount: 7, seed: 3, on: backend)
    var random = SeededGenerator(8)
    for parameter in ranker.parameters.parameters {
      backend.put(
        (0..<parameter.shape.count).map { _ in Double.random(in: -0.9...0.9, using: &random) },
        to: parameter.values)
    }
    return ranker
  }

  private static func transitions(
    _ outcomes: [Float], coin: Bool, on backend: any Backend
  ) -> Transitions {
    let next = places.map { Int32($0.sequence * 5 + $0.item + 1) }
    return Transitions(
      next: IndexTensor(next, shape: [8], on: backend),
      outcomes: Tensor(outcomes, shape: [8, 2], on: backend),
      counts: Tensor(places.map { Float($0.item + 1) / 10 }, shape: [8], on: backend), coin: coin)
  }

  /// The loss of a training step, and the values of the log's actions.
  private static func loss(
    _ ranker: GRURanker, _ head: GRUHead, _ transitions: Transitions, _ tape: Tape?
  ) -> (loss: Tensor, values: Tensor?) {
    let backend = ranker.parameters.backend
    let batch = SequenceBatch(sequences, at: places, on: backend)
    let dropout = (
      Float(0.25), RandomKey(seed: 1, stream: 2, counter: 3),
      RandomKey(seed: 1, stream: 2, counter: 4)
    )
    let (states, h) = ranker.states(batch, dropout, tape)
    let actions = IndexTensor(Self.actions, shape: [8], on: backend)
    let found = ranker.headLoss(head, h, states, actions, transitions, tape)
    let entropy = ranker.scores(of: h, tape).softmaxCrossEntropy(
      actions, weights: head.kind == .actorCritic ? found.values : nil)
    return (entropy + found.loss.affine(scale: head.weight), found.values)
  }

  /// y of every transition by loops over the catalogue.
  private static func targets(
    _ ranker: GRURanker, _ discount: Double, coin: Bool
  ) throws -> [Double] {
    let backend = ranker.parameters.backend
    let batch = SequenceBatch(sequences, at: places, on: backend)
    let dropout = (
      Float(0.25), RandomKey(seed: 1, stream: 2, counter: 3),
      RandomKey(seed: 1, stream: 2, counter: 4)
    )
    let states = try ranker.states(batch, dropout, nil).all.doubles()
    func copy(_ number: Int, _ state: [Double]) throws -> [Double] {
      let w = try backend.doubles(ranker.parameters.named("values.\(number).weight").values)
      let c = try backend.doubles(ranker.parameters.named("values.\(number).bias").values)
      return (0..<7).map { a in (0..<4).reduce(c[a]) { $0 + state[$1] * w[$1 * 7 + a] } }
    }
    return try places.enumerated().map { at, place in
      let row = place.sequence * 5 + place.item + 1
      let state = Array(states[row * 4..<(row + 1) * 4])
      let (own, other) = try (copy(coin ? 0 : 1, state), copy(coin ? 1 : 0, state))
      let best = own.indices.max { own[$0] < own[$1] }!
      return Double(rewards[at]) + Double(goesOn[at]) * discount * other[best]
    }
  }

  @Test(
    "values learn towards double Q-learning's target, and no gradient flows through it",
    arguments: [GRUHead.Kind.values, .actorCritic], [true, false])
  func target(kind: GRUHead.Kind, coin: Bool) throws {
    let backend = ReferenceBackend()
    var head = GRUHead(kind)
    (head.discount, head.weight) = (0.5, 0.7)
    let ranker = Self.ranker(head, on: backend)
    func gradients(_ transitions: Transitions) throws -> (Double, [[Double]]) {
      for parameter in ranker.parameters.parameters {
        backend.put(
          [Double](repeating: 0, count: parameter.shape.count), to: parameter.gradients)
      }
      let tape = Tape(training: ranker.parameters)
      let loss = Self.loss(ranker, head, transitions, tape).loss
      tape.backward(from: loss)
      return (
        try loss.doubles()[0],
        try ranker.parameters.parameters.map { try backend.doubles($0.gradients) }
      )
    }
    let logged = zip(Self.rewards, Self.goesOn).flatMap { [$0, $1] }
    let found = try gradients(Self.transitions(logged, coin: coin, on: backend))
    // The same targets as rewards of transitions that end.
    let targets = try Self.targets(ranker, 0.5, coin: coin)
    let fixed = Self.transitions(targets.flatMap { [Float($0), 0] }, coin: coin, on: backend)
    let expected = try gradients(fixed)
    #expect(abs(found.0 - expected.0) < 1e-6)
    for (a, b) in zip(found.1, expected.1) { #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }) }
    // SAC's factor is a constant; SQN's loss has nothing else that is.
    guard kind == .values else { return }
    for parameter in ranker.parameters.parameters {
      let point = try backend.doubles(parameter.values)
      let numeric = try FiniteDifference.gradient(
        at: point, coordinates: Array(point.indices)
      ) {
        backend.put($0, to: parameter.values)
        return try Self.loss(ranker, head, fixed, nil).loss.doubles()[0]
      }
      backend.put(point, to: parameter.values)
      let at = ranker.parameters.parameters.firstIndex { $0.name == parameter.name }!
      let isOther = parameter.name.hasPrefix("values.\(coin ? 1 : 0)")
      #expect(expected.1[at].contains { $0 != 0 } != isOther, "\(parameter.name)")
      #expect(zip(expected.1[at], numeric).allSatisfy { abs($0 - $1) < 1e-6 }, "\(parameter.name)")
    }
  }

  @Test("SAC weighs each target's cross-entropy by its value")
  func weighed() throws {
    let backend = ReferenceBackend()
    var head = GRUHead(.actorCritic)
    head.discount = 0
    let ranker = Self.ranker(head, on: backend)
    let transitions = Self.transitions(
      zip(Self.rewards, Self.goesOn).flatMap { [$0, $1] }, coin: true, on: backend)
    let (loss, found) = Self.loss(ranker, head, transitions, nil)
    let values = try #require(found).doubles()
    let batch = SequenceBatch(Self.sequences, at: Self.places, on: backend)
    let (_, h) = ranker.states(
      batch,
      (
        0.25, RandomKey(seed: 1, stream: 2, counter: 3), RandomKey(seed: 1, stream: 2, counter: 4)
      ), nil)
    let logits = try ranker.scores(of: h, nil).doubles()
    var expected = 0.0
    for at in 0..<8 {
      let row = logits[at * 7..<(at + 1) * 7].map { $0 }
      let total: Double = row.reduce(0) { $0 + exp($1) }
      expected += values[at] * (Foundation.log(total) - row[Int(Self.actions[at])])
      expected += pow(Double(Self.rewards[at]) - values[at], 2)
    }
    #expect(abs(try loss.doubles()[0] - expected / 8) < 1e-6)
  }

  @Test("counts are learned by their squared error")
  func counts() throws {
    let backend = ReferenceBackend()
    let head = GRUHead(.count)
    let ranker = Self.ranker(head, on: backend)
    let transitions = Self.transitions(
      [Float](repeating: 0, count: 16), coin: true, on: backend)
    let batch = SequenceBatch(Self.sequences, at: Self.places, on: backend)
    let (states, h) = ranker.states(batch, nil, nil)
    let found = try ranker.headLoss(
      head, h, states, IndexTensor(Self.actions, shape: [8], on: backend), transitions, nil
    ).loss.doubles()[0]
    let (w, c) = (
      try backend.doubles(ranker.parameters.named("count.weight").values),
      try backend.doubles(ranker.parameters.named("count.bias").values)
    )
    let values = try h.doubles()
    let expected = Self.places.enumerated().reduce(0.0) { sum, each in
      let value = (0..<4).reduce(c[0]) { $0 + values[each.offset * 4 + $1] * w[$1] }
      return sum + pow(Double(Float(each.element.item + 1) / 10) - value, 2) / 8
    }
    #expect(abs(found - expected) < 1e-6)
  }

  @Test("rewards are dealt out anew among what may be learned from, and nowhere else")
  func shuffled() {
    let log = Worlds.tiny
    let split = UserSplit(log, Worlds.latest())
    var head = GRUHead(.values)
    let plain = head.rewards(log, split, scale: .fiveStars, seed: 4)
    #expect(zip(plain, log.ratings).allSatisfy { $0 == ($1 > 3 ? 1 : 0.2) })
    head.shufflesRewards = true
    let dealt = head.rewards(log, split, scale: .fiveStars, seed: 4)
    #expect(dealt != plain && dealt == head.rewards(log, split, scale: .fiveStars, seed: 4))
    #expect(dealt != head.rewards(log, split, scale: .fiveStars, seed: 5))
    #expect(dealt.sorted() == plain.sorted())
    for row in 0..<log.count where split.heldOut(row: row) != nil {
      #expect(dealt[row] == plain[row])
    }
  }

  @Test("settings that cannot work are refused")
  func refused() {
    for change in [{ $0.discount = 1 }, { $0.weight = 0 }, { $0.delay = -1 }]
      as [(inout GRUHead) -> Void]
    {
      var settings = GRUConfiguration()
      var head = GRUHead(.values)
      change(&head)
      settings.head = head
      #expect(throws: ConfigurationError.self) { try settings.validate() }
    }
  }
}

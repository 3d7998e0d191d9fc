import DRRData
import IRecGAN
import Tensor
import TestSupport
import Testing

/// D alone, on sessions that differ in one respect.
@Suite("The discriminator")
struct DiscriminatorTests {
  private typealias Session = (clicks: [Int32], lists: [[Int32]])
  private typealias Form = IRecGANConfiguration.DiscriminatorForm
  private static let steps = 5

  /// The click and three others of `pool`.
  private static func list(
    _ click: Int32, _ pool: Range<Int32>, _ random: inout SeededGenerator
  ) -> [Int32] {
    ([click] + pool.filter { $0 != click }.shuffled(using: &random).prefix(3))
      .shuffled(using: &random)
  }

  /// Clicks of one kind; beside them real lists hold items below 6 and others items from 6 on.
  private static func otherLists(
    _ isReal: Bool, _ random: inout SeededGenerator
  ) -> Session {
    let clicks = random.indices(steps, in: 0..<12)
    return (clicks, clicks.map { list($0, isReal ? 0..<6 : 6..<12, &random) })
  }

  /// Real clicks change between the items below 6 and the others; the rest stay on one side.
  private static func otherClicks(
    _ isReal: Bool, _ random: inout SeededGenerator
  ) -> Session {
    let start = Bool.random(using: &random)
    let clicks = (0..<steps).map { step -> Int32 in
      let isLow = isReal && step % 2 == 1 ? !start : start
      return Int32.random(in: isLow ? 0..<6 : 6..<12, using: &random)
    }
    return (clicks, clicks.map { list($0, 0..<12, &random) })
  }

  /// Real clicks are the lowest item of the list, the rest another one.
  private static func otherChoices(
    _ isReal: Bool, _ random: inout SeededGenerator
  ) -> Session {
    let lists = (0..<steps).map { _ in list(random.indices(1, in: 0..<12)[0], 0..<12, &random) }
    return (
      lists.map { isReal ? $0.min()! : $0.sorted()[Int.random(in: 1...3, using: &random)] }, lists
    )
  }

  private static func record(_ sessions: [Session], on backend: any Backend) -> SessionRecord {
    SessionRecord(
      clicks: sessions.flatMap(\.clicks),
      rewards: Array(repeating: 0, count: sessions.count * steps),
      lists: sessions.flatMap { [-1, -1, -1, -1] + $0.lists.dropFirst().flatMap { $0 } },
      sessions: sessions.count, steps: steps, listSize: 4, on: backend)
  }

  /// The probability that D thinks more of a real session than of another, of sessions that it has
  /// not seen.
  private func area(
    _ form: Form, _ make: (Bool, inout SeededGenerator) -> Session
  ) throws -> Double {
    let backend = CPUBackend()
    let settings = SessionWorlds.settings {
      $0.listSize = 4
      $0.discriminator = .init(embedding: 8, units: 12)
      $0.listUnits = 6
      $0.discriminatorForm = form
    }
    let discriminator = Discriminator(settings, itemCount: 12, seed: 2, on: backend)
    let training = NetworkTraining(
      discriminator.weights, learningRate: 1e-2, rate: 1, maximumNorm: 5)
    var random = SeededGenerator(1)
    for _ in 0..<400 {
      let sessions = (0..<64).map { make($0 % 2 == 0, &random) }
      let record = Self.record(sessions, on: backend)
      let labels = Tensor(
        (0..<64).map { $0 % 2 == 0 ? 1 : 0 } as [Float], shape: [64], on: backend)
      _ = training.step(sessions: labels.shape[0]) { _, tape in
        (discriminator.loss(record, labels: labels, dropping: nil, tape).loss, [], nil)
      }
    }
    func logits(_ isReal: Bool) throws -> [Float] {
      let record = Self.record((0..<400).map { _ in make(isReal, &random) }, on: backend)
      return try discriminator.logits(
        clicks: record.clicks, lists: record.lists, rewards: record.rewards,
        lengths: record.lengths
      ).host()
    }
    let (real, other) = (try logits(true), try logits(false))
    let wins = real.reduce(0.0) { sum, mine in
      other.reduce(sum) { $0 + ($1 < mine ? 1 : $1 == mine ? 0.5 : 0) }
    }
    return wins / 160_000
  }

  @Test("each form tells apart what it looks at")
  func separable() throws {
    let lists = try area(.lists, Self.otherLists)
    #expect(lists > 0.99)
    for form in [Form.lists, .listless] {
      let clicks = try area(form, Self.otherClicks)
      #expect(clicks > 0.99, "\(form)")
    }
    let choices = try area(.expectation, Self.otherChoices)
    #expect(choices > 0.99)
  }

  @Test("without lists D cannot tell sessions that differ in lists alone")
  func blind() throws {
    let area = try area(.listless, Self.otherLists)
    // 0.5 ± 0.02.
    #expect(abs(area - 0.5) < 0.08, "\(area)")
  }
}

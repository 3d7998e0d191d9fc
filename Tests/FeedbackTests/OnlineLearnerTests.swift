import DRRCore
import DRRTestSupport
import Feedback
import Foundation
import Serving
import TestSupport
import Testing

@Suite("Learning while serving") struct OnlineLearnerTests {
  private static func settings(
    _ kind: OnlineLearner.Kind, alpha: Double = 0, ridge: Double = 10
  ) -> OnlineLearner.Settings {
    var settings = OnlineLearner.Settings()
    (settings.kind, settings.alpha, settings.ridge) = (kind, alpha, ridge)
    return settings
  }

  private struct Told {
    var item: Int
    var score: Float
    var reward: Double
  }

  private static func told(_ count: Int, items: Int, seed: UInt64) -> [Told] {
    var random = SeededGenerator(seed)
    let numbers = random.floats(3 * count, in: -1...1)
    return (0..<count).map { at in
      Told(
        item: Int((numbers[3 * at] + 1) / 2 * Float(items - 1)), score: numbers[3 * at + 1],
        reward: Double(numbers[3 * at + 2]))
    }
  }

  private static func learner(
    _ model: ExportedModel, _ settings: OnlineLearner.Settings, _ told: [Told]
  ) throws -> OnlineLearner {
    var learner = try OnlineLearner(model, settings)
    for one in told {
      learner.learn(
        item: model.items.ids[one.item], score: one.score, .reward(one.reward), by: nil)
    }
    return learner
  }

  /// A column that solves a symmetric system, by elimination.
  private static func solved(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var (rows, right) = (matrix, right)
    for pivot in right.indices {
      let best = (pivot..<right.count).max { abs(rows[$0][pivot]) < abs(rows[$1][pivot]) }!
      rows.swapAt(pivot, best)
      right.swapAt(pivot, best)
      for row in right.indices where row > pivot {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in pivot..<right.count { rows[row][column] -= factor * rows[pivot][column] }
        right[row] -= factor * right[pivot]
      }
    }
    for pivot in right.indices.reversed() {
      for column in (pivot + 1)..<max(right.count, pivot + 1) {
        right[pivot] -= rows[pivot][column] * right[column]
      }
      right[pivot] /= rows[pivot][pivot]
    }
    return right
  }

  @Test("before any feedback it is the model")
  func prior() throws {
    let model = try ServedWorld.model(1)
    for kind in OnlineLearner.Kind.allCases {
      let learner = try OnlineLearner(model, Self.settings(kind))
      for item in 0..<model.items.count {
        #expect(learner.value(of: item, score: 0.25) == 0.25)
      }
    }
  }

  @Test("by item vectors it is the ridge regression of all feedback, with LinUCB's width")
  func regression() throws {
    let model = try ServedWorld.model(1)
    let factors = try #require(model.factorization)
    let told = Self.told(3_000, items: model.items.count, seed: 4)
    let (alpha, ridge) = (0.7, 2.5)
    let learner = try Self.learner(
      model, Self.settings(.linucb, alpha: alpha, ridge: ridge), told)
    #expect(learner.count == told.count)
    let d = factors.dimension + 2
    func features(_ item: Int, _ score: Float) -> [Double] {
      [1, Double(score)]
        + (0..<factors.dimension).map { Double(factors.itemFactors[item * factors.dimension + $0]) }
    }
    var matrix = (0..<d).map { row in (0..<d).map { $0 == row ? ridge : 0.0 } }
    var right = [Double](repeating: 0, count: d)
    for one in told {
      let x = features(one.item, one.score)
      for row in 0..<d {
        for column in 0..<d { matrix[row][column] += x[row] * x[column] }
        right[row] += x[row] * (one.reward - Double(one.score))
      }
    }
    let weights = Self.solved(matrix, right)
    for item in stride(from: 0, to: model.items.count, by: 3) {
      let x = features(item, 0.4)
      let mean = zip(x, weights).reduce(Double(Float(0.4))) { $0 + $1.0 * $1.1 }
      let variance = zip(x, Self.solved(matrix, x)).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(
        abs(Double(learner.value(of: item, score: 0.4)) - mean - alpha * variance.squareRoot())
          < 1e-6)
    }
  }

  @Test(
    "what a log holds of boundless rewards is not learned", arguments: OnlineLearner.Kind.allCases)
  func boundless(_ kind: OnlineLearner.Kind) throws {
    let model = try ServedWorld.model(1)
    let told = Self.told(20, items: model.items.count, seed: 4)
    let wild = [1e300, -1e300, 1e39, 1.1e6].map { Told(item: 3, score: 0.5, reward: $0) }
    let learner = try Self.learner(model, Self.settings(kind), told + wild)
    let sober = try Self.learner(model, Self.settings(kind), told)
    #expect(learner.count == 20)
    #expect(learner.value(of: 3, score: 0.5) == sober.value(of: 3, score: 0.5))
  }

  @Test("by items it is each item's mean of what it earned above its score, drawn to none")
  func arms() throws {
    let model = try ServedWorld.model(1)
    let told = Self.told(400, items: model.items.count, seed: 5)
    let (alpha, ridge) = (0.5, 4.0)
    let learner = try Self.learner(model, Self.settings(.items, alpha: alpha, ridge: ridge), told)
    for item in 0..<model.items.count {
      let own = told.filter { $0.item == item }
      let sum = own.reduce(0) { $0 + $1.reward - Double($1.score) }
      let wanted =
        -0.3 + sum / (Double(own.count) + ridge)
        + alpha / (Double(own.count) + ridge).squareRoot()
      #expect(abs(Double(learner.value(of: item, score: -0.3)) - wanted) < 1e-6)
    }
  }

  @Test("lists come in the order of what was learned, each item with its model's score")
  func order() throws {
    let model = try ServedWorld.model(1)
    let told = Self.told(500, items: model.items.count, seed: 6)
    let learner = try Self.learner(model, Self.settings(.linucb), told)
    let list = (0..<20).map { Recommendation(item: $0, score: 1 - Float($0) / 20) }
    let (found, scores) = learner.reordered(list)
    #expect(Set(found.map(\.item)) == Set(0..<20) && found.map(\.item) != Array(0..<20))
    for (one, score) in zip(found, scores) {
      #expect(score == list[one.item].score)
      #expect(one.score == learner.value(of: one.item, score: score))
    }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
  }

  @Test("settings out of their range are refused", arguments: [0, -1, .infinity, .nan])
  func ranges(_ ridge: Double) throws {
    let model = try ServedWorld.model(1)
    #expect(throws: ConfigurationError.self) {
      try OnlineLearner(model, Self.settings(.linucb, ridge: ridge))
    }
    #expect(throws: ConfigurationError.self) {
      try OnlineLearner(model, Self.settings(.items, alpha: -1))
    }
  }

  // MARK: - What a log tells

  /// Serves lists with what is learned, and tells the store of rewards.
  private static func serve(
    _ model: ExportedModel, _ store: FeedbackStore, _ requests: Range<Int>
  ) throws {
    for number in requests {
      let learner = try #require(store.learner(of: model.header.checksum))
      let list = (0..<12).map {
        Recommendation(item: ($0 * 7 + number) % model.items.count, score: Float($0) / 12)
      }
      let (found, scores) = learner.reordered(list)
      try store.record(
        ServedList(
          request: "\(number)", time: Int64(number), model: "m", version: model.header.checksum,
          user: "\(number % 9)", known: 0, learned: learner.count,
          items: zip(found, scores).prefix(3).map { item, score in
            .init(
              item: model.items.ids[item.item], score: item.score, modelScore: score, propensity: 1)
          }, candidates: 12, digest: ""))
      for place in 0..<2 {
        try store.record(
          ItemFeedback(
            time: Int64(number), request: "\(number)", user: nil,
            item: model.items.ids[found[place].item],
            value: .click((found[place].item + number) % 3 == 0)))
      }
    }
  }

  private static func bits(_ store: FeedbackStore, _ model: ExportedModel) throws -> [UInt64] {
    let snapshot = try #require(store.learner(of: model.header.checksum)).snapshot
    return [UInt64(snapshot.count)]
      + (snapshot.inverse + snapshot.sums + snapshot.weights).map(\.bitPattern)
  }

  @Test(
    "a server that was killed has learned the same bits, with a snapshot, an older one or none",
    arguments: OnlineLearner.Kind.allCases)
  func killed(_ kind: OnlineLearner.Kind) throws {
    let scratch = TemporaryFolder()
    let folder = scratch.path + "/log"
    let model = try ServedWorld.model(1)
    let learner = try OnlineLearner(model, Self.settings(kind, alpha: 0.2))
    var logging = FeedbackLog.Settings()
    logging.segmentBytes = 6_000
    var wanted: [UInt64] = []
    for part in [0..<20, 20..<45, 45..<60] {
      let store = try FeedbackStore(folder: folder, logging, learners: [learner])
      #expect(try part.lowerBound == 0 || Self.bits(store, model) == wanted)
      try Self.serve(model, store, part)
      if part.lowerBound == 20 { try store.writeSnapshot() }
      // What comes late counts too.
      if part.lowerBound == 45 {
        try store.record(
          ItemFeedback(
            time: 99, request: "50", user: nil,
            item: try #require(try Self.shown(folder, "50")), value: .click(true)))
      }
      wanted = try Self.bits(store, model)
    }
    do {
      let whole = try FeedbackStore(folder: folder, logging, learners: [learner])
      #expect(try Self.bits(whole, model) == wanted && wanted[0] == 121)
      try whole.writeSnapshot()
    }
    let snapshot = try scratch.data("log/learned.json")
    for damaged in [snapshot.dropLast(9), Data(), nil] {
      if let damaged {
        try scratch.write("log/learned.json", Data(damaged))
      } else {
        try FileManager.default.removeItem(atPath: folder + "/learned.json")
      }
      let store = try FeedbackStore(folder: folder, logging, learners: [learner])
      #expect(try Self.bits(store, model) == wanted)
    }
    // What was learned by other settings is no use.
    try scratch.write("log/learned.json", snapshot)
    let other = try OnlineLearner(model, Self.settings(kind, alpha: 0.2, ridge: 3))
    let anew = try FeedbackStore(folder: folder, logging, learners: [other])
    #expect(anew.learner(of: other.version)?.count == 121)
    #expect(try Self.bits(anew, model) != wanted)
  }

  /// An item of a list that the log has.
  private static func shown(_ folder: String, _ request: String) throws -> String? {
    var found: String?
    try FeedbackReader(folder: folder).forEach { event, _ in
      if case .served(let list) = event, list.request == request { found = list.items[2].item }
    }
    return found
  }

  @Test("a model that comes back has what was learned of it, and another learns anew")
  func exchanged() throws {
    let scratch = TemporaryFolder()
    let (first, second) = try (ServedWorld.model(1), ServedWorld.model(2))
    let learners = try [first, second].map { try OnlineLearner($0, Self.settings(.linucb)) }
    let store = try FeedbackStore(folder: scratch.path + "/log", learners: [learners[0]])
    try Self.serve(first, store, 0..<10)
    let before = try Self.bits(store, first)
    try store.learn(by: [learners[1]])
    #expect(store.learner(of: first.header.checksum) == nil)
    #expect(store.learner(of: second.header.checksum)?.count == 0)
    try Self.serve(second, store, 10..<15)
    #expect(store.learner(of: second.header.checksum)?.count == 10)
    try store.learn(by: [learners[0]])
    #expect(try Self.bits(store, first) == before)
  }
}

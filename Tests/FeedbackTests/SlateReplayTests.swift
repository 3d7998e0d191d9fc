import DRRTestSupport
import Feedback
import Kernels
import Serving
import TestSupport
import Testing

@Suite("States of a log, asked again") struct SlateReplayTests {
  static let exploration = Exploration(epsilon: 0.2, temperature: 0.5, candidates: 12)

  /// A log of all kinds of requests.
  static func log(
    _ folder: TemporaryFolder, lists: Int = 260, exploration: Exploration = exploration
  ) throws -> String {
    let path = folder.path + "/log"
    try ServedWorld.serve(
      ServedWorld.model(1), lists: lists, positions: 3, exploration: exploration, seed: 5,
      into: path
    ) { number, list in
      switch number % 6 {
      case 1:
        list.user = nil
        list.rated = [.init(item: "3", rating: 5), .init(item: "7", rating: 1)]
      case 2: list.exclude = ["1", "2", "5", "no such item"]
      case 3: list.genres = ["Drama"]
      case 4: list.exploration = nil
      case 5: list.user = "somebody new \(number % 10)"
      default: break
      }
    } feedback: { _, item, position in
      (item + position) % 3 == 0
        ? .rating(Float(1 + item % 5)) : (item + position) % 3 == 1 ? .click(item % 2 == 0) : nil
    }
    return path
  }

  static func evaluation(
    _ path: String, positions: Int? = nil
  ) throws -> ServedEvaluation {
    try ServedEvaluation(
      ServedDecisions(log: path), rewards: FeedbackRewards(of: ServedWorld.model(1)),
      positions: positions)
  }

  @Test("the model that served has weights of 1, and the candidates of the log")
  func itself() throws {
    let folder = TemporaryFolder()
    let served = try Self.evaluation(Self.log(folder))
    #expect(served.served.decisions.contains { ($0.list.known ?? 0) > 3 })
    let model = ReplayedModel(
      name: "itself", policy: try ServedWorld.policy(ServedWorld.model(1)))
    let report = try served.evaluate([model])
    let policy = report.policies[0]
    #expect(policy.mismatched == 0)
    #expect(policy.warnings.allSatisfy { !$0.contains("other candidates") })
    let weights = policy.diagnostics
    #expect(abs(weights.meanWeight - 1) < 1e-4 && abs(weights.largestWeight - 1) < 1e-3)
    #expect(abs(weights.effectiveSampleSize - Double(report.log.lists)) < 1e-3)
    for estimator in SlateEstimator.usual {
      #expect(abs(policy[estimator]!.value - report.behaviour.value) < 1e-4)
      #expect(abs(policy.differences[estimator.rawValue]!.value) < 1e-4)
    }
    #expect(report.log.joined?.lists == 260 && report.positions.count == 3)
  }

  @Test("another model's probabilities are those of its own candidates and scores")
  func another() throws {
    let folder = TemporaryFolder()
    let served = try Self.evaluation(Self.log(folder, lists: 60))
    let exported = try ServedWorld.model(2)
    let policy = try ServedWorld.policy(exported)
    let own = Exploration(epsilon: 0.4, temperature: 1, candidates: 30)
    let report = try served.evaluate([
      ReplayedModel(name: "other", policy: policy, exploration: own)
    ])
    #expect(report.policies[0].mismatched == nil)
    var ratio = 0.0
    for decision in served.served.decisions {
      let list = decision.list
      let genres = try list.genres.map { try exported.items.items(ofGenres: $0) }
      let found = try policy.recommend(
        [
          Request(
            exported.recipient(user: list.user, known: served.served.known(of: list)),
            exclude: Set((list.exclude ?? []).compactMap { exported.items.ids.lookup($0) }),
            only: genres)
        ], count: 30)[0]
      let choices = SlateChoices(
        items: found.map { exported.items.ids[$0.item] }, scores: found.map(\.score),
        exploration: own)
      let probabilities = choices.probabilities(of: list.items.map(\.item))
      ratio += zip(probabilities, list.items).reduce(1) { $0 * $1.0 / $1.1.propensity }
    }
    let mean = ratio / Double(served.served.decisions.count)
    #expect(abs(report.policies[0].diagnostics.meanWeight - mean) < 1e-4 * max(mean, 1))
  }

  @Test("a log of other candidates is told from one of the model's")
  func mismatch() throws {
    let folder = TemporaryFolder()
    let path = try Self.log(folder, lists: 20)
    let other = folder.path + "/other"
    let log = try FeedbackLog(folder: other)
    var changed = 0
    try FeedbackReader(folder: path).forEach { event, _ in
      guard case .served(var list) = event else { return }
      if changed < 7 { list.digest = "00000000" }
      changed += 1
      try log.append(.served(list))
    }
    let model = ReplayedModel(
      name: "itself", policy: try ServedWorld.policy(ServedWorld.model(1)))
    let policy = try Self.evaluation(other).evaluate([model]).policies[0]
    // Without the feedback users have no past, which shows too.
    #expect(policy.mismatched! >= 7)
    #expect(policy.warnings.contains { $0.contains("of 20 lists of its version") })
  }

  @Test("the pseudo-inverse is 1 of the model that served, and needs that model")
  func inverse() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/log"
    try ServedWorld.serve(
      ServedWorld.model(1), lists: 60, positions: 3,
      exploration: Exploration(epsilon: 0.3, temperature: 1, candidates: 5), seed: 2, into: path
    ) { user, item, _ in item % 3 == 0 ? .click(true) : nil }
    let served = try Self.evaluation(path)
    var configuration = SlateConfiguration()
    configuration.estimators = [.pi, .wpi, .ips]
    configuration.ranking = .pi
    let first = ReplayedModel(
      name: "first", policy: try ServedWorld.policy(ServedWorld.model(1)))
    let second = ReplayedModel(
      name: "second", policy: try ServedWorld.policy(ServedWorld.model(2)))
    let report = try served.evaluate([first, second], configuration)
    #expect(abs(report.policies[0][.pi]!.value - report.behaviour.value) < 1e-4)
    #expect(abs(report.policies[0][.wpi]!.value - report.behaviour.value) < 1e-4)
    #expect(abs(report.policies[0].pseudoInverseSampleSize! - 60) < 1e-2)
    #expect(report.policies[1].pseudoInverseSampleSize! < 60)
    #expect(throws: FeedbackError.self) { try served.evaluate([second], configuration) }
    let other = TemporaryFolder()
    let wide = try Self.evaluation(
      Self.log(
        other, lists: 12, exploration: Exploration(epsilon: 0.2, temperature: 1, candidates: 40)))
    #expect(throws: FeedbackError.self) { try wide.evaluate([first], configuration) }
    let few = try Self.evaluation(path, positions: 2).evaluate([first], configuration)
    #expect(few.log.positions == 2)
  }
}

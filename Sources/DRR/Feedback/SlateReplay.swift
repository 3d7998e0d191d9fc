import DRRCore
import DRRData
import Factorization
import OffPolicy
import Serving
import Tensor

/// A model that is asked what it would have shown in the states of a log.
public struct ReplayedModel: Sendable {
  /// What reports call it.
  public var name: String
  /// What recommends.
  public var policy: ServingPolicy
  /// How lists are drawn; nil: as each list of the log was.
  public var exploration: Exploration?

  /// A model by its parts.
  public init(name: String, policy: ServingPolicy, exploration: Exploration? = nil) {
    (self.name, self.policy, self.exploration) = (name, policy, exploration)
  }

  /// Its version, as lists that it served name it.
  public var version: String { policy.model.header.checksum }

  /// What a replay found.
  public struct Replay: Sendable {
    /// The probability of each item given those above it, of all lists in order.
    public var probabilities: [Double] = []
    /// Lists that this model served, by their version.
    public var served = 0
    /// Those of them for which it finds other candidates than were logged.
    public var mismatched = 0
    /// The candidates of each list, where they are kept.
    var choices: [SlateChoices] = []
    /// By list: whether the model served it and finds the logged candidates.
    var isServed: [Bool] = []
  }

  /// What is asked of the model for one list.
  private struct Question: Equatable {
    var user: String?
    var known: [KnownItem]
  }

  /// Replays lists, a batch in one scoring, on all cores.
  ///
  /// - Parameters:
  ///   - positions: of each list that are looked at, the first.
  ///   - keepsChoices: whether all candidates are kept.
  ///   - progress: lists done.
  /// - Throws: `FeedbackError` where the model cannot answer a request.
  func replay(
    _ served: ServedDecisions, positions: Int = .max, keepsChoices: Bool = false,
    progress: (Int) -> Void = { _ in }
  ) throws -> Replay {
    let lists = served.decisions.map(\.list)
    // A user's lists together, so that what is known is made something of once.
    var users: [String: Int] = [:]
    let keys = lists.enumerated().map { at, list -> Int in
      guard let user = list.user else { return at }
      let first = users[user] ?? at
      users[user] = first
      return first
    }
    let order = lists.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    let genres = Dictionary(
      Set(lists.compactMap(\.genres)).map { ($0, items(ofGenres: $0)) }, uniquingKeysWith: { $1 })
    let size = ServingPolicy.batch
    let batches = (order.count + size - 1) / size
    var replay = Replay()
    var probabilities = [[Double]](repeating: [], count: lists.count)
    if keepsChoices {
      replay.choices = Array(
        repeating: SlateChoices(items: [], scores: [], exploration: nil), count: lists.count)
    }
    replay.isServed = Array(repeating: false, count: lists.count)
    // Some batches at a time, so that there is a sign of life.
    for first in stride(from: 0, to: batches, by: 32) {
      let found = concurrentMap(min(32, batches - first)) { batch in
        let start = (first + batch) * size
        let some = order[start..<min(start + size, order.count)]
        return Result {
          try answers(some, lists, served, genres, positions, keepsChoices: keepsChoices)
        }
      }
      for (batch, answers) in found.enumerated() {
        for (answer, list) in zip(try answers.get(), order[((first + batch) * size)...]) {
          probabilities[list] = answer.probabilities
          if lists[list].version == version, lists[list].learned == nil {
            replay.served += 1
            replay.isServed[list] = answer.isAsLogged
            if !answer.isAsLogged { replay.mismatched += 1 }
          }
          if keepsChoices { replay.choices[list] = answer.choices }
        }
      }
      progress(min((first + 32) * size, order.count))
    }
    replay.probabilities = probabilities.flatMap { $0 }
    return replay
  }

  private struct Answer: Sendable {
    var choices: SlateChoices
    var probabilities: [Double]
    /// Whether this model served the list and the candidates have the digest of the log.
    var isAsLogged: Bool
  }

  private func answers(
    _ order: ArraySlice<Int>, _ lists: [ServedList], _ served: ServedDecisions,
    _ genres: [[String]: Set<Int>], _ positions: Int, keepsChoices: Bool
  ) throws -> [Answer] {
    let items = policy.model.items
    var (asked, latest): (Question?, PreparedRecipient?) = (nil, nil)
    var products = ItemProducts()
    let requests = try order.map { at -> ServingPolicy.Prepared in
      let list = lists[at]
      let question = Question(user: list.user, known: served.known(of: list))
      if question != asked {
        do {
          latest = try policy.prepare(
            policy.model.recipient(user: question.user, known: question.known), &products)
        } catch {
          throw FeedbackError("\(name) cannot answer request \(list.request) of the log: \(error)")
        }
        asked = question
      }
      return ServingPolicy.Prepared(
        latest!, exclude: Set((list.exclude ?? []).compactMap { items.ids.lookup($0) }),
        only: list.genres.map { genres[$0] ?? [] })
    }
    let drawn = order.map { at -> Int in
      let list = lists[at]
      return max(
        (exploration ?? list.exploration)?.candidates ?? list.candidates, list.items.count)
    }
    let most = zip(order, drawn).map { max($1, lists[$0].candidates) }.max() ?? 1
    let found = try policy.recommend(requests, max(most, 1))
    return zip(order, zip(drawn, found)).map { at, answer in
      let (list, (drawn, found)) = (lists[at], answer)
      let candidates = found.prefix(drawn)
      let choices = SlateChoices(
        items: keepsChoices ? candidates.map { items.ids[$0.item] } : [],
        scores: candidates.map(\.score), exploration: exploration ?? list.exploration)
      let places = list.items.prefix(positions).map { shown in
        items.ids.lookup(shown.item).flatMap { item in
          candidates.firstIndex { $0.item == item }
        }
      }
      return Answer(
        choices: choices, probabilities: choices.probabilities(at: places),
        isAsLogged: list.version == version && found.count >= list.candidates
          && list.digest
            == ServedList.digest(
              of: found.prefix(list.candidates).lazy.map { items.ids[$0.item] })
      )
    }
  }

  /// Items of any of these genres; none of those that the model does not know.
  private func items(ofGenres names: [String]) -> Set<Int> {
    names.reduce(into: []) { found, name in
      if let some = try? policy.model.items.items(ofGenres: [name]) { found.formUnion(some) }
    }
  }
}

/// The lists of a feedback log as decisions that models are judged by.
public struct ServedEvaluation: Sendable {
  /// Lists with at least one item, with what came of them.
  public private(set) var served: ServedDecisions
  /// Makes rewards of feedback.
  public var rewards: FeedbackRewards
  /// What becomes of items without feedback.
  public let missing: MissingFeedback
  /// The first positions that are looked at.
  public let positions: Int
  /// Lists that a model may have learned from, which are left out.
  public private(set) var learned = 0
  /// Lists after those that other models served, which are left out.
  public private(set) var others = 0

  /// - Parameters:
  ///   - models: that are judged: lists that were served before one of them had learned what it knows
  ///     of a log are left out.
  ///   - version: only lists that a model of this version served; nil: all.
  ///   - positions: of each list that are looked at, the first; nil: all.
  /// - Throws: `FeedbackError` where no list is left.
  public init(
    _ served: ServedDecisions, rewards: FeedbackRewards, missing: MissingFeedback = .zero,
    version: String? = nil, positions: Int? = nil, judging models: [ReplayedModel] = []
  ) throws(FeedbackError) {
    self.served = served
    if let time = models.compactMap(\.policy.model.header.data.servedUntil).max() {
      self.served.decisions.removeAll { $0.list.time <= time }
      learned = served.decisions.count - self.served.decisions.count
      if self.served.decisions.isEmpty, learned > 0 {
        throw FeedbackError(
          "\(served.name) has no list that was served after the latest one that a model has learned "
            + "from, and what a model knows of a list flatters it; serve on, and judge then")
      }
    }
    (self.rewards, self.missing, self.positions) = (rewards, missing, positions ?? .max)
    if let version {
      others = self.served.decisions.count { $0.list.version != version }
      self.served.decisions.removeAll { $0.list.version != version }
    }
    self.served.decisions.removeAll {
      $0.list.items.isEmpty
        || missing == .drop && $0.feedback.prefix(positions ?? .max).allSatisfy { $0 == nil }
    }
    for list in self.served.decisions.lazy.map(\.list) {
      do {
        try list.exploration?.validate()
        try ConfigurationError.require("candidates", list.candidates, in: 0...Int(Int32.max))
      } catch {
        throw FeedbackError("request \(list.request) of \(served.name): \(error)")
      }
    }
    guard self.served.decisions.isEmpty else { return }
    throw FeedbackError(
      served.decisions.isEmpty
        ? "\(served.name) has no list that was served"
        : version.map {
          "\(served.name) has no list that the model of version \($0) served; name the log that it is "
            + "served with"
        }
          ?? "\(served.name) has no list with feedback; leave --missing drop out, and what has none "
          + "earns 0")
  }

  /// The lists, with propensities and rewards.
  ///
  /// - Throws: `FeedbackError` where a propensity cannot be, or a rating has no scale.
  public func slates() throws(FeedbackError) -> LoggedSlates {
    var slates = LoggedSlates(name: served.name)
    for decision in served.decisions {
      var earned: [Double] = []
      for value in decision.feedback.prefix(positions) {
        earned.append(
          try value.map { (value) throws(FeedbackError) in
            try rewards.reward(of: value, by: decision.list.user)
          } ?? 0)
      }
      try slates.append(
        propensities: decision.list.items.prefix(positions).map(\.propensity), rewards: earned,
        cluster: decision.list.user.map { "user \($0)" } ?? "request \(decision.list.request)")
    }
    return slates
  }

  /// Tells what models would have earned.
  ///
  /// - Parameter progress: lists done and in all, and what is done with them.
  /// - Throws: `FeedbackError` where a model cannot answer, or an estimator cannot be computed.
  public func evaluate(
    _ models: [ReplayedModel], _ configuration: SlateConfiguration = .init(),
    progress: (Int, Int, String) -> Void = { _, _, _ in }
  ) throws -> SlateReport {
    try configuration.validate()
    let slates = try slates()
    let needsCandidates = configuration.estimators.contains(where: \.needsCandidates)
    if needsCandidates { try requireSmall(models) }
    let steps = slates.count * (models.count + 1)
    var replays: [ReplayedModel.Replay] = []
    for (at, model) in models.enumerated() {
      replays.append(
        try model.replay(served, positions: positions, keepsChoices: needsCandidates) {
          progress(at * slates.count + $0, steps, "lists, \(model.name)")
        })
    }
    let logged = needsCandidates ? try loggedChoices(models, replays) : []
    var targets: [SlateTarget] = []
    for (model, replay) in zip(models, replays) {
      var target = SlateTarget(name: model.name, probabilities: replay.probabilities)
      if replay.mismatched > 0 {
        target.warnings.append(
          "of \(replay.served) lists of its version it finds other candidates in "
            + "\(replay.mismatched): the model is not the one that served them, or its users have "
            + "another past")
      }
      if needsCandidates {
        progress(models.count * slates.count, steps, "lists, pseudo-inverse")
        target.pseudoInverse = try inverses(logged, replay.choices, of: model.name)
      }
      targets.append(target)
    }
    progress(models.count * slates.count, steps, "lists, intervals")
    var report = try slates.evaluate(targets, configuration)
    report.log.joined = served.counts
    report.log.missing = missing
    report.log.learned = learned > 0 ? learned : nil
    for (at, replay) in replays.enumerated() where replay.served > 0 {
      report.policies[at].mismatched = replay.mismatched
    }
    return report
  }

  // MARK: - Pseudo-inverse

  private func requireSmall(_ models: [ReplayedModel]) throws(FeedbackError) {
    for list in served.decisions.map(\.list) {
      let shown = min(list.items.count, positions)
      for model in models {
        let drawn = (model.exploration ?? list.exploration)?.candidates ?? 0
        for candidates in [list.candidates, drawn] {
          guard let problem = PseudoInverse.problem(positions: shown, candidates: candidates) else {
            continue
          }
          throw FeedbackError(
            "request \(list.request): \(problem); look at fewer positions by --positions, or "
              + "estimate by --estimator snrips")
        }
      }
    }
  }

  /// The candidates of each list, of the model that served it.
  private func loggedChoices(
    _ models: [ReplayedModel], _ replays: [ReplayedModel.Replay]
  ) throws(FeedbackError) -> [SlateChoices] {
    var found: [SlateChoices] = []
    for (at, decision) in served.decisions.enumerated() {
      let list = decision.list
      guard let place = models.firstIndex(where: { $0.version == list.version }) else {
        throw FeedbackError(
          "the pseudo-inverse needs the model that served request \(list.request), \(list.model) "
            + "of version \(list.version); name it too, as --policy model:FOLDER")
      }
      guard replays[place].isServed[at] else {
        throw FeedbackError(
          "\(models[place].name) does not find the candidates of request \(list.request), which the "
            + "pseudo-inverse needs; estimate by --estimator snrips")
      }
      var choices = replays[place].choices[at]
      choices.exploration = list.exploration
      choices.items.removeLast(max(0, choices.items.count - list.candidates))
      choices.scores.removeLast(max(0, choices.scores.count - list.candidates))
      guard choices.items.count == list.candidates else {
        throw FeedbackError(
          "\(models[place].name) draws from fewer candidates than request \(list.request), and the "
            + "pseudo-inverse needs those of the log; name it too as --policy model:FOLDER, without "
            + "@")
      }
      found.append(choices)
    }
    return found
  }

  private func inverses(
    _ logged: [SlateChoices], _ target: [SlateChoices], of name: String
  ) throws(FeedbackError) -> [Double] {
    let lists = served.decisions.map(\.list)
    let weights = concurrentMap(lists.count) { at in
      PseudoInverse.weight(
        of: lists[at].items.prefix(positions).map(\.item), logged: logged[at], target: target[at])
    }
    var found: [Double] = []
    for (list, weight) in zip(lists, weights) {
      guard let weight else {
        throw FeedbackError(
          "request \(list.request): Γ is so near to singular that it has no pseudo-inverse: items "
            + "were hardly ever shown; estimate by --estimator snrips")
      }
      found.append(weight)
    }
    return found
  }
}

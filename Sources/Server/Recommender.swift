import DRRCore
import Essentials
import Feedback
import Metrics
import Platform
import Serving
import Synchronization
import Tensor

/// What the server does, whatever asks it: recommends, keeps feedback, and looks things up.
final class Recommender: Sendable {
  let models: Models
  let store: FeedbackStore
  /// nil: the best items in order.
  let exploration: Exploration?
  private let seed: UInt64
  private let draws = Atomic<UInt64>(0)

  let trace = Trace()
  private let feedbacks = ["rating", "click", "reward"].map {
    Metrics.Counter(label: "drr_feedback_total", dimensions: [("kind", $0)])
  }

  /// Items of a list at most.
  static let top = 200
  /// Ratings, clicks or exclusions of a request at most.
  static let limit = 5_000

  /// - Parameter seed: of ids and exploration.
  init(models: Models, store: FeedbackStore, exploration: Exploration?, seed: UInt64) {
    (self.models, self.store) = (models, store)
    self.exploration = exploration
    // A server that starts anew with the same seed names its requests otherwise.
    let start = store.log?.position ?? FeedbackLog.Position(segment: 0, offset: 0)
    self.seed = seed ^ UInt64(start.segment) << 44 ^ UInt64(start.offset)
  }

  // MARK: - Recommending

  func recommend(_ asked: RecommendRequest) async throws -> RecommendAnswer {
    let start = ContinuousClock.now
    let top = asked.top ?? 10
    guard 1...Self.top ~= top else {
      throw Problem(.unprocessable, "top is \(top); it must be 1 ... \(Self.top)")
    }
    let model = try model(for: asked)
    let (recipient, known) = try recipient(of: asked, model)
    let items = model.model.items
    let prepared = ServingPolicy.Prepared(
      recipient, exclude: Set((asked.exclude ?? []).compactMap { items.ids.lookup($0) }),
      only: try asked.genre.map { try Self.unprocessable(try items.items(ofGenres: $0)) })
    let count = max(top, exploration?.candidates ?? 0)
    let learner = store.learner(of: model.version)
    var candidates = try await model.batcher.recommend(
      prepared, count: max(count, learner?.settings.pool ?? 0))
    var modelScores: [Float] = []
    if let learner {
      (candidates, modelScores) = learner.reordered(candidates)
      candidates.removeLast(max(0, candidates.count - count))
    }

    var random = Philox(
      key: seed, stream: Streams.serving,
      counter: draws.add(1, ordering: .relaxed).oldValue << 12)
    let request = Self.hexadecimal(random.next()) + Self.hexadecimal(random.next())
    let drawn =
      exploration?.draw(candidates.map(\.score), count: top, &random)
      ?? candidates.indices.map { Exploration.Draw(place: $0, propensity: 1) }
    let list = drawn.map { draw in
      let found = candidates[draw.place]
      return RecommendAnswer.Item(
        id: items.ids[found.item], title: items.title(found.item), score: found.score,
        propensity: draw.propensity, predictedRating: found.predictedRating,
        why: model.nearness?.nearest(to: found.item, of: recipient).map {
          .init(
            id: items.ids[$0.item], title: items.title($0.item), similarity: $0.similarity)
        })
    }
    try await keep(
      ServedList(
        request: request, time: Self.now, model: model.name, version: model.version,
        user: asked.user, known: asked.user == nil ? nil : known,
        rated: asked.ratings?.map { .init(item: $0.item, rating: $0.rating) },
        session: asked.session, exclude: asked.exclude, genres: asked.genre,
        learned: learner?.count, exploration: exploration,
        items: zip(list, drawn).map { item, draw in
          .init(
            item: item.id, score: item.score,
            modelScore: learner == nil ? nil : modelScores[draw.place],
            propensity: item.propensity)
        },
        candidates: candidates.count,
        digest: ServedList.digest(of: candidates.lazy.map { items.ids[$0.item] })))
    trace.list(
      seconds: (ContinuousClock.now - start).seconds, items: drawn.count,
      explored: drawn.enumerated().count { $0.offset != $0.element.place })
    return RecommendAnswer(
      request: request, model: model.name, version: model.version, items: list)
  }

  private func model(for asked: RecommendRequest) throws -> ServedModel {
    guard let name = asked.model else {
      // Somebody without an id has no share of their own.
      return asked.user.map { models.model(for: $0) } ?? models.all[0]
    }
    guard let model = models.model(named: name) else {
      throw Problem(
        .notFound,
        "no model is named \(name); there are " + models.all.map(\.name).joined(separator: ", "))
    }
    return model
  }

  /// Whom a request is for, and how much of the log was known of them.
  private func recipient(
    of asked: RecommendRequest, _ model: ServedModel
  ) throws -> (PreparedRecipient, known: Int) {
    let given = [
      ("user", asked.user != nil), ("ratings", asked.ratings != nil),
      ("session", asked.session != nil),
    ].filter(\.1).map(\.0)
    guard given.count == 1 else {
      throw Problem(
        .unprocessable,
        given.isEmpty
          ? "the request names nobody; give user, ratings or session"
          : "\(given[0]) and \(given[1]) exclude each other; leave one out")
    }
    let most = max(
      asked.ratings?.count ?? 0, asked.session?.count ?? 0, asked.exclude?.count ?? 0,
      asked.genre?.count ?? 0)
    guard most <= Self.limit else {
      throw Problem(
        .unprocessable, "the request names \(most) items; it may name \(Self.limit) at most")
    }
    if let user = asked.user {
      try Self.requireID(user)
      let known = store.known(of: user)
      if model.model.header.algorithm.readsSessions, known.isEmpty {
        throw Problem(
          .unprocessable,
          "\(model.model.header.agent) recommends for clicks, and user \(user) has made none; give "
            + "session, or click an item first")
      }
      return (try Self.unprocessable(try model.recipient(user: user, known: known)), known.count)
    }
    let items = model.model.items
    func index(_ id: String) throws -> Int {
      guard let item = items.ids.lookup(id) else {
        throw Problem(
          .notFound, "\(model.name) has no item \(id); GET /v1/items?q= finds them")
      }
      return item
    }
    let recipient: Serving.Request.Recipient =
      if let session = asked.session {
        .session(try session.map(index))
      } else {
        .guest(
          Guest(
            rated: try asked.ratings!.map { .init(item: try index($0.item), rating: $0.rating) }))
      }
    return (try Self.unprocessable(try model.recipient(recipient)), 0)
  }

  // MARK: - Feedback

  func record(_ asked: FeedbackRequest) async throws -> FeedbackAnswer {
    let given = [asked.rating != nil, asked.click != nil, asked.reward != nil].count { $0 }
    guard given == 1 else {
      throw Problem(
        .unprocessable,
        "feedback has \(given) of rating, click and reward; give exactly one of them")
    }
    guard asked.request != nil || asked.user != nil else {
      throw Problem(.unprocessable, "feedback names nobody; give the request or the user")
    }
    if let user = asked.user { try Self.requireID(user) }
    if let request = asked.request { try Self.requireID(request) }
    let value = try value(of: asked)
    guard models.all.contains(where: { $0.model.items.ids.lookup(asked.item) != nil }) else {
      throw Problem(
        .notFound, "no model has an item \(asked.item); GET /v1/items?q= finds them")
    }
    let feedback = ItemFeedback(
      time: Self.now, request: asked.request, user: asked.user, item: asked.item, value: value)
    do {
      try store.record(feedback)
      try await store.log?.settle()
    } catch FeedbackStore.Refusal.notShown(let item, let request) {
      throw Problem(
        .unprocessable,
        "item \(item) was not among the items of request \(request); name one that was")
    } catch let error as FeedbackError {
      throw Problem(.unavailable, error.description)
    }
    count(value)
    return FeedbackAnswer(logged: store.log != nil)
  }

  /// The one value that feedback gives, within its range.
  private func value(of asked: FeedbackRequest) throws -> ItemFeedback.Value {
    if let rating = asked.rating {
      let ranges = models.all.compactMap(\.model.ratingRange)
      guard !ranges.isEmpty else {
        throw Problem(
          .unprocessable, "\(models.all[0].name) knows no ratings; give click or reward")
      }
      guard let range = ranges.first(where: { $0 ~= rating }) ?? ranges.first, range ~= rating
      else {
        throw Problem(
          .unprocessable,
          "the rating is \(rating); it must be \(ranges[0].lowerBound) ... \(ranges[0].upperBound)")
      }
      return .rating(rating)
    }
    if let click = asked.click { return .click(click) }
    let (reward, limit) = (asked.reward!, ItemFeedback.rewardLimit)
    guard (-limit...limit).contains(reward) else {
      throw Problem(
        .unprocessable, "the reward is \(reward); it must be \(-limit) ... \(limit)")
    }
    return .reward(reward)
  }

  /// What metrics show of feedback.
  private func count(_ value: ItemFeedback.Value) {
    switch value {
    case .rating(let rating):
      feedbacks[0].increment()
      if let scale = models.all.compactMap(\.model.header.scale).first {
        trace.reward(Double(scale.reward(rating)))
      }
    case .click(let click):
      feedbacks[1].increment()
      trace.reward(click ? 1 : 0)
    case .reward(let reward):
      feedbacks[2].increment()
      trace.reward(reward)
    }
  }

  private func keep(_ list: ServedList) async throws {
    do {
      try store.record(list)
      try await store.log?.settle()
    } catch let error as FeedbackError {
      throw Problem(.unavailable, error.description)
    }
  }

  // MARK: - Looking up

  func items(matching text: String, limit: Int) throws -> ItemsAnswer {
    guard 1...Self.top ~= limit else {
      throw Problem(.unprocessable, "limit is \(limit); it must be 1 ... \(Self.top)")
    }
    let model = models.all[0]
    let items = model.model.items
    return ItemsAnswer(
      items: model.items(matching: text, limit: limit).map { item in
        .init(
          id: items.ids[item], title: items.title(item),
          genres: items.genres.isEmpty ? nil : items.genres[item])
      })
  }

  func user(_ id: String) throws -> UserAnswer {
    try Self.requireID(id)
    let model = models.model(for: id)
    let index = model.model.users.ids.lookup(id)
    let known = store.known(of: id)
    guard index != nil || !known.isEmpty else {
      throw Problem(.notFound, "nothing is known of user \(id); recommend to them all the same")
    }
    return UserAnswer(
      user: id, model: model.name,
      ratings: index.map { model.model.users.rated(by: $0).items.count } ?? 0,
      since: known.reversed().map { known in
        let item = model.model.items.ids.lookup(known.item)
        return .init(
          id: known.item, title: item.map { model.model.items.title($0) } ?? "item \(known.item)",
          rating: known.rating)
      })
  }

  var description: ModelsAnswer {
    ModelsAnswer(
      models: zip(models.all, models.shares).map { model, share in
        .init(
          name: model.name, version: model.version, agent: model.model.header.agent,
          items: model.model.items.count, users: model.model.users.count, traffic: share,
          learned: store.learner(of: model.version)?.count)
      }, exploration: exploration)
  }

  // MARK: - Parts

  /// A text that is fit to be an id in a log.
  private static func requireID(_ id: String) throws {
    let isPlain = !id.isEmpty && id.utf8.count <= 200 && id.utf8.allSatisfy { $0 >= 32 }
    guard isPlain else {
      throw Problem(
        .unprocessable,
        "an id has \(id.utf8.count) bytes or a control character; it must have 1 ... 200 bytes of "
          + "plain text")
    }
  }

  private static func unprocessable<Value>(
    _ body: @autoclosure () throws(ServingError) -> Value
  ) throws -> Value {
    do throws(ServingError) { return try body() } catch {
      throw Problem(.unprocessable, error.description)
    }
  }

  /// Milliseconds since 1970.
  private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

  private static func hexadecimal(_ word: UInt64) -> String { String(word, radix: 16, digits: 16) }
}

import Charts
import DRRCore
import Feedback
import Serving

/// What the page shows of a user: the list, and how the latest rating moved it.
struct UserView: Sendable {
  struct Item: Sendable {
    var index: Int
    var id: String
    var title: String
    var genres: [String]
    var predictedRating: Double?
    var why: String?
    /// The place before the latest rating, from 1; nil where there was none among the best.
    var before: Int?
  }

  /// What the model expects of a genre, on the scale of the data.
  struct Genre: Sendable {
    var name: String
    var before: Double
    var now: Double
  }

  var items: [Item]
  var request: String
  /// What is known since, the oldest first.
  var known: [(id: String, title: String, rating: Float?)]
  /// Those that the latest rating moved most; empty for models without predicted ratings.
  var genres: [Genre]
  /// nil for models without vectors.
  var map: Picture?
}

extension Recommender {
  /// The list that a user is shown, logged as any other.
  func view(of user: String, top: Int) async throws -> UserView {
    var asked = RecommendRequest(user: user)
    asked.top = top
    let answer = try await recommend(asked)
    let served = models.model(for: user)
    let (model, items) = (served.model, served.model.items)
    let known = store.known(of: user)
    let now = try served.recipient(user: user, known: known)
    // Nobody is asked for a list of no click.
    let before =
      known.isEmpty || model.header.algorithm.readsSessions && known.count == 1
      ? nil : try served.recipient(of: user, known: known.dropLast())
    let places = try await before.asyncMap { before in
      try await served.batcher.recommend(.init(before), count: Self.top).map(\.item)
    }
    let shown = answer.items.map { item -> UserView.Item in
      let index = items.ids.lookup(item.id)!
      return .init(
        index: index, id: item.id, title: item.title,
        genres: items.genres.isEmpty ? [] : items.genres[index],
        predictedRating: item.predictedRating, why: item.why?.title,
        before: places?.firstIndex(of: index).map { $0 + 1 })
    }
    return UserView(
      items: shown, request: answer.request,
      known: known.map { known in
        let index = items.ids.lookup(known.item)
        return (known.item, index.map { items.title($0) } ?? "item \(known.item)", known.rating)
      }, genres: before.map { genres(model, $0, now) } ?? [],
      map: map(served, user, known, shown))
  }

  /// Genres by how far the latest rating moved them.
  private func genres(
    _ model: ExportedModel, _ before: PreparedRecipient, _ now: PreparedRecipient
  ) -> [UserView.Genre] {
    guard let old = model.predictedRatings(for: before),
      let new = model.predictedRatings(for: now)
    else { return [] }
    var sums: [String: (count: Double, old: Double, new: Double)] = [:]
    for (item, names) in model.items.genres.enumerated() where model.items.isKnown[item] {
      for name in names {
        let sum = sums[name] ?? (0, 0, 0)
        sums[name] = (sum.count + 1, sum.old + Double(old[item]), sum.new + Double(new[item]))
      }
    }
    let genres = sums.filter { $0.value.count >= 5 }.map { name, sum in
      UserView.Genre(name: name, before: sum.old / sum.count, now: sum.new / sum.count)
    }
    return Array(
      genres.sorted { (-abs($0.now - $0.before), $0.name) < (-abs($1.now - $1.before), $1.name) }
        .prefix(6))
  }

  /// Items in a plane, those that are shown, and the user's way through it.
  private func map(
    _ served: ServedModel, _ user: String, _ known: [KnownItem], _ shown: [UserView.Item]
  ) -> Picture? {
    guard let plane = served.plane else { return nil }
    let items = served.model.items
    func point(_ index: Int) -> MapChart.Point {
      let at = plane.projection.points[index]
      return .init(x: at.x, y: at.y, name: items.title(index))
    }
    let way = (0...min(known.count, 12)).compactMap { back -> MapChart.Point? in
      let first = Array(known.dropLast(min(known.count, 12) - back))
      guard let recipient = try? served.recipient(of: user, known: first) else {
        return nil
      }
      let vector = recipient.vector
      let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { return nil }
      // As far out as items are: what counts is where it points.
      let at = plane.projection.point(of: vector.map { $0 * plane.length / length })
      return .init(x: at.x, y: at.y, name: "the user after \(first.count) ratings")
    }
    return MapChart(
      "Items by what the model learned of them",
      points: plane.sample.map(point),
      rings: known.compactMap { items.ids.lookup($0.item) }.map(point),
      numbered: shown.map { point($0.index) }, way: way
    ).picture
  }
}

extension Optional {
  fileprivate func asyncMap<Result>(
    _ body: (Wrapped) async throws -> Result
  ) async rethrows
    -> Result?
  {
    guard let self else { return nil }
    return try await body(self)
  }
}

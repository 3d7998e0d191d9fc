import DRR
import Feedback
import Foundation
import Kernels
import Serving
import Tensor
import TestSupport

/// A server as a loop: models of random factorizations of tiny ratings, lists drawn from them, and
/// what users make of the items, in a feedback log.
public enum ServedWorld {
  public static let ratings = GeneratedRatings.generate(size: .tiny)

  public static func factorization(_ seed: UInt64) -> PMFModel {
    var random = SeededGenerator(seed)
    let (users, items, dimension) = (ratings.userCount, ratings.itemCount, 8)
    return PMFModel(
      dimension: dimension, mean: 0.1,
      userFactors: random.floats(users * dimension, in: -0.5...0.5),
      itemFactors: random.floats(items * dimension, in: -0.5...0.5),
      userBiases: random.floats(users, in: -0.2...0.2),
      itemBiases: random.floats(items, in: -0.2...0.2))
  }

  /// A model that recommends by such a factorization.
  public static func model(_ seed: UInt64) throws -> ExportedModel {
    let log = ratings
    var parts = try ModelParts(
      ExportedModel.Header(
        algorithm: .pmf, agent: "PMF \(seed)",
        data: .init(name: log.name, checksum: log.checksum, items: 0, users: 0),
        scale: .fiveStars, ratingRange: log.ratingRange,
        foldIn: .init(regularization: 0.06, biasRegularization: 0.02)),
      itemIDs: Array(log.itemIDs), titles: log.titles,
      genres: (0..<log.itemCount).map { log.genres.namesOfItem($0) },
      isKnown: (0..<log.itemCount).map { _ in true })
    try parts.addUsers(
      Array(log.userIDs), offsets: log.userOffsets, items: log.items, ratings: log.ratings)
    try parts.add(factorization(seed))
    // Its version is known when it has been written.
    let folder = TemporaryFolder()
    try parts.model(name: "model \(seed)").write(toFolder: folder.path + "/model")
    return try ExportedModel(folder: folder.path + "/model")
  }

  public static func policy(_ model: ExportedModel) throws -> ServingPolicy {
    try ServingPolicy(model) { CPUBackend() }
  }

  /// Serves lists and keeps them.
  ///
  /// - Parameters:
  ///   - lists: the number of requests, whose users take turns.
  ///   - shape: changes a request before it is answered.
  ///   - feedback: what a user makes of an item, by their indices, and its position.
  public static func serve(
    _ model: ExportedModel, lists: Int, positions: Int, exploration: Exploration?, seed: UInt64,
    into folder: String, shape: (Int, inout ServedList) -> Void = { _, _ in },
    feedback: (_ user: Int?, _ item: Int, _ position: Int) -> ItemFeedback.Value?
  ) throws {
    let policy = try policy(model)
    let store = try FeedbackStore(folder: folder)
    var random = Philox(seed: seed, stream: 7)
    for number in 0..<lists {
      let user = Int((UInt64(number) &* 7_919) % UInt64(model.users.count))
      var list = ServedList(
        request: "r\(seed)-\(number)", time: 1_700_000_000_000 + Int64(number) * 60_000,
        model: "current", version: model.header.checksum, user: model.users.ids[user],
        exploration: exploration, items: [], candidates: 0, digest: "")
      shape(number, &list)
      let known = list.user.map { store.known(of: $0) } ?? []
      list.known = list.user == nil ? nil : known.count
      let asked =
        known + (list.rated ?? []).map { KnownItem(item: $0.item, rating: $0.rating) }
      let request = ServingPolicy.Prepared(
        try policy.prepare(model.recipient(user: list.user, known: asked)),
        exclude: Set((list.exclude ?? []).compactMap { model.items.ids.lookup($0) }),
        only: try list.genres.map { try model.items.items(ofGenres: $0) })
      let found = try policy.recommend([request], list.exploration?.candidates ?? positions)[0]
      var draws = found.indices.map { (place: $0, propensity: 1.0) }
      if let exploration = list.exploration {
        draws = exploration.draw(found.map(\.score), count: positions, &random).map {
          ($0.place, $0.propensity)
        }
      }
      list.items = draws.map {
        .init(
          item: model.items.ids[found[$0.place].item], score: found[$0.place].score,
          propensity: $0.propensity)
      }
      list.candidates = found.count
      list.digest = ServedList.digest(of: found.map { model.items.ids[$0.item] })
      try store.record(list)
      for (position, draw) in draws.enumerated() {
        let item = found[draw.place].item
        let index = list.user.flatMap { model.users.ids.lookup($0) }
        guard let value = feedback(index, item, position) else { continue }
        try store.record(
          ItemFeedback(
            time: list.time + 1_000, request: list.request, user: nil,
            item: model.items.ids[item], value: value))
      }
    }
    try store.synchronize()
  }
}

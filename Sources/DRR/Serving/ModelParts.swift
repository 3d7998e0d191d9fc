import DRRCore
import DRRData
import Factorization
import Tables
import Tensor

/// What a model is exported from, part by part.
package struct ModelParts {
  private var header: ExportedModel.Header
  private var weights = SafetensorsWriter()
  private var items: ExportedModel.Contents.Items
  private var users = ExportedModel.Contents.Users()
  private let isKnown: [Bool]
  private var rated: (offsets: [Int], items: [Int32], ratings: [Float]) = ([0], [], [])

  /// - Parameters:
  ///   - titles: by item; empty where there are none, as are genres.
  ///   - isKnown: whether training has seen a rating of the item.
  package init(
    _ header: ExportedModel.Header, itemIDs: [String], titles: [String] = [],
    genres: [[String]] = [], isKnown: [Bool]
  ) throws {
    self.header = header
    items = .init(ids: itemIDs, titles: titles, genres: genres)
    self.isKnown = isKnown
    try weights.add("items.known", isKnown.map { $0 ? UInt8(1) : 0 })
    self.header.data.items = itemIDs.count
  }

  /// All that each user has rated, in time.
  package mutating func addUsers(
    _ ids: [String], offsets: [Int], items: [Int32], ratings: [Float]
  ) throws {
    users.ids = ids
    rated = (offsets, items, ratings)
    header.data.users = ids.count
    try weights.add("users.offsets", offsets.map { Int64($0) })
    try weights.add("users.items", items)
    try weights.add("users.ratings", ratings)
  }

  package mutating func add(_ factorization: PMFModel) throws {
    try factorization.add(to: &weights, "pmf")
  }

  /// - Parameter asked: users with a belief state; nil: all. To be called after users are added.
  package mutating func add(_ beliefs: BeliefModel, of asked: Set<Int>? = nil) throws {
    let model = beliefs.withoutFolds
    try model.save(to: &weights)
    let (rated, isKnown, scale) = (rated, isKnown, header.scale!)
    let found = concurrentMap(users.ids.count) { user -> BeliefSummary in
      guard asked?.contains(user) ?? true else { return BeliefSummary(model, [], []) }
      let rows = (rated.offsets[user]..<rated.offsets[user + 1])
        .filter { isKnown[Int(rated.items[$0])] }
      let ratings = rated.ratings[rated.offsets[user]..<rated.offsets[user + 1]]
      let level = scale.level(of: ratings)
      return BeliefSummary(
        model, rows.map { rated.items[$0] }, rows.map { scale.reward(ratings[$0] - level) })
    }
    try weights.add(
      "users.beliefs", found.flatMap(\.action), shape: [found.count, model.itemWidth])
    try weights.add("users.summaries", found.flatMap(\.summary), shape: [found.count, 2])
  }

  /// The weights of a network's policy whose names in `file` begin with `prefix`, but for those
  /// that go on with one of `left`. Of several networks each has its number.
  package mutating func addPolicy(
    from file: SafetensorsFile, _ prefix: String, leaving left: [String] = [],
    number: Int? = nil
  ) throws {
    for entry in file.entries where entry.name.hasPrefix(prefix) {
      let name = entry.name.dropFirst(prefix.count)
      if left.contains(where: { name.hasPrefix($0) }) { continue }
      try weights.add(
        "policy." + (number.map { "\($0)." } ?? "") + name, file.floats(entry.name),
        shape: entry.shape)
    }
  }

  package mutating func addPolicy(_ set: ParameterSet) throws {
    try set.save(to: &weights, "policy")
  }

  /// Q of many tables, which tables an item has, and what stands in for states that none knows.
  package mutating func add(_ scorer: MultiTableScorer, _ table: QTable) throws {
    try table.add(to: &weights, "table", part: 0, of: 1)
    let lists = (0..<scorer.tables.itemCount).map { scorer.tables.ofItem($0) }
    var end: Int32 = 0
    try weights.add(
      "tables.offsets",
      [0]
        + lists.map { list -> Int32 in
          end += Int32(list.count)
          return end
        })
    try weights.add("tables.of_items", lists.flatMap { $0 })
    try weights.add("back_off.popularity", scorer.backOff.popularity)
    let followers = scorer.backOff.followers.sorted { $0.key < $1.key }.flatMap { first, counts in
      counts.sorted { $0.key < $1.key }.map { (first, $0.key, $0.value) }
    }
    try weights.add(
      "back_off.pairs", followers.flatMap { [$0.0, $0.1] }, shape: [followers.count, 2])
    try weights.add("back_off.counts", followers.map(\.2))
  }

  /// - Parameter name: what errors call the model.
  package func model(name: String) throws -> ExportedModel {
    try ExportedModel(
      header,
      ExportedModel.Contents(weights: weights.bytes(), items: items, users: users), name: name)
  }
}

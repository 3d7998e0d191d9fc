import Charts
import DRRCore
import DRRData
import Feedback
import Metrics
import Platform
import Serving
import Synchronization
import Tensor

/// A model that is served, with all that answering needs. Replaced as a whole.
final class ServedModel: Sendable {
  let name: String
  let folder: String
  let model: ExportedModel
  /// The checksum of `model.json`.
  var version: String { model.header.checksum }
  let batcher: Batcher
  let nearness: Nearness?
  private let policy: ServingPolicy
  private let titles: [[UInt8]]
  /// Items in a plane, for the page; nil where they have no vectors.
  let plane: Plane?
  private let prepared = Mutex(Generations<String, Cached>(limit: 4_096))

  /// The items' vectors as a picture has them.
  struct Plane: Sendable {
    var projection: Projection
    /// The mean length of a vector.
    var length: Float
    /// Items that are drawn: all, or every so many.
    var sample: [Int]

    init?(_ model: ExportedModel) {
      guard let factorization = model.factorization else { return nil }
      let k = factorization.dimension
      projection = Projection(factorization.itemFactors, width: k)
      let squares = factorization.itemFactors.reduce(0) { $0 + $1 * $1 }
      length = (squares / Float(max(model.items.count, 1))).squareRoot()
      let step = max(1, model.items.count / 1_500)
      sample = stride(from: 0, to: model.items.count, by: step).filter { model.items.isKnown[$0] }
    }
  }

  private struct Cached {
    var known: Int
    var recipient: PreparedRecipient
  }

  /// Reads a model and asks it a few questions.
  ///
  /// - Throws: `ServingError` where it cannot be read, or answers one question alone other than
  ///   among others.
  init(
    name: String, folder: String, on makeBackend: @escaping @Sendable () throws -> any Backend
  ) throws {
    (self.name, self.folder) = (name, folder)
    model = try ExportedModel(folder: folder)
    policy = try ServingPolicy(model, on: makeBackend)
    nearness = Nearness(model)
    plane = Plane(model)
    titles = (0..<model.items.count).map { [model] in
      Array(model.items.title($0).lowercased().utf8)
    }
    let sizes = Recorder(label: "drr_batch_size", dimensions: [("model", name)])
    batcher = Batcher(policy) { sizes.record($0) }
    try probe()
  }

  /// Whom a request is for.
  ///
  /// - Parameters:
  ///   - user: the id; nil for somebody without one, who is not kept.
  ///   - known: what is known of them since the model was trained.
  func recipient(user: String?, known: [KnownItem]) throws(ServingError) -> PreparedRecipient {
    if let user, let cached = prepared.withLock({ $0[user] }), cached.known == known.count {
      return cached.recipient
    }
    let recipient = try policy.prepare(model.recipient(user: user, known: known))
    if let user {
      prepared.withLock { $0[user] = Cached(known: known.count, recipient: recipient) }
    }
    return recipient
  }

  /// A user at another time: with only so much known.
  func recipient(
    of past: String, known: some Collection<KnownItem>
  ) throws(ServingError) -> PreparedRecipient {
    try policy.prepare(model.recipient(user: past, known: Array(known)))
  }

  /// A recipient that the request itself tells of.
  func recipient(_ asked: Request.Recipient) throws(ServingError) -> PreparedRecipient {
    try policy.prepare(asked)
  }

  /// Items whose titles or ids contain a text, those that begin with it first.
  func items(matching text: String, limit: Int) -> [Int] {
    let wanted = Array(text.lowercased().utf8)
    var found: [Int] = []
    if let item = model.items.ids.lookup(text) { found.append(item) }
    var later: [Int] = []
    for (item, title) in titles.enumerated() where found.first != item || found.isEmpty {
      if title.starts(with: wanted) {
        found.append(item)
      } else if later.count < limit, title.contains(wanted) {
        later.append(item)
      }
      if found.count >= limit { break }
    }
    return Array((found + later).prefix(limit))
  }

  /// Asks a few recipients alone and together; the lists must be the same.
  private func probe() throws {
    var asked: [Request.Recipient] = []
    if model.header.algorithm.readsSessions {
      asked = (0..<min(4, model.items.count)).map { .session([$0]) }
    } else {
      asked = [.guest(Guest())] + (0..<min(7, model.users.count)).map { .user($0) }
    }
    let recipients = try asked.map { try ServingPolicy.Prepared(policy.prepare($0)) }
    let together = try policy.recommend(recipients, 10)
    for (recipient, list) in zip(recipients, together) {
      let alone = try policy.recommend([recipient], 10)[0]
      let isSame = zip(alone, list).allSatisfy { one, other in
        abs(one.score - other.score) <= 1e-3 * max(1, abs(one.score))
      }
      guard alone.count == list.count, isSame else {
        throw ServingError(
          "\(folder): the model answers a request alone other than among others; export it again")
      }
    }
  }
}

/// A bounded cache: two dictionaries, of which the older is forgotten when the younger is full.
struct Generations<Key: Hashable, Value> {
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  subscript(key: Key) -> Value? {
    mutating get {
      if let value = young[key] { return value }
      guard let value = old[key] else { return nil }
      self[key] = value
      return value
    }
    set {
      if young.count >= limit { (old, young) = (young, [:]) }
      young[key] = newValue
    }
  }
}

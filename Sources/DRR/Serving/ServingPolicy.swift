import DRRCore
import Factorization
import Synchronization
import Tensor

/// Recommends by an exported model. Nothing that is asked changes anything: any number of tasks may
/// ask at once, and a new user of one of them is nothing to the others.
///
/// Networks lie on backends, each of which one caller at a time may use; those not in use wait in a
/// pool, which grows with the callers that ask at once.
public final class ServingPolicy: Sendable {
  /// What it recommends by.
  public let model: ExportedModel
  private let makeBackend: @Sendable () throws -> any Backend
  private let idle: Mutex<[Confined]>
  /// Items of which something is known, one row.
  private let known: ItemMask

  /// Made where it is used by one at a time.
  private struct Confined: @unchecked Sendable { let worker: ServingWorker }

  /// - Parameter makeBackend: a new backend, as often as callers ask at once.
  /// - Throws: `ServingError` where weights do not fit the model's settings; what `makeBackend`
  ///   does.
  public init(
    _ model: ExportedModel, on makeBackend: @escaping @Sendable () throws -> any Backend
  ) throws {
    self.model = model
    self.makeBackend = makeBackend
    var known = ItemMask(rows: 1, items: model.items.count, allowed: false)
    for (item, isKnown) in model.items.isKnown.enumerated() where isKnown { known[0, item] = true }
    self.known = known
    idle = Mutex([Confined(worker: try ServingWorker(model, on: makeBackend()))])
  }

  /// A list for one recipient.
  public func recommend(
    to recipient: Request.Recipient, count: Int = 10
  ) throws -> [Recommendation] {
    try recommend([Request(recipient)], count: count)[0]
  }

  /// Lists for many recipients, a batch at a time in one scoring; each has `count` items, or as
  /// many as are left.
  ///
  /// - Parameter concurrently: whether batches go to all cores.
  /// - Throws: `ServingError` where a request names what is not there; nothing is recommended then.
  public func recommend(
    _ requests: [Request], count: Int = 10, concurrently: Bool = true
  ) throws -> [[Recommendation]] {
    guard count >= 1 else {
      throw ServingError("a list of \(count) items is asked for; it must have 1 or more")
    }
    let size = ServingWorker.batch
    let batches = (requests.count + size - 1) / size
    @Sendable func part(_ batch: Int) -> Result<[[Recommendation]], any Error> {
      let range = batch * size..<min((batch + 1) * size, requests.count)
      return Result { try recommend(requests[range], count) }
    }
    let parts =
      concurrently && batches > 1
      ? concurrentMap(batches, part) : (0..<batches).lazy.map(part).map { $0 }
    return try parts.flatMap { try $0.get() }
  }

  private func recommend(
    _ requests: ArraySlice<Request>, _ count: Int
  ) throws -> [[Recommendation]] {
    try recommend(
      requests.map { request throws(ServingError) in
        Prepared(
          try prepare(request.recipient, exclude: request.exclude), exclude: request.exclude,
          only: request.only)
      }, count)
  }

  /// What is known of a recipient, which any number of requests may begin from.
  ///
  /// - Throws: `ServingError` where it, or what is excluded, names what is not there.
  package func prepare(
    _ recipient: Request.Recipient, exclude: Set<Int> = []
  ) throws(ServingError) -> PreparedRecipient {
    var products = ItemProducts()
    return try prepare(recipient, exclude: exclude, &products)
  }

  /// The same, faster where `products` are those of the same recipient with fewer ratings.
  package func prepare(
    _ recipient: Request.Recipient, exclude: Set<Int> = [], _ products: inout ItemProducts
  ) throws(ServingError) -> PreparedRecipient {
    let (profile, seen) = try model.profile(of: Request(recipient, exclude: exclude), &products)
    return PreparedRecipient(profile: profile, seen: seen)
  }

  /// A recipient, and what may be recommended this time.
  package struct Prepared: Sendable {
    package var recipient: PreparedRecipient
    package var exclude: Set<Int>
    package var only: Set<Int>?

    package init(_ recipient: PreparedRecipient, exclude: Set<Int> = [], only: Set<Int>? = nil) {
      (self.recipient, self.exclude, self.only) = (recipient, exclude, only)
    }
  }

  /// Requests that a call scores together at most.
  package static var batch: Int { ServingWorker.batch }

  /// Lists for at most ``batch`` recipients, in one scoring.
  package func recommend(_ requests: [Prepared], _ count: Int) throws -> [[Recommendation]] {
    var allowed = ItemMask(rows: requests.count, items: model.items.count, allowed: false)
    for (row, request) in requests.enumerated() {
      if let only = request.only {
        for item in only where 0..<known.items ~= item && known[0, item] {
          allowed[row, item] = true
        }
      } else {
        allowed.copyRow(0, of: known, to: row)
      }
      for item in request.recipient.seen { allowed[row, Int(item)] = false }
      for item in request.exclude { allowed[row, item] = false }
    }
    let profiles = requests.map(\.recipient.profile)
    let lists = try withWorker { try $0.best(count, for: profiles, allowed: allowed) }
    return zip(lists, profiles).map { list, profile in
      list.map { recommendation($0.item, $0.score, profile) }
    }
  }

  /// A worker that fails is given up with its backend.
  private func withWorker<Result>(_ body: (ServingWorker) throws -> Result) throws -> Result {
    let taken = idle.withLock { $0.popLast() }
    let confined = try taken ?? Confined(worker: ServingWorker(model, on: makeBackend()))
    let result = try body(confined.worker)
    idle.withLock { $0.append(confined) }
    return result
  }

  private func recommendation(
    _ item: Int, _ score: Float, _ profile: Profile
  ) -> Recommendation {
    guard let rating = model.predictedRating(of: item, profile) else {
      return Recommendation(item: item, score: score)
    }
    // PMF's own score is the reward that it predicts; the scoring leaves out what all items share.
    let shared = model.header.algorithm == .pmf ? model.factorization!.mean + profile.bias : 0
    return Recommendation(item: item, score: score + shared, predictedRating: Double(rating))
  }
}

extension ExportedModel {
  /// The rating of an item that the factorization predicts; nil where there is none.
  fileprivate func predictedRating(of item: Int, _ profile: Profile) -> Float? {
    guard let factorization, let scale = header.scale, let range = ratingRange else { return nil }
    let reward = profile.bias + factorization.reward(of: profile.vector, item: item)
    return min(max(scale.rating(reward) + profile.level, range.lowerBound), range.upperBound)
  }

  /// The predicted rating of every item; nil where the model has no factorization.
  package func predictedRatings(for recipient: PreparedRecipient) -> [Float]? {
    guard factorization != nil else { return nil }
    return (0..<items.count).map { predictedRating(of: $0, recipient.profile)! }
  }
}

/// What a model makes of a recipient: computed once, used for as long as nothing new is known.
package struct PreparedRecipient: Sendable {
  let profile: Profile
  /// Items that the recipient has rated.
  let seen: [Int32]

  /// The recipient's vector in the factorization; empty where there is none.
  package var vector: [Float] { profile.vector }
}

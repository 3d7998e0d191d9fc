import DRRData
import Environments
import Factorization

/// What a request makes known of its recipient, as a network's state begins from it.
struct Profile: Sendable {
  /// Items of which something is known, oldest first.
  var items: [Int32] = []
  /// The user's reward of each; liked is above 0.
  var rewards: [Float] = []
  /// The mean that the user's ratings count from; 0 where they do not.
  var level: Float = 0
  /// In the factorization; empty where there is none.
  var vector: [Float] = []
  var bias: Float = 0
  /// The belief state after all of it; nil if that is still to be computed.
  var belief: BeliefSummary?

  /// The latest liked items, −1 in front where there are fewer.
  func history(_ window: Int) -> [Int32] {
    var latest: [Int32] = []
    for at in items.indices.reversed() where rewards[at] > 0 {
      latest.append(items[at])
      if latest.count == window { break }
    }
    return [Int32](repeating: -1, count: window - latest.count) + latest.reversed()
  }

  /// Where the recipient stands, as a state of `window` items has it.
  func state(user: Int32, window: Int) -> SessionState {
    SessionState(
      user: user, history: history(window),
      known: zip(items.suffix(window), rewards.suffix(window)).map {
        ItemReward(item: $0, reward: $1)
      })
  }
}

/// A belief as the residual agent's state has it.
struct BeliefSummary: Sendable {
  var action: [Float]
  var summary: [Float]

  init(action: [Float], summary: [Float]) { (self.action, self.summary) = (action, summary) }

  /// The belief state of a user that has rated these items.
  init(
    _ model: BeliefModel, _ items: some Collection<Int32>, _ rewards: some Collection<Float>
  ) {
    var belief = model.belief()
    for (item, reward) in zip(items, rewards) {
      belief.observe(item, reward, fold: model.everything)
    }
    self.init(action: belief.action(), summary: belief.summary)
  }
}

extension ExportedModel {
  /// - Parameter products: of what an earlier request's recipient had rated.
  /// - Throws: `ServingError` where the request names what is not there.
  func profile(
    of request: Request, _ products: inout ItemProducts
  ) throws(ServingError) -> (profile: Profile, seen: [Int32]) {
    for item in request.exclude { try requireItem(item) }
    switch request.recipient {
    case .user(let user):
      guard !header.algorithm.readsSessions else { throw wantsSession }
      guard 0..<users.count ~= user else {
        throw ServingError("user \(user) is none of \(users.count)")
      }
      return profile(ofUser: user)
    case .guest(let guest):
      guard !header.algorithm.readsSessions else { throw wantsSession }
      return try profile(of: guest, &products)
    case .session(let clicks):
      guard header.algorithm.readsSessions else {
        throw ServingError(
          "\(header.agent) recommends for ratings, not for the clicks of a session; name a user or "
            + "what was rated")
      }
      guard !clicks.isEmpty else { throw ServingError("the session has no click") }
      for item in clicks { try requireItem(item) }
      return (
        Profile(
          items: clicks.map { Int32($0) }, rewards: [Float](repeating: 1, count: clicks.count)), []
      )
    }
  }

  private var wantsSession: ServingError {
    ServingError(
      "\(header.agent) recommends for the clicks of a session, and knows no users and no ratings; "
        + "name the clicks")
  }

  private func requireItem(_ item: Int) throws(ServingError) {
    guard 0..<items.count ~= item else {
      throw ServingError("item \(item) is none of \(items.count)")
    }
  }

  private func profile(ofUser user: Int) -> (Profile, seen: [Int32]) {
    let (rated, ratings) = users.rated(by: user)
    let scale = header.scale!
    var profile = Profile(level: scale.level(of: ratings))
    for (item, rating) in zip(rated, ratings) where items.isKnown[Int(item)] {
      profile.items.append(item)
      profile.rewards.append(scale.reward(rating - profile.level))
    }
    if let factorization {
      let k = factorization.dimension
      profile.vector = Array(factorization.userFactors[user * k..<(user + 1) * k])
      profile.bias = factorization.userBiases[user]
    }
    if let userBeliefs, let beliefs {
      let width = beliefs.itemWidth
      profile.belief = BeliefSummary(
        action: Array(userBeliefs.actions[user * width..<(user + 1) * width]),
        summary: Array(userBeliefs.summaries[2 * user..<2 * user + 2]))
    }
    return (profile, Array(rated))
  }

  /// What a guest's ratings count from: their mean, the middle of the scale where there are none.
  private func level(of guest: Guest) -> Float {
    guard let scale = header.scale, scale.fromUserMean == true, let range = ratingRange else {
      return 0
    }
    return guest.rated.isEmpty
      ? (range.lowerBound + range.upperBound) / 2 : scale.level(of: guest.rated.map(\.rating))
  }

  /// How many of these a guest likes.
  public func likedCount(of guest: Guest) -> Int {
    let level = level(of: guest)
    return guest.liked.count
      + guest.rated.count { (header.scale?.reward($0.rating - level) ?? 0) > 0 }
  }

  /// How many of the ratings on record of a user are likes.
  public func likedCount(ofUser user: Int) -> Int {
    guard let scale = header.scale else { return 0 }
    let ratings = users.rated(by: user).ratings
    let level = scale.level(of: ratings)
    return ratings.count { scale.reward($0 - level) > 0 }
  }

  private func profile(
    of guest: Guest, _ products: inout ItemProducts
  ) throws(ServingError) -> (Profile, seen: [Int32]) {
    let range = ratingRange!
    let best = range.upperBound
    let scale = header.scale!
    var profile = Profile(level: level(of: guest))
    var seen: Set<Int> = []
    for rating in guest.rated + guest.liked.map({ Guest.Rating(item: $0, rating: best) }) {
      try requireItem(rating.item)
      // Spelled only where something is wrong.
      var label: String { items.label(rating.item) }
      guard seen.insert(rating.item).inserted else {
        throw ServingError("\(label) is rated twice; leave one of them out")
      }
      guard range ~= rating.rating else {
        throw ServingError(
          "the rating of \(label) is \(rating.rating); it must be \(range.lowerBound) ... "
            + "\(range.upperBound)")
      }
      guard items.isKnown[rating.item] else {
        throw ServingError(
          "nothing is known of \(label): training has seen no rating of it; leave it out")
      }
      profile.items.append(Int32(rating.item))
      profile.rewards.append(scale.reward(rating.rating - profile.level))
    }
    for item in guest.exclude { try requireItem(item) }
    if let factorization, let foldIn = header.foldIn {
      (profile.vector, profile.bias) = factorization.foldIn(
        items: profile.items, rewards: profile.rewards, regularization: foldIn.regularization,
        biasRegularization: foldIn.biasRegularization, &products)
    }
    return (profile, profile.items + guest.exclude.map { Int32($0) })
  }
}

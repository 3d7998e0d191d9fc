import DRRCore
import Essentials
import Feedback
import OffPolicy
import Tensor

/// Simulated users who ask a server for lists and rate what they are shown: so that a server, its log
/// and what is learned from it can be tried before anybody comes.
package struct Visitors: Sendable {
  /// Who visits, and how often.
  package struct Settings: Codable, Sendable {
    /// Lists that are asked for.
    package var lists = 1_000
    /// Items of a list, each of which is rated.
    package var top = 1
    /// Of users and ratings.
    package var seed: UInt64 = 0

    package init() {}

    /// - Throws: where a setting is out of its range.
    package func validate() throws(ConfigurationError) {
      try ConfigurationError.require("lists", lists, in: 1...100_000_000)
      try ConfigurationError.require("top", top, in: 1...Recommender.top)
    }
  }

  /// What came of the visits.
  package struct Report: Codable, Sendable {
    package var settings: Settings
    package var data: String
    package var users: Int
    /// The mean reward of a list, users resampled.
    package var reward: Interval
    /// The same of each tenth of the visits, in their order.
    package var tenths: [Interval]
    /// What a list of items alike would earn, of at most 1,000 users, evenly spread.
    package var random: Double
    /// What each of these users' best items would.
    package var oracle: Double
    /// Items that the data do not have, which nobody rated.
    package var unknown: Int
    /// Lists by the version of the model that drew them.
    package var versions: [String: Int]
  }

  private let settings: Settings
  private let tastes: SimulatedTastes
  private let address: ServerClient.Address
  private let token: String?

  /// - Parameter server: `http://HOST:PORT`.
  /// - Throws: where a setting or the address cannot be.
  package init(
    _ settings: Settings, _ tastes: SimulatedTastes, server: String, token: String?
  ) throws {
    try settings.validate()
    (self.settings, self.tastes, self.token) = (settings, tastes, token)
    address = try ServerClient.Address(server)
  }

  private struct Question: Encodable {
    var user: String
    var top: Int
  }

  private struct Rating: Encodable {
    var request: String
    var item: String
    var rating: Float
  }

  /// One visit after another, over one connection, so that a seed tells what comes of them.
  ///
  /// - Parameter progress: visits done; throws to end.
  /// - Throws: `RunError` where the server does not answer or refuses.
  package func run(progress: (Int) throws -> Void) async throws -> Report {
    var random = Philox(seed: settings.seed, stream: Streams.visitors)
    var rewards: [(user: Int, reward: Double)] = []
    var (unknown, versions) = (0, [String: Int]())
    try await ServerClient.connected(to: address, token: token) { client in
      for visit in 0..<settings.lists {
        try progress(visit)
        let user = Int(random.next() % UInt64(tastes.log.userCount))
        let answer = try await client.post(
          "/v1/recommend", Question(user: tastes.log.userIDs[user], top: settings.top),
          RecommendAnswer.self)
        versions[answer.version, default: 0] += 1
        var sum = 0.0
        for shown in answer.items {
          guard let item = tastes.log.itemIndex(shown.id) else {
            unknown += 1
            continue
          }
          let rating = tastes.rating(user: user, item: item, random.uniform())
          sum += Double(tastes.scale.reward(rating))
          _ = try await client.post(
            "/v1/feedback", Rating(request: answer.request, item: shown.id, rating: rating),
            FeedbackAnswer.self)
        }
        rewards.append((user, sum))
      }
    }
    let bootstrap = ClusterBootstrap(resamples: 1_000, seed: settings.seed)
    func mean(_ part: ArraySlice<(user: Int, reward: Double)>) -> Interval {
      var places: [Int: Int32] = [:]
      for (user, _) in part where places[user] == nil { places[user] = Int32(places.count) }
      return bootstrap.mean(
        part.map(\.reward), clusters: part.map { places[$0.user]! }, clusterCount: places.count)
    }
    let bounds = bounds()
    return Report(
      settings: settings, data: tastes.log.name, users: tastes.log.userCount,
      reward: mean(rewards[...]),
      tenths: (0..<10).compactMap { tenth in
        let part = rewards[rewards.count * tenth / 10..<rewards.count * (tenth + 1) / 10]
        return part.isEmpty ? nil : mean(part)
      }, random: bounds.random, oracle: bounds.oracle, unknown: unknown, versions: versions)
  }

  /// What items alike and what the best would earn.
  private func bounds() -> (random: Double, oracle: Double) {
    let (log, top) = (tastes.log, settings.top)
    let asked = min(log.userCount, 1_000)
    let sums = concurrentMap(asked) { place -> (Double, Double) in
      let user = place * log.userCount / asked
      let rewards = (0..<log.itemCount).map { tastes.reward(user: user, item: $0) }
      let best = rewards.sorted(by: >).prefix(top).reduce(0, +)
      return (rewards.reduce(0, +) / Double(max(rewards.count, 1)) * Double(top), best)
    }
    let users = Double(max(sums.count, 1))
    return (sums.reduce(0) { $0 + $1.0 } / users, sums.reduce(0) { $0 + $1.1 } / users)
  }
}

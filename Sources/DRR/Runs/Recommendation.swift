import Agents
import DRRCore
import Environments
import Evaluation
import Factorization
import Tensor

extension Experiment {
  /// Whom to recommend to.
  public struct Request: Sendable {
    /// A user of the data, or nil for a guest.
    public var user: Int?
    /// Liked items, the latest last.
    public var liked: [Int]
    /// Items not to recommend.
    public var known: [Int]
    /// What the asker should know.
    public var notes: [String] = []
  }

  /// An item to recommend, best first.
  public struct Recommendation: Sendable {
    /// The item's index.
    public var item: Int
    /// The agent's score.
    public var score: Float
    /// What the PMF expects of it, in stars.
    public var predictedRating: Double
  }

  /// A user of the data, with all her ratings.
  public func request(user id: String) throws -> Request {
    guard let user = log.userIndex(id) else {
      throw RunError("user \(id) is not in \(log.name), which has \(log.userCount) users")
    }
    let rows = log.rows(ofUser: user)
    let liked = rows.filter { configuration.scale.reward(log.ratings[$0]) > 0 }
    return noted(
      Request(
        user: user, liked: liked.map { Int(log.items[$0]) },
        known: rows.map { Int(log.items[$0]) }))
  }

  /// Somebody new, by the ids or titles of what she likes.
  public func request(liked names: [String], model: PMFModel) throws -> Request {
    let liked = try names.map { try item(named: $0) }
    for (name, item) in zip(names, liked) where statistics.counts[item] == 0 {
      throw RunError(
        "\(name): nothing is known of \(log.title(ofItem: item)): no rating of it may be seen")
    }
    return noted(Request(user: nil, liked: liked, known: liked))
  }

  private func noted(_ request: Request) -> Request {
    let window = configuration.agent?.training.window ?? 0
    guard request.liked.count < window else { return request }
    var request = request
    let known =
      request.liked.count == 1 ? "1 liked item is" : "\(request.liked.count) liked items are"
    request.notes.append("only \(known) known, of the \(window) that the agent looks at")
    return request
  }

  /// By id, else by title, else by the only title that contains the text.
  private func item(named name: String) throws -> Int {
    if let item = log.itemIndex(name) { return item }
    let wanted = name.lowercased()
    let titles = log.titles.map { $0.lowercased() }
    let exact = titles.indices.filter { titles[$0] == wanted }
    let found = exact.isEmpty ? titles.indices.filter { titles[$0].contains(wanted) } : exact
    switch found.count {
    case 1: return found[0]
    case 0: throw RunError("\(name): \(log.name) has no item of that id or title")
    default:
      let shown = found.prefix(5).map { "\(log.titles[$0]) (id \(log.itemIDs[$0]))" }
      throw RunError(
        "\(name): \(found.count) titles contain this, among them \(shown.joined(separator: ", "))")
    }
  }

  /// What the agent would recommend now.
  public func recommend(
    _ request: Request, count: Int, model: PMFModel, agent: any SessionAgent
  ) throws -> [Recommendation] {
    var vector: [Float] = []
    if request.user == nil {
      let best = configuration.scale.reward(log.ratingRange.upperBound)
      vector = model.foldIn(
        items: request.liked, rewards: request.liked.map { _ in best },
        regularization: Double(configuration.pmf.regularization))
    }
    var allowed = statistics.ratedItems
    for item in request.known { allowed[0, item] = false }
    let window = try self.agent.training.window
    let latest = request.liked.suffix(window).map { Int32($0) }
    let missing = [Int32](repeating: -1, count: window - latest.count)
    let state =
      request.user.map { SessionState(user: Int32($0), history: missing + latest) }
      ?? agent.guest(
        liked: request.liked.map { Int32($0) }, history: missing + latest, vector: vector)
    return try agent.recommend(state, count: count, allowed: allowed).map { item, score in
      let reward =
        request.user.map { model.reward(user: $0, item: item) }
        ?? model.reward(of: vector, item: item)
      let range = log.ratingRange
      let rating = min(
        max(configuration.scale.rating(reward), range.lowerBound), range.upperBound)
      return Recommendation(item: item, score: score, predictedRating: Double(rating))
    }
  }
}

/// A new user (cold start), none of a model's users: what is known of them, and nothing that a
/// model keeps.
public struct Guest: Hashable, Sendable {
  /// An item and how it was rated, on the scale of the data.
  public struct Rating: Hashable, Sendable {
    /// The item's index.
    public var item: Int
    /// The rating, on the scale of the data.
    public var rating: Float

    /// A rating by its parts.
    public init(item: Int, rating: Float) { (self.item, self.rating) = (item, rating) }
  }

  /// What was rated, oldest first; what was disliked counts as well.
  public var rated: [Rating]
  /// What is liked, after all that was rated: as if of the best rating.
  public var liked: [Int]
  /// Items not to recommend, beside those.
  public var exclude: [Int]

  /// A new user by what is known of them; nothing, where all is left out.
  public init(rated: [Rating] = [], liked: [Int] = [], exclude: [Int] = []) {
    (self.rated, self.liked, self.exclude) = (rated, liked, exclude)
  }
}

/// What is asked of a policy.
public struct Request: Hashable, Sendable {
  /// The user to recommend to.
  public enum Recipient: Hashable, Sendable {
    /// A user of the data, by index, with all that was ever rated.
    case user(Int)
    /// Somebody new, by what is known of them.
    case guest(Guest)
    /// The clicks of a session, oldest first. Of a model of click sessions alone, whose lists may
    /// name again what was clicked.
    case session([Int])
  }

  /// Whom to recommend to.
  public var recipient: Recipient
  /// Items not to recommend, beside those that the recipient has rated.
  public var exclude: Set<Int>
  /// The only items to recommend; nil: all.
  public var only: Set<Int>?

  /// A request by its parts.
  public init(_ recipient: Recipient, exclude: Set<Int> = [], only: Set<Int>? = nil) {
    (self.recipient, self.exclude, self.only) = (recipient, exclude, only)
  }
}

/// An item of a list, best first.
public struct Recommendation: Hashable, Sendable {
  /// The item's index.
  public var item: Int
  /// What the list is in the order of.
  public var score: Float
  /// The rating that the factorization predicts; nil where the model has none.
  public var predictedRating: Double?

  /// A recommendation by its parts.
  public init(item: Int, score: Float, predictedRating: Double? = nil) {
    (self.item, self.score, self.predictedRating) = (item, score, predictedRating)
  }
}

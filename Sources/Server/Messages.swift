import Essentials
import Feedback

/// `POST /v1/recommend`.
struct RecommendRequest: Decodable, Sendable {
  struct Rated: Decodable, Sendable {
    var item: String
    var rating: Float
  }

  var user: String?
  var ratings: [Rated]?
  var session: [String]?
  var top: Int?
  var exclude: [String]?
  var genre: [String]?
  var model: String?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case user, ratings, session, top, exclude, genre, model
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKeys(CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    user = try container.decodeIfPresent(Identifier.self, forKey: .user)?.text
    ratings = try container.decodeIfPresent([Rated].self, forKey: .ratings)
    session = try container.decodeIfPresent([Identifier].self, forKey: .session)?.map(\.text)
    top = try container.decodeIfPresent(Int.self, forKey: .top)
    exclude = try container.decodeIfPresent([Identifier].self, forKey: .exclude)?.map(\.text)
    model = try container.decodeIfPresent(String.self, forKey: .model)
    if let one = try? container.decodeIfPresent(String.self, forKey: .genre) {
      genre = [one]
    } else {
      genre = try container.decodeIfPresent([String].self, forKey: .genre)
    }
  }

  init(user: String? = nil, top: Int? = nil) { (self.user, self.top) = (user, top) }
}

extension RecommendRequest.Rated {
  private enum CodingKeys: String, CodingKey { case item, rating }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    item = try container.decode(Identifier.self, forKey: .item).text
    rating = try container.decode(Float.self, forKey: .rating)
  }
}

/// An id: a text, or a whole number, which is its digits.
struct Identifier: Decodable {
  var text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int64.self) {
      text = String(number)
    } else {
      text = try container.decode(String.self)
    }
  }
}

/// What `POST /v1/recommend` answers.
struct RecommendAnswer: Codable, Sendable {
  struct Item: Codable, Sendable {
    var id: String
    var title: String
    var score: Float
    /// The probability of this item at its position, given those above it.
    var propensity: Double
    var predictedRating: Double?
    var why: Why?
  }

  /// The liked item that is most alike.
  struct Why: Codable, Sendable {
    var id: String
    var title: String
    /// The cosine of the two vectors.
    var similarity: Float
  }

  var request: String
  var model: String
  var version: String
  var items: [Item]
}

/// `POST /v1/feedback`.
struct FeedbackRequest: Decodable, Sendable {
  var request: String?
  var user: String?
  var item: String
  var rating: Float?
  var click: Bool?
  var reward: Double?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case request, user, item, rating, click, reward
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKeys(CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    request = try container.decodeIfPresent(String.self, forKey: .request)
    user = try container.decodeIfPresent(Identifier.self, forKey: .user)?.text
    item = try container.decode(Identifier.self, forKey: .item).text
    rating = try container.decodeIfPresent(Float.self, forKey: .rating)
    click = try container.decodeIfPresent(Bool.self, forKey: .click)
    reward = try container.decodeIfPresent(Double.self, forKey: .reward)
  }

  init(request: String?, user: String?, item: String) {
    (self.request, self.user, self.item) = (request, user, item)
  }
}

/// What `POST /v1/feedback` answers.
struct FeedbackAnswer: Codable, Sendable {
  /// Whether the log has it; false where there is no log.
  var logged: Bool
}

/// `GET /v1/items`.
struct ItemsAnswer: Codable, Sendable {
  struct Item: Codable, Sendable {
    var id: String
    var title: String
    var genres: [String]?
  }

  var items: [Item]
}

/// `GET /v1/users/{id}`.
struct UserAnswer: Codable, Sendable {
  struct Known: Codable, Sendable {
    var id: String
    var title: String
    /// nil for a click.
    var rating: Float?
  }

  var user: String
  /// The model that answers this user.
  var model: String
  /// Ratings that the model was trained on or exported with; 0 for a new user.
  var ratings: Int
  /// What is known since, the latest first.
  var since: [Known]
}

/// `GET /v1/models`.
struct ModelsAnswer: Codable, Sendable {
  struct Model: Codable, Sendable {
    var name: String
    var version: String
    var agent: String
    var items: Int
    var users: Int
    /// The share of users that it answers.
    var traffic: Double
    /// Feedbacks that were learned from on top of it; absent where nothing learns.
    var learned: Int?
  }

  var models: [Model]
  var exploration: Exploration?
}

/// `POST /admin/reload`.
struct ReloadAnswer: Codable, Sendable {
  var models: [Models.Reload]
}

/// `GET /health/live` and `/health/ready`.
struct HealthAnswer: Codable, Sendable {
  var status: String
}

private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// Refuses an object with keys that mean nothing.
  fileprivate func requireKeys(_ known: [String]) throws {
    let container = try container(keyedBy: AnyKey.self)
    for key in container.allKeys where !known.contains(key.stringValue) {
      throw Problem(
        .unprocessable,
        "the key \"\(key.stringValue.prefix(60))\" means nothing here; there are "
          + known.joined(separator: ", "))
    }
  }
}

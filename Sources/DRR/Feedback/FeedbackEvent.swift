import DRRCore
import Essentials
import Tensor

/// A line of a feedback log: what was served, or what came of it.
public enum FeedbackEvent: Hashable, Sendable {
  case served(ServedList)
  case feedback(ItemFeedback)
}

/// A list that was shown, with all that another model needs to be asked the same.
public struct ServedList: Codable, Hashable, Sendable {
  /// The id of the request, by which feedback names it.
  public var request: String
  /// Milliseconds since 1970.
  public var time: Int64
  /// The name that the model is served under.
  public var model: String
  /// The checksum of its `model.json`.
  public var version: String
  /// The user's id; nil for somebody without one.
  public var user: String?
  /// How many of the log's feedbacks to the user, those first, were known then.
  public var known: Int?
  /// What the request said of somebody without an id, the oldest first: an item and its rating.
  public var rated: [RatedItem]?
  /// The clicks of a session that the request brought.
  public var session: [String]?
  /// Items that the request did not want.
  public var exclude: [String]?
  /// Genres that items had to be of.
  public var genres: [String]?
  /// Feedbacks that were learned from on top of the model by then; nil where nothing learns.
  public var learned: Int?
  /// How items were drawn; nil: the best in order.
  public var exploration: Exploration?
  /// What was shown, from the first position on.
  public var items: [ShownItem]
  /// Items that positions were drawn from.
  public var candidates: Int
  /// What tells the candidates, whatever their order: the sum of the CRC-32 of each id.
  public var digest: String

  /// An item and a rating of it, on the scale of the data.
  public struct RatedItem: Codable, Hashable, Sendable {
    public var item: String
    public var rating: Float

    public init(item: String, rating: Float) { (self.item, self.rating) = (item, rating) }
  }

  /// An item at its position.
  public struct ShownItem: Codable, Hashable, Sendable {
    public var item: String
    public var score: Float
    /// The model's own score, where it is served with what was learned on top of it.
    public var modelScore: Float?
    /// The probability of this item at this position, given those above it.
    public var propensity: Double

    public init(item: String, score: Float, modelScore: Float? = nil, propensity: Double) {
      (self.item, self.score, self.propensity) = (item, score, propensity)
      self.modelScore = modelScore
    }
  }

  /// A list by its parts.
  public init(
    request: String, time: Int64, model: String, version: String, user: String? = nil,
    known: Int? = nil, rated: [RatedItem]? = nil, session: [String]? = nil,
    exclude: [String]? = nil, genres: [String]? = nil, learned: Int? = nil,
    exploration: Exploration? = nil, items: [ShownItem], candidates: Int, digest: String
  ) {
    (self.request, self.time, self.model, self.version) = (request, time, model, version)
    (self.user, self.known, self.rated, self.session) = (user, known, rated, session)
    (self.exclude, self.genres, self.exploration) = (exclude, genres, exploration)
    self.learned = learned
    (self.items, self.candidates, self.digest) = (items, candidates, digest)
  }
}

/// What a user made of an item.
public struct ItemFeedback: Codable, Hashable, Sendable {
  /// Milliseconds since 1970.
  public var time: Int64
  /// The request that showed the item; nil where none did.
  public var request: String?
  /// The user's id; nil for somebody without one.
  public var user: String?
  /// The item's id.
  public var item: String
  public var value: Value
  /// Of the model that showed the item, where it is served with what was learned on top of it.
  public var version: String?
  /// That model's own score of the item then.
  public var score: Float?

  /// One of the three.
  public enum Value: Hashable, Sendable {
    /// On the scale of the data; the model's reward scale makes a reward of it.
    case rating(Float)
    /// Whether the item was clicked: reward 1 or 0.
    case click(Bool)
    /// Any number within ``rewardLimit`` of 0. It tells nothing of the user's taste.
    case reward(Double)
  }

  /// How far rewards are from 0 at most, so that no sum of them is without bounds.
  public static let rewardLimit = 1e6

  private enum CodingKeys: String, CodingKey {
    case time, request, user, item, rating, click, reward, version, score
  }

  /// Feedback by its parts.
  public init(time: Int64, request: String?, user: String?, item: String, value: Value) {
    (self.time, self.request, self.user) = (time, request, user)
    (self.item, self.value) = (item, value)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    time = try container.decode(Int64.self, forKey: .time)
    request = try container.decodeIfPresent(String.self, forKey: .request)
    user = try container.decodeIfPresent(String.self, forKey: .user)
    item = try container.decode(String.self, forKey: .item)
    version = try container.decodeIfPresent(String.self, forKey: .version)
    score = try container.decodeIfPresent(Float.self, forKey: .score)
    if let rating = try container.decodeIfPresent(Float.self, forKey: .rating) {
      value = .rating(rating)
    } else if let click = try container.decodeIfPresent(Bool.self, forKey: .click) {
      value = .click(click)
    } else {
      value = .reward(try container.decode(Double.self, forKey: .reward))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(time, forKey: .time)
    try container.encodeIfPresent(request, forKey: .request)
    try container.encodeIfPresent(user, forKey: .user)
    try container.encode(item, forKey: .item)
    try container.encodeIfPresent(version, forKey: .version)
    try container.encodeIfPresent(score, forKey: .score)
    switch value {
    case .rating(let rating): try container.encode(rating, forKey: .rating)
    case .click(let click): try container.encode(click, forKey: .click)
    case .reward(let reward): try container.encode(reward, forKey: .reward)
    }
  }
}

// MARK: - Lines

extension FeedbackEvent {
  /// `{"event":"served",…,"crc":"0123abcd"}` and a newline: an object of JSON whose last value is
  /// the CRC-32 of all that stands before it.
  package func line() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let (name, body) =
      switch self {
      case .served(let list): (Self.servedName, [UInt8](try encoder.encode(list)))
      case .feedback(let feedback): (Self.feedbackName, [UInt8](try encoder.encode(feedback)))
      }
    var line = Array("{\"event\":\"\(name)\",".utf8)
    line.reserveCapacity(line.count + body.count + 24)
    line += body.dropFirst().dropLast()
    var checksum = Checksum()
    checksum.update(line)
    line += Array("\(Self.checksumKey)\(checksum.text)\"}\n".utf8)
    return line
  }

  /// - Parameter line: without its newline.
  /// - Throws: `LineProblem` where it is no whole line of a log.
  package init(line: some Collection<UInt8>) throws(LineProblem) {
    let line = Array(line)
    guard line.count > Self.tail, line.starts(with: Self.head) else { throw .notALine }
    guard Self.isWhole(line) else { throw .damaged }
    let event = line.withUnsafeBytes {
      Self.event(UnsafeRawBufferPointer(rebasing: $0.dropLast(Self.tail)))
    }
    guard let event else { throw .notALine }
    self = event
  }

  /// Whether a line, without its newline, has the checksum that it says.
  static func isWhole(_ line: some Collection<UInt8>) -> Bool {
    var checksum = Checksum()
    checksum.update(Array(line.dropLast(tail)))
    return line.suffix(tail).elementsEqual("\(checksumKey)\(checksum.text)\"}".utf8)
  }

  /// - Parameter body: a line up to its checksum.
  /// - Returns: nil where it is none of an event.
  private static func event(_ body: UnsafeRawBufferPointer) -> FeedbackEvent? {
    var scanner = EventScanner(body)
    if let event = try? scanner.event() { return event }
    let name = body.dropFirst(head.count).prefix { $0 != UInt8(ascii: "\"") }
    let rest = Data([UInt8(ascii: "{")] + body.dropFirst(head.count + name.count + 2) + [125])
    switch String(decoding: name, as: UTF8.self) {
    case servedName:
      return (try? JSONDecoder().decode(ServedList.self, from: rest)).map { .served($0) }
    case feedbackName:
      return (try? JSONDecoder().decode(ItemFeedback.self, from: rest)).map { .feedback($0) }
    default: return nil
    }
  }

  /// What is wrong with a line.
  package enum LineProblem: Error {
    /// It has another checksum than it says.
    case damaged
    /// It is not of a feedback log.
    case notALine
  }

  private static let servedName = "served"
  private static let feedbackName = "feedback"
  private static let head = Array("{\"event\":\"".utf8)
  private static let checksumKey = ",\"crc\":\""
  /// Bytes from the checksum's key to the end.
  private static let tail = checksumKey.utf8.count + 8 + 2
}

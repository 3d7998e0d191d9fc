import ArgumentParser
import DRR

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The user to recommend to.
struct RecipientOptions: ParsableArguments {
  @Option(help: "The id of a user of the data.")
  var user: String?
  @Option(
    help: ArgumentHelp(
      "An item and its rating, the latest last; may repeat.", valueName: "item=rating"))
  var rated: [String] = []
  @Option(help: "A liked item, as if of the best rating; may repeat, the latest last.")
  var liked: [String] = []
  @Option(help: "IRecGAN: an item that was clicked in the session; may repeat, the latest last.")
  var session: [String] = []
  @Option(
    help: ArgumentHelp(
      "Many users: all, or a file with an id a line; their lists go to --out.",
      valueName: "all|file"), completion: .file())
  var users: String?

  func validate() throws {
    let given = [
      ("--user", user != nil), ("--rated or --liked", !(rated + liked).isEmpty),
      ("--session", !session.isEmpty), ("--users", users != nil),
    ].filter(\.1).map(\.0)
    if given.isEmpty {
      throw ValidationError(
        "no user is named; add --user, --rated or --liked, --session, or --users.")
    }
    if given.count > 1 {
      throw ValidationError("\(given[0]) and \(given[1]) exclude each other; leave one out.")
    }
    for (name, values) in [
      ("--user", [user ?? "all"]), ("--rated", rated), ("--liked", liked), ("--session", session),
      ("--users", [users ?? "all"]),
    ] where values.contains("") {
      throw ValidationError("\(name) is empty; name an item or a user.")
    }
    for text in rated where Self.parts(of: text) == nil {
      throw ValidationError(
        "--rated is \"\(text)\"; it must be an item and its rating, as \"Heat=2\" or 50=5.")
    }
  }

  /// An item's name and the rating behind the last =.
  private static func parts(of text: String) -> (name: String, rating: Float)? {
    guard let sign = text.lastIndex(of: "="), sign > text.startIndex,
      let rating = Float(text[text.index(after: sign)...]), rating.isFinite
    else { return nil }
    return (String(text[..<sign]), rating)
  }

  /// The user that the options other than --users name.
  func recipient(
    of model: ExportedModel, _ understood: inout Understood
  ) throws -> Request.Recipient {
    let items = model.items
    if let user {
      let index = try Self.index(ofUser: user, model)
      let (_, ratings) = model.users.rated(by: index)
      understood.user = .init(id: user, ratings: ratings.count)
      understood.window(
        model, liked: model.likedCount(ofUser: index), rated: ratings.count)
      return .user(index)
    }
    if !session.isEmpty {
      let clicks = try session.map { try items.item(named: $0) }
      understood.session = clicks.map { .init(model, $0) }
      return .session(clicks)
    }
    var guest = Guest()
    guest.rated = try rated.map { text in
      let (name, rating) = Self.parts(of: text)!
      return .init(item: try items.item(named: name), rating: rating)
    }
    guest.liked = try liked.map { try items.item(named: $0) }
    understood.rated =
      rated.isEmpty
      ? nil : guest.rated.map { .init(model, $0.item, rating: $0.rating) }
    understood.liked = liked.isEmpty ? nil : guest.liked.map { .init(model, $0) }
    understood.window(
      model, liked: model.likedCount(of: guest), rated: guest.rated.count + guest.liked.count)
    return .guest(guest)
  }

  static func index(ofUser id: String, _ model: ExportedModel) throws -> Int {
    guard let index = model.users.ids.lookup(id) else {
      throw ServingError(
        model.header.algorithm.readsSessions
          ? "\(model.header.agent) recommends for the clicks of a session and knows no users; name "
            + "clicks by --session"
          : "user \(id) is not in \(model.header.data.name), which has \(model.users.count) users; name one of "
            + "them, or what somebody new rated by --rated")
    }
    return index
  }

  /// The users that --users names.
  func ids(_ users: String, _ model: ExportedModel) throws -> [Int] {
    if model.header.algorithm.readsSessions {
      throw ServingError(
        "--users is \(users), but \(model.header.agent) recommends for the clicks of a session and "
          + "knows no users; name clicks by --session")
    }
    if users == "all" { return Array(0..<model.users.count) }
    guard let bytes = FileManager.default.contents(atPath: users) else {
      throw ServingError("cannot read \(users); --users is all, or a file with an id a line")
    }
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
    let found = try lines.enumerated().compactMap { number, line -> Int? in
      let id = String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
      if id.isEmpty { return nil }
      do {
        return try Self.index(ofUser: id, model)
      } catch let error as ServingError {
        throw ServingError("\(users):\(number + 1): \(error)")
      }
    }
    if found.isEmpty { throw ServingError("\(users) names no user; it needs an id a line") }
    return found
  }
}

/// What a request was taken for.
struct Understood: Encodable {
  struct Item: Encodable {
    var id: String
    var title: String
    var rating: Float?
    private var label: String

    init(_ model: ExportedModel, _ item: Int, rating: Float? = nil) {
      id = model.items.ids[item]
      title = model.items.title(item)
      label = model.items.label(item)
      self.rating = rating
    }

    private enum CodingKeys: CodingKey { case id, title, rating }

    var text: String { label + (rating.map { " = \(decimal(Double($0), 1))" } ?? "") }
  }

  struct User: Encodable {
    var id: String
    var ratings: Int
  }

  var user: User?
  var rated: [Item]?
  var liked: [Item]?
  var session: [Item]?
  var exclude: [Item]?
  var genres: [String]?
  var notes: [String] = []

  /// Notes where fewer items are known than a state has: liked ones, or rated ones where it reads
  /// rewards.
  mutating func window(_ model: ExportedModel, liked: Int, rated: Int) {
    let algorithm = model.header.algorithm
    let (count, kind) = algorithm.readsRewards ? (rated, "rated") : (liked, "liked")
    guard let window = algorithm.window, count < window else { return }
    notes.append(
      "only \(count) \(kind) \(count == 1 ? "item is" : "items are") known, of the \(window) "
        + "that the agent looks at")
  }

  /// On standard error.
  func note() {
    if let user { Console.note("user: \(user.id), \(grouped(user.ratings)) ratings") }
    for (name, items) in [
      ("rated", rated), ("liked", liked), ("session", session), ("exclude", exclude),
    ] {
      for item in items ?? [] { Console.note("\(name): \(item.text)") }
    }
    for genre in genres ?? [] { Console.note("genre: \(genre)") }
    for note in notes { Console.note(note) }
  }
}

import DRRData

/// What to read of a log of sessions, and what to do where it is not as it should be.
public struct SessionOptions: Codable, Hashable, Sendable {
  /// What happens to a session with more steps than `maximumLength`.
  public enum LongSessions: String, Codable, CaseIterable, Sendable {
    /// The log is refused.
    case refuse
    /// The session is left out.
    case drop
    /// Its first steps are kept, as a session that the log cuts off.
    case cut
  }

  /// How items are drawn that stand for those that were shown and not clicked.
  public enum Negatives: String, Codable, CaseIterable, Sendable {
    case uniform
    /// In proportion to the clicks in the log.
    case popularity
  }

  /// Invalid rows that are repaired, counted and named; all others refuse the log.
  public struct Repairs: OptionSet, Codable, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Sessions with an invalid row are left out.
    public static let dropSessions = Repairs(rawValue: 1)
    /// A click that is not in its list is appended to it.
    public static let appendClicks = Repairs(rawValue: 2)
    /// Of an item that a list has more than once the first is kept.
    public static let mergeDuplicates = Repairs(rawValue: 4)
  }

  /// The file to read of a folder or archive that has several.
  public var file: String?
  /// Items of a log whose ids are numbers from 0 on; nil: one more than the highest it has.
  public var itemCount: Int?
  /// Steps of a session at least, its start among them; nil: 2, but 1 for a simulator's log,
  /// which keeps the sessions without a click.
  public var minimumLength: Int?
  /// Steps of a session at most, its start among them.
  public var maximumLength: Int?
  public var longSessions = LongSessions.refuse
  /// Only the items clicked most, those before which come first among equals. Other items leave
  /// the lists, and steps that click one leave their sessions, before lengths are looked at.
  public var topItems: Int?
  /// Items of a list that was shown at least.
  public var minimumList: Int?
  /// Items of the lists that are sampled where the log has none; nil: they stay unknown. Such a
  /// list is the click, at a place that is drawn too, and different items that are not the click.
  public var listSize: Int?
  public var negatives = Negatives.uniform
  /// Of the sampled lists.
  public var seed: UInt64 = 1
  public var repairs: Repairs = []

  public init() {}

  /// The filter of the paper on its shop's log: 2 to 40 steps, 40,000 items.
  public static var paper: SessionOptions {
    var options = SessionOptions()
    options.minimumLength = 2
    options.maximumLength = 40
    options.longSessions = .drop
    options.topItems = 40_000
    return options
  }

  func validate() throws(DataError) {
    let atLeast: [(String, Int?, Int)] = [
      ("itemCount", itemCount, 1), ("minimumLength", minimumLength, 1),
      ("maximumLength", maximumLength, minimumLength ?? 1), ("topItems", topItems, 1),
      ("minimumList", minimumList, 1), ("listSize", listSize, 1),
    ]
    for (name, value, least) in atLeast {
      guard let value, value < least else { continue }
      throw .setting(name: name, value: "\(value)", expected: "at least \(least)")
    }
    if let itemCount, itemCount > Self.itemLimit {
      throw .setting(
        name: "itemCount", value: "\(itemCount)", expected: "at most \(Self.itemLimit)")
    }
  }

  /// Catalogues of numbered items beyond this are taken for a mistake.
  package static let itemLimit = 10_000_000
}

/// What is wrong with one session.
public struct SessionFault: Error, Hashable, Sendable, CustomStringConvertible {
  public var kind: SessionRepairs.Kind
  public var file: String
  public var line: Int
  public var found: String
  public var expected: String

  /// As every reader reports it.
  var fault: LineFault { LineFault(file: file, line: line, found: found, expected: expected) }
  public var description: String { fault.description }
}

/// What a reader left out or repaired, by kind, with the first lines.
public struct SessionRepairs: Hashable, Sendable, Codable {
  public enum Kind: String, CaseIterable, Codable, Sendable {
    case malformed = "sessions that cannot be read, left out"
    case ragged = "sessions whose files disagree, left out"
    case empty = "sessions without a step, left out"
    case clickNotShown = "sessions with a click outside its list, left out"
    case duplicateShown = "sessions with an item twice in a list, left out"
    case shortList = "sessions with a list that is too short, left out"
    case unknownQuery = "clicks of a query that is not there, left out"
    case tooLong = "sessions over the limit, left out"
    case tooShort = "sessions under the least length, left out"
    case cut = "sessions over the limit, cut off there"
    case clickAppended = "clicks appended to their lists"
    case duplicatesMerged = "items that lists had twice, left out"
    case rareItem = "steps on items that are not among the top, left out"
  }

  public struct Entry: Hashable, Sendable, Codable {
    public var kind: Kind
    public var count: Int
    /// `file, line 7`: the first few.
    public var first: [String]
  }

  /// By kind, in the order of ``Kind``.
  public private(set) var entries: [Entry] = []
  static let named = 5

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }
  public func count(_ kind: Kind) -> Int { entries.first { $0.kind == kind }?.count ?? 0 }

  mutating func note(_ kind: Kind, _ file: String, _ line: Int, count: Int = 1) {
    if count == 0 { return }
    let order = Kind.allCases
    var at = entries.firstIndex { $0.kind == kind }
    if at == nil {
      at = entries.firstIndex { order.firstIndex(of: $0.kind)! > order.firstIndex(of: kind)! }
      entries.insert(Entry(kind: kind, count: 0, first: []), at: at ?? entries.count)
    }
    let place = at ?? entries.count - 1
    entries[place].count += count
    if entries[place].first.count < Self.named {
      entries[place].first.append("\(file), line \(line)")
    }
  }
}

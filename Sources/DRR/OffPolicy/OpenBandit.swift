import DRRData
import Tensor

/// The Open Bandit data (Saito et al. 2021): impressions of a fashion shop with the probability of
/// the item shown, under a uniform policy and under Bernoulli Thompson sampling.
///
/// The files are `{random,bts}/{all,men,women}/{all,men,women}.csv` and `item_context.csv` beside
/// each, anywhere in a folder or .zip. They have no user: decisions are clustered by the four user
/// features, which are coarser than users, so that all of a user's lie in one cluster.
public struct OpenBandit {
  public enum Behaviour: String, Codable, CaseIterable, Sendable {
    case random
    case bts
  }

  public enum Campaign: String, Codable, CaseIterable, Sendable {
    case all
    case men
    case women
  }

  private let path: String
  private let archive: ZipArchive?

  /// Opens a folder or .zip; nothing is read of the logs yet.
  public init(_ path: String) throws(DataError) {
    self.path = path
    if try PosixFile.isFolder(path) {
      archive = nil
    } else if try RatingsSource.isArchive(path) {
      archive = try ZipArchive(path: path)
    } else {
      throw .fault(
        path, found: "neither a folder nor a .zip",
        expected: "one with bts/men/men.csv and the like")
    }
  }

  /// Whether it holds a log.
  public func has(_ behaviour: Behaviour, _ campaign: Campaign) -> Bool {
    ((try? source(behaviour, campaign, "\(campaign.rawValue).csv")) ?? nil) != nil
  }

  /// The logs it holds.
  public var logs: [(behaviour: Behaviour, campaign: Campaign)] {
    Behaviour.allCases.flatMap { behaviour in
      Campaign.allCases.filter { has(behaviour, $0) }.map { (behaviour, $0) }
    }
  }

  public func read(
    _ behaviour: Behaviour, _ campaign: Campaign, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> LoggedFeedback {
    let name = "\(behaviour.rawValue)/\(campaign.rawValue)"
    func open(_ file: String) throws(DataError) -> any ByteSource {
      if let source = try source(behaviour, campaign, file) { return source }
      throw .fault(
        path, found: "no \(name)/\(file) in it",
        expected: logs.isEmpty
          ? "the layout of Open Bandit, bts/men/men.csv and the like"
          : "one of " + logs.map { "\($0.rawValue)/\($1.rawValue)" }.joined(separator: ", "))
    }
    let impressions = try open("\(campaign.rawValue).csv")
    var reader = OpenBanditReader(name: name)
    try reader.readItems(HeadedRows(try open("item_context.csv")))
    try reader.readImpressions(HeadedRows(impressions, progress))
    return reader.log
  }

  private func source(
    _ behaviour: Behaviour, _ campaign: Campaign, _ file: String
  ) throws(DataError) -> (any ByteSource)? {
    let tail = "\(behaviour.rawValue)/\(campaign.rawValue)/\(file)"
    if let archive {
      let entry = archive.entries.first {
        ($0.name == tail || $0.name.hasSuffix("/" + tail)) && !$0.name.hasPrefix("__MACOSX/")
      }
      return try entry.map { (entry) throws(DataError) in try archive.open(entry) }
    }
    // Here, or one folder down.
    for folder in [path] + (try PosixFile.names(inFolder: path)).map({ "\(path)/\($0)" }) {
      do throws(DataError) {
        return try FileSource(path: "\(folder)/\(tail)", name: "\(campaign.rawValue)/\(file)")
      } catch .missingFile {
        continue
      }
    }
    return nil
  }
}

/// One log under way.
private struct OpenBanditReader {
  var log: LoggedFeedback
  private var items = RawIDs()

  init(name: String) {
    log = LoggedFeedback(
      name: name, context: FeatureTable(categories: OpenBanditReader.userFeatures),
      clustering: "the four user features")
  }

  private static let userFeatures = (0..<4).map { "user_feature_\($0)" }

  /// `item_id,item_feature_0,...,item_feature_3`: a number and three hashed categories.
  mutating func readItems(_ rows: HeadedRows) throws(DataError) {
    var (items, features) = (RawIDs(), FeatureTable())
    var (id, number) = (0, 0)
    var categories: [Int] = []
    try rows.forEach { (columns) throws(DataError) in
      id = try columns.place("item_id", "the item's id")
      number = try columns.place("item_feature_0", "a number of the item")
      let names = (1...3).map { "item_feature_\($0)" }
      for name in names { categories.append(try columns.place(name, "a category of the item")) }
      features = FeatureTable(numbers: ["item_feature_0"], categories: names)
    } row: { (row) throws(DataError) in
      if try row.intern(id, "item_id", &items) != features.count {
        throw row.fault("item_id", row.fields[id], "an item that no line above has")
      }
      features.append(number: try row.number(number, "item_feature_0"))
      for (at, column) in categories.enumerated() {
        if !features.append(level: row.fields[column], of: at) {
          throw row.fault(
            "item_feature_\(at + 1)", row.fields[column],
            "at most \(FeatureTable.levelLimit) different ones")
        }
      }
      features.endRow()
    }
    log.actionFeatures = features
    log.actionIDs = Array(items)
    self.items = items
    if items.isEmpty {
      throw .fault(rows.source.name, found: "no items", expected: "one a line")
    }
  }

  private struct Layout {
    var time = 0
    var item = 0
    var position = 0
    var click = 0
    var propensity = 0
    var features: [Int] = []
    var affinities: [Int] = []
  }

  mutating func readImpressions(_ rows: HeadedRows) throws(DataError) {
    var layout = Layout()
    var (log, items) = (log, items)
    var (positions, users) = (RawIDs(), RawIDs())
    var clusters: [Int32] = []
    var user: [UInt8] = []
    try rows.forEach { (columns) throws(DataError) in
      layout.time = try columns.place("timestamp", "the time of the impression")
      layout.item = try columns.place("item_id", "the item that was shown")
      layout.position = try columns.place("position", "where it was shown")
      layout.click = try columns.place("click", "0 or 1")
      layout.propensity = try columns.place("propensity_score", LineFault.propensity)
      for name in Self.userFeatures {
        layout.features.append(try columns.place(name, "a category of the user"))
      }
      let prefix = "user-item_affinity_"
      let affinities = columns.names.count { $0.hasPrefix(prefix) }
      if affinities > 0 {
        for id in log.actionIDs {
          layout.affinities.append(try columns.place(prefix + id, "one for every item"))
        }
      }
    } row: { (row) throws(DataError) in
      guard let item = items.lookup(row.fields[layout.item]) else {
        throw row.fault("item_id", row.fields[layout.item], "an item of item_context.csv")
      }
      guard let time = Timestamp.microseconds(row.fields[layout.time]) else {
        throw row.fault(
          "timestamp", row.fields[layout.time], "a time as 2019-11-24 00:03:13.442536+00:00")
      }
      let click = try row.number(layout.click, "click")
      if click != 0 && click != 1 { throw row.fault("click", row.fields[layout.click], "0 or 1") }
      log.times.append(time)
      log.actions.append(Int32(item))
      log.positions.append(try row.intern(layout.position, "position", &positions))
      log.rewards.append(click)
      log.propensities.append(try row.probability(layout.propensity, "propensity_score"))
      user.removeAll(keepingCapacity: true)
      for (at, column) in layout.features.enumerated() {
        let level = row.fields[column]
        if !log.context.append(level: level, of: at) {
          throw row.fault(
            Self.userFeatures[at], level, "at most \(FeatureTable.levelLimit) different ones")
        }
        user.append(contentsOf: level)
        user.append(44)
      }
      log.context.endRow()
      clusters.append(user.withUnsafeBufferPointer { users.intern($0) })
      for (action, column) in layout.affinities.enumerated() {
        let affinity = try row.number(column, "user-item_affinity_\(log.actionIDs[action])")
        if affinity != 0 { log.affinities.append(affinity, of: action) }
      }
      log.affinities.endRow()
    }
    if log.count == 0 {
      throw .fault(rows.source.name, found: "no impressions", expected: "one a line")
    }
    let places = positions.sort()
    log.positions = log.positions.map { places[Int($0)] }
    log.positionIDs = Array(positions)
    log.setClusters(clusters)
    self.log = log
  }
}

import DRRCore
import DRRData
import Factorization
import Tables
import Tensor

/// All that recommending needs of a trained run, and nothing else: the network's weights, the
/// factorization, items, and what each user has rated. A value, checked when it is made: whatever
/// reads it can rely on its sizes, ranges and indices.
///
/// In a folder it is `model.json`, `weights.safetensors`, `items.json` and `users.json`.
public struct ExportedModel: Sendable {
  /// What `model.json` says.
  public let header: Header
  /// The items, by index.
  public let items: ServedItems
  /// The users and all that each has rated; none for a model of click sessions.
  public let users: ServedUsers
  /// Of ratings; nil for an algorithm without one.
  public let factorization: PMFModel?
  let beliefs: BeliefModel?
  /// The belief state of each user that has one: actions [U, A] and summaries [U, 2].
  let userBeliefs: (actions: [Float], summaries: [Float])?
  let tables: MultiTableScorer?
  /// Every array, as the file has it.
  let weights: SafetensorsFile
  let contents: Contents

  /// What `model.json` says.
  public struct Header: Codable, Hashable, Sendable {
    /// What this library reads and writes.
    public static let schema = 1

    /// The schema of this model.
    public var schema = Header.schema
    /// What was trained, and what its network is made from.
    public var algorithm: ServedAlgorithm
    /// What result tables call the agent.
    public var agent: String
    /// The training step whose policy it is; nil where there are none.
    public var step: Int?
    /// Which data the run learned from.
    public var data: Data
    /// How a rating becomes a reward; nil for click sessions, and so are the next two.
    public var scale: RewardScale?
    /// The lowest and the highest rating; nil for click sessions.
    public var ratingRange: [Float]?
    /// λ of the ridge regression that finds a new user's vector and bias.
    public var foldIn: FoldIn?
    /// The CRC-32 of each other file.
    public var files: [String: String] = [:]
    /// The CRC-32 of this file with nothing here.
    public var checksum = ""

    /// Which data the run learned from.
    public struct Data: Codable, Hashable, Sendable {
      /// What people call them.
      public var name: String
      /// CRC-32 of the file, 8 hexadecimal digits.
      public var checksum: String
      /// The number of items.
      public var items: Int
      /// The number of users.
      public var users: Int
      /// Milliseconds since 1970 up to which a feedback log was learned from; absent where none was.
      public var servedUntil: Int64?

      /// The data by their parts.
      public init(
        name: String, checksum: String, items: Int, users: Int, servedUntil: Int64? = nil
      ) {
        (self.name, self.checksum, self.items, self.users) = (name, checksum, items, users)
        self.servedUntil = servedUntil
      }
    }

    /// How a new user's vector is found.
    public struct FoldIn: Codable, Hashable, Sendable {
      /// λ of the vector, 0 or more.
      public var regularization: Float
      /// λ of the bias, 0 or more.
      public var biasRegularization: Float

      /// Both by their parts.
      public init(regularization: Float, biasRegularization: Float) {
        (self.regularization, self.biasRegularization) = (regularization, biasRegularization)
      }
    }

    /// A header by its parts; checksums are set when a model is written.
    public init(
      algorithm: ServedAlgorithm, agent: String, step: Int? = nil, data: Data,
      scale: RewardScale? = nil, ratingRange: ClosedRange<Float>? = nil, foldIn: FoldIn? = nil
    ) {
      (self.algorithm, self.agent, self.step) = (algorithm, agent, step)
      (self.data, self.scale, self.foldIn) = (data, scale, foldIn)
      self.ratingRange = ratingRange.map { [$0.lowerBound, $0.upperBound] }
    }

    // The algorithm's name and settings stand beside the other keys.
    private enum CodingKeys: String, CodingKey {
      case schema, agent, step, data, scale, ratingRange, foldIn, files, checksum
    }

    public func encode(to encoder: any Encoder) throws {
      try algorithm.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(schema, forKey: .schema)
      try container.encode(agent, forKey: .agent)
      try container.encodeIfPresent(step, forKey: .step)
      try container.encode(data, forKey: .data)
      try container.encodeIfPresent(scale, forKey: .scale)
      try container.encodeIfPresent(ratingRange, forKey: .ratingRange)
      try container.encodeIfPresent(foldIn, forKey: .foldIn)
      try container.encode(files, forKey: .files)
      try container.encode(checksum, forKey: .checksum)
    }

    public init(from decoder: any Decoder) throws {
      algorithm = try ServedAlgorithm(from: decoder)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      schema = try container.decode(Int.self, forKey: .schema)
      agent = try container.decode(String.self, forKey: .agent)
      step = try container.decodeIfPresent(Int.self, forKey: .step)
      data = try container.decode(Data.self, forKey: .data)
      scale = try container.decodeIfPresent(RewardScale.self, forKey: .scale)
      ratingRange = try container.decodeIfPresent([Float].self, forKey: .ratingRange)
      foldIn = try container.decodeIfPresent(FoldIn.self, forKey: .foldIn)
      files = try container.decode([String: String].self, forKey: .files)
      checksum = try container.decode(String.self, forKey: .checksum)
    }

    /// The range of a rating; nil for click sessions.
    var ratings: ClosedRange<Float>? {
      ratingRange.flatMap { $0.count == 2 && $0[0] <= $0[1] ? $0[0]...$0[1] : nil }
    }
  }

  /// The files beside `model.json`.
  struct Contents: Sendable {
    var weights: [UInt8]
    var items: Items
    var users: Users

    struct Items: Codable, Sendable {
      var ids: [String]
      var titles: [String] = []
      var genres: [[String]] = []
    }
    struct Users: Codable, Sendable { var ids: [String] = [] }
  }

  /// - Parameter name: what errors call the model.
  /// - Throws: `ServingError` where something does not fit, in one sentence.
  init(_ header: Header, _ contents: Contents, name: String) throws {
    do {
      self.header = header
      self.contents = contents
      try Self.check(header)
      weights = try SafetensorsFile(
        bytes: contents.weights, name: "\(name)/\(Self.weightsName)", requireChecksum: true,
        remedy: "restore the file from a copy, or export the model again")
      try Self.requireFinite(weights)
      let count = contents.items.ids.count
      guard count == header.data.items, count > 0 else {
        throw ServingError("it has \(count) items, expected \(header.data.items)")
      }
      guard contents.users.ids.count == header.data.users else {
        throw ServingError(
          "it has \(contents.users.ids.count) users, expected \(header.data.users)")
      }
      items = try ServedItems(
        source: header.data.name, ids: contents.items.ids, titles: contents.items.titles,
        genres: contents.items.genres,
        isKnown: try weights.values("items.known", Expected<UInt8>.flag, shape: [count]).map {
          $0 != 0
        })
      users = try ServedUsers(
        ids: contents.users.ids, offsets: try weights.integers("users.offsets", .count),
        items: try weights.int32s("users.items", .below(count)),
        ratings: try weights.floats("users.ratings"),
        itemCount: count, ratingRange: header.ratings ?? 0...0)
      let users = header.data.users
      factorization =
        header.algorithm.hasFactorization
        ? try Self.factorization(in: weights, userCount: users, itemCount: count) : nil
      beliefs = try Self.beliefs(of: header.algorithm, in: weights, itemCount: count)
      let file = weights
      userBeliefs = try beliefs.map { beliefs in
        (
          actions: try file.floats("users.beliefs", shape: [users, beliefs.itemWidth]),
          summaries: try file.floats("users.summaries", shape: [users, 2])
        )
      }
      tables = try Self.tables(of: header.algorithm, in: weights, itemCount: count)
      try requireWeights()
    } catch  where error is ServingError || error is ConfigurationError || error is CheckpointError
    {
      throw ServingError("\(name): not a model that can be used: \(error)")
    }
  }

  /// The range of a rating; nil for click sessions.
  public var ratingRange: ClosedRange<Float>? { header.ratings }

  // MARK: - Checks

  private static func check(_ header: Header) throws {
    guard header.schema == Header.schema else {
      throw ServingError(
        "its schema is \(header.schema), and this program reads \(Header.schema); export it anew")
    }
    try header.algorithm.validate()
    guard !header.algorithm.readsSessions else { return }
    guard let scale = header.scale, let range = header.ratings,
      max(range.lowerBound.magnitude, range.upperBound.magnitude) <= RatingsLog.ratingLimit
    else { throw ServingError("its ratings have no scale or no range") }
    try scale.validate()
    guard header.algorithm.hasFactorization else { return }
    guard let foldIn = header.foldIn,
      [foldIn.regularization, foldIn.biasRegularization].allSatisfy({ $0 >= 0 && $0.isFinite })
    else { throw ServingError("its regularization is not 0 or more") }
  }

  private static func requireFinite(_ file: SafetensorsFile) throws {
    for entry in file.entries where entry.type == .f32 { _ = try file.floats(entry.name) }
  }

  private static func factorization(
    in file: SafetensorsFile, userCount: Int, itemCount: Int
  ) throws -> PMFModel {
    let dimension = file.entry("pmf.items")?.shape.last ?? 0
    try ConfigurationError.require("dimension", dimension, "1 ... 65536") {
      (1...65_536).contains($0)
    }
    return try PMFModel(
      contentsOf: file, dimension: dimension, userCount: userCount, itemCount: itemCount)
  }

  private static func beliefs(
    of algorithm: ServedAlgorithm, in file: SafetensorsFile, itemCount: Int
  ) throws -> BeliefModel? {
    guard case .residual(let settings) = algorithm else { return nil }
    var beliefs = BeliefModel.Configuration()
    beliefs.factorizations = settings.dimensions.map { .init(dimension: $0) }
    beliefs.folds = 0
    return try BeliefModel(beliefs, contentsOf: file, userCount: 0, itemCount: itemCount)
  }

  private static func tables(
    of algorithm: ServedAlgorithm, in file: SafetensorsFile, itemCount: Int
  ) throws -> MultiTableScorer? {
    guard case .multiTable(let settings) = algorithm else { return nil }
    let lists = try file.values("tables.of_items", Expected<UInt8>.anything)
    let offsets = try file.int32s(
      "tables.offsets", .in(0...Int32(clamping: lists.count)), shape: [itemCount + 1])
    try file.require(
      offsets[0] == 0 && offsets[itemCount] == Int32(clamping: lists.count)
        && zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }, "tables.offsets",
      "does not rise from 0 to \(lists.count)", "the tables of \(itemCount) items")
    let table = QTable()
    try table.read(
      from: file, "table",
      keys: SubStateKey(order: settings.order).keys(tables: ItemTables.limit, items: itemCount),
      itemCount: itemCount
    ) { _ in true }
    let popularity = try file.floats("back_off.popularity", shape: [itemCount])
    let counts = try file.floats("back_off.counts", .notNegative)
    let pairs = try file.rows(
      "back_off.pairs", [.below(itemCount), .below(itemCount)] as [Expected<Int32>],
      count: counts.count)
    var followers: [Int32: [Int32: Float]] = [:]
    for (at, count) in counts.enumerated() {
      followers[pairs[2 * at], default: [:]][pairs[2 * at + 1]] = count
    }
    return MultiTableScorer(
      settings,
      ItemTables(
        names: [],
        ofItems: (0..<itemCount).map { Array(lists[Int(offsets[$0])..<Int(offsets[$0 + 1])]) }),
      table, MultiTableBackOff(popularity: popularity, followers: followers))
  }

  /// Refuses settings whose network has more weights than the file, before memory is taken for it.
  private func requireWeights() throws {
    let wanted: Double
    let (items, k) = (Double(items.count), Double(factorization?.dimension ?? 0))
    switch header.algorithm {
    case .pmf, .residual, .multiTable: return
    case .drr(let network), .dqn(let network), .policyGradient(let network):
      let hidden = Double(network.hidden)
      wanted =
        network.state.width(window: Double(network.window), dimension: k) * hidden
        + hidden * hidden + network.state.weights(window: Double(network.window), dimension: k)
    case .gru(let networks):
      let (e, h) = (Double(networks.dimension), Double(networks.hidden))
      wanted = Double(networks.networks) * (items * e + 3 * h * (e + h) + h * e)
    case .irecgan(let encoder):
      let (e, h) = (Double(encoder.embedding), Double(encoder.units))
      // A GRU's; an LSTM has more.
      wanted = (items + 1) * e + 3 * h * h * Double(encoder.layers) + h * items
    }
    let found = weights.entries.filter { $0.name.hasPrefix("policy.") }
      .reduce(0.0) { $0 + Double($1.byteRange.count / 4) }
    guard found >= wanted else {
      throw ServingError(
        "its settings ask for \(Int(min(wanted, 1e15))) weights, and it has \(Int(found))")
    }
  }
}

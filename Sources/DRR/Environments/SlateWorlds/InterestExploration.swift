import DRRCore
import Platform
import Tensor

/// Interest exploration (Ie et al. 2019, RecSim; step for step as RecSim 0.2.4,
/// `interest_exploration.py`): users of a few types, each with an affinity to every topic of
/// documents that is lognormal by type, and documents of lognormal quality by topic. A user chooses
/// by affinity plus quality, and never changes; affinities are hidden, so that what is of broad
/// appeal hides what a user would like best.
///
/// The reward is the clicks. RecSim lets its runner end episodes; here they are truncated.
public struct InterestExploration: FeatureEnvironments {
  /// The parameters, as RecSim's by default but for the limit of steps.
  public struct Settings: WorldSettings {
    /// What is offered and shown.
    public var slates = SlateSettings(slate: 2)
    /// The share of each type of users.
    public var types = [0.3, 0.7]
    /// [types][topics]: mean of the logarithm of the affinity.
    public var affinityMeans = [[0.1, 0.7], [0.7, 0.1]]
    /// [types][topics]: its standard deviation.
    public var affinityDeviations = [[0.1, 0.1], [0.1, 0.1]]
    /// The share of each topic of documents.
    public var topics = [0.2, 0.8]
    /// Of each topic, the mean of the logarithm of the quality.
    public var qualityMeans = [0.8, 0.2]
    /// Its standard deviation.
    public var qualityDeviations = [0.1, 0.1]
    /// How a document is chosen; scores are affinity plus quality.
    public var choice = ChoiceModel.multinomialLogit(noClick: 5)
    /// Steps after which an episode is truncated.
    public var stepLimit = 100

    public init() {}

    public func validate() throws(ConfigurationError) {
      try slates.validate()
      try ConfigurationError.requireShares("types", types)
      try ConfigurationError.requireShares("topics", topics)
      for (name, rows, range) in [
        ("affinity means", affinityMeans, -5.0...5),
        ("affinity deviations", affinityDeviations, 0...1),
      ] {
        try ConfigurationError.require(name, rows.count, "one row a type, \(types.count)") {
          $0 == types.count
        }
        for row in rows {
          try ConfigurationError.requireEach(name, row, topics.count, in: range)
        }
      }
      try ConfigurationError.requireEach("quality means", qualityMeans, topics.count, in: -5...5)
      try ConfigurationError.requireEach(
        "quality deviations", qualityDeviations, topics.count, in: 0...1)
      guard case .multinomialLogit = choice else {
        throw ConfigurationError(
          "choice is \(choice), but affinities have no upper bound; it must be multinomialLogit")
      }
      try choice.validate(scores: 0...1e6)
      try ConfigurationError.requireSteps("step limit", stepLimit)
    }

    /// The affinity to every topic that is expected of a user that nothing is known of.
    public var expectedAffinities: [Double] {
      topics.indices.map { topic in
        types.indices.reduce(0) { sum, type in
          let deviation = affinityDeviations[type][topic]
          return sum + types[type] * exp(affinityMeans[type][topic] + deviation * deviation / 2)
        }
      }
    }

    /// The place that is clicked by a draw in [0, 1); nil: none.
    package func respond(
      _ affinities: ArraySlice<Double>, to slate: [(topic: Int, quality: Double)],
      _ scores: inout [Double], choice draw: Double
    ) -> Int? {
      for (place, document) in slate.enumerated() {
        scores[place] = affinities[affinities.startIndex + document.topic] + document.quality
      }
      return choice.choose(&scores, draw: draw)
    }
  }

  public static let name = "interest-exploration"
  /// Numbers of a response: click, quality, topic.
  static let responseWidth = 3
  /// The parameters.
  public let settings: Settings
  public private(set) var rows: WorldRows
  /// [B, T].
  private var affinities: [Double]
  /// [B, N].
  private var topics: [Int32]
  private var qualities: [Double]
  private var shown: [(topic: Int, quality: Double)]
  private var scores: [Double]

  /// Environments `first` ..< `first` + `count` of a seed, in their first episodes. A document is
  /// seen as its topic, one of T numbers 1, and its quality.
  public init(
    _ settings: Settings = Settings(), count: Int, first: Int = 0, seed: UInt64
  ) throws(ConfigurationError) {
    try settings.validate()
    self.settings = settings
    let (slates, topicCount) = (settings.slates, settings.topics.count)
    rows = WorldRows(
      .init(
        candidates: slates.candidates, document: topicCount + 1, slate: slates.slate,
        response: Self.responseWidth),
      count: count, first: first, seed: seed)
    affinities = Array(repeating: 0, count: count * topicCount)
    topics = Array(repeating: 0, count: count * slates.candidates)
    qualities = Array(repeating: 0, count: topics.count)
    shown = Array(repeating: (0, 0), count: slates.slate)
    scores = Array(repeating: 0, count: slates.slate + 1)
    for row in 0..<count { begin(row) }
  }

  public var actionWidth: Int { settings.slates.slate }

  /// The affinity to every topic, [T].
  public func hidden(_ row: Int) -> ArraySlice<Double> {
    affinities[row * settings.topics.count..<(row + 1) * settings.topics.count]
  }

  public mutating func begin(_ row: Int) {
    rows.begin(row)
    meet(row)
    offer(row)
  }

  public mutating func step(_ slates: [Int32]) {
    requireSlates(slates)
    let (size, candidates) = (settings.slates.slate, settings.slates.candidates)
    for row in 0..<count {
      if rows.hasEnded(row) {
        rows.rest(row)
        continue
      }
      for place in 0..<size {
        let candidate = row * candidates + Int(slates[row * size + place])
        shown[place] = (Int(topics[candidate]), qualities[candidate])
      }
      let word = rows.draws(row).words(.response).x
      let click = settings.respond(
        hidden(row), to: shown, &scores, choice: MomentDraws.uniform(word))
      for (place, document) in shown.enumerated() {
        let start = rows.observation.responseStart(row, place)
        rows.observation.values[start] = place == click ? 1 : 0
        rows.observation.values[start + 1] = Float(document.quality)
        rows.observation.values[start + 2] = Float(document.topic)
      }
      rows.advance(
        row, reward: click == nil ? 0 : 1, terminated: false, limit: settings.stepLimit)
      if settings.slates.resamples { offer(row) }
    }
  }

  /// Draws the user of the episode.
  private mutating func meet(_ row: Int) {
    let draws = rows.episodeDraws(row)
    let type = MomentDraws.place(
      MomentDraws.uniform(draws.words(.user).x), among: settings.types)
    for topic in settings.topics.indices {
      let words = draws.words(.user, topic + 1)
      affinities[row * settings.topics.count + topic] = exp(
        settings.affinityMeans[type][topic]
          + settings.affinityDeviations[type][topic] * MomentDraws.normals(words.x, words.y).0)
    }
  }

  private mutating func offer(_ row: Int) {
    let topicCount = settings.topics.count
    let draws = rows.documentDraws(row, resamples: settings.slates.resamples)
    var start = rows.observation.documentStart(row, 0)
    for candidate in 0..<settings.slates.candidates {
      let words = draws.words(.documents, candidate)
      let topic = MomentDraws.place(MomentDraws.uniform(words.x), among: settings.topics)
      let quality = exp(
        settings.qualityMeans[topic]
          + settings.qualityDeviations[topic] * MomentDraws.normals(words.z, words.w).0)
      let place = row * settings.slates.candidates + candidate
      rows.observation.values[start + Int(topics[place])] = 0
      topics[place] = Int32(topic)
      qualities[place] = quality
      rows.observation.values[start + topic] = 1
      rows.observation.values[start + topicCount] = Float(quality)
      start += topicCount + 1
    }
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try rows.save(to: &file, prefix)
  }

  /// Users and documents are drawn again.
  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let found = try rows.restored(from: file, prefix)
    rows = found
    for row in 0..<count {
      meet(row)
      offer(row)
    }
  }
}

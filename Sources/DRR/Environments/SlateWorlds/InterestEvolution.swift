import DRRCore
import Tensor

/// Interest evolution (Ie et al. 2019, RecSim; step for step as RecSim 0.2.4,
/// `interest_evolution.py`): documents of one topic each, users with an interest in each topic, and
/// a session's time, which documents of good quality lengthen and those of bad quality shorten.
///
/// The reward is what was watched. What pays is to show good documents, whatever the user's interest:
/// the time that they bring is spent at the end of the episode. Interests are seen; the quality of a
/// document is seen when it is shown; the time left is hidden.
public struct InterestEvolution: FeatureEnvironments {
  /// A document: its topic and its quality.
  package struct Document {
    package var topic: Int
    package var quality: Double

    package init(topic: Int, quality: Double) { (self.topic, self.quality) = (topic, quality) }
  }

  /// A user: the interest in every topic, −1 ... 1, and the minutes left.
  package struct User {
    package var interests: [Double]
    package var budget: Double

    package init(interests: [Double], budget: Double) {
      (self.interests, self.budget) = (interests, budget)
    }
  }

  /// What no agent sees.
  public struct Hidden: Hashable, Sendable {
    /// Minutes left.
    public var budget: Double
    /// [N], the quality of what is offered.
    public var qualities: [Double]
  }

  public static let name = "interest-evolution"
  /// Numbers of a response: click, minutes watched, liked (never in this world), quality, topic.
  static let responseWidth = 5
  /// The parameters.
  public let settings: Settings
  public private(set) var rows: WorldRows
  private let means: [Double]
  private var users: [User]
  /// [B, N].
  private var topics: [Int32]
  private var shown: [Document]
  private var scores: [Double]

  /// Environments `first` ..< `first` + `count` of a seed, in their first episodes.
  public init(
    _ settings: Settings = Settings(), count: Int, first: Int = 0, seed: UInt64
  ) throws(ConfigurationError) {
    try settings.validate()
    self.settings = settings
    let slates = settings.slates
    rows = WorldRows(
      .init(
        user: settings.topics, candidates: slates.candidates, document: settings.topics,
        slate: slates.slate, response: Self.responseWidth),
      count: count, first: first, seed: seed)
    means = settings.topicQualities
    users = Array(
      repeating: User(interests: Array(repeating: 0, count: settings.topics), budget: 0),
      count: count)
    topics = Array(repeating: 0, count: count * slates.candidates)
    shown = Array(repeating: Document(topic: 0, quality: 0), count: slates.slate)
    scores = Array(repeating: 0, count: slates.slate + 1)
    for row in 0..<count { begin(row) }
  }

  public var actionWidth: Int { settings.slates.slate }

  public func hidden(_ row: Int) -> Hidden {
    let draws = rows.documentDraws(row, resamples: settings.slates.resamples)
    return Hidden(
      budget: users[row].budget,
      qualities: (0..<settings.slates.candidates).map { document(row, $0, draws).quality })
  }

  public mutating func begin(_ row: Int) {
    rows.begin(row)
    let draws = rows.episodeDraws(row)
    for block in 0..<(settings.topics + 3) / 4 {
      let words = draws.words(.user, block)
      for topic in 4 * block..<min(4 * block + 4, settings.topics) {
        users[row].interests[topic] = 2 * MomentDraws.uniform(words[topic % 4]) - 1
      }
    }
    users[row].budget = settings.timeBudget
    observeUser(row)
    offer(row)
  }

  public mutating func step(_ slates: [Int32]) {
    requireSlates(slates)
    let size = settings.slates.slate
    for row in 0..<count {
      if rows.hasEnded(row) {
        rows.rest(row)
        continue
      }
      let draws = rows.documentDraws(row, resamples: settings.slates.resamples)
      for place in 0..<size {
        shown[place] = document(row, Int(slates[row * size + place]), draws)
      }
      let words = rows.draws(row).words(.response)
      let response = settings.respond(
        &users[row], to: shown, &scores, choice: MomentDraws.uniform(words.x),
        flip: MomentDraws.uniform(words.y))
      observe(row, response)
      rows.advance(
        row, reward: response.click == nil ? 0 : settings.reward == .clicks ? 1 : response.watched,
        terminated: users[row].budget <= 0, limit: settings.stepLimit)
      if settings.slates.resamples { offer(row) }
    }
  }

  private mutating func observe(_ row: Int, _ response: (click: Int?, watched: Double)) {
    for (place, document) in shown.enumerated() {
      let start = rows.observation.responseStart(row, place)
      let isClicked = place == response.click
      rows.observation.values[start] = isClicked ? 1 : 0
      rows.observation.values[start + 1] = isClicked ? Float(response.watched) : 0
      rows.observation.values[start + 3] = Float(document.quality)
      rows.observation.values[start + 4] = Float(document.topic)
    }
    guard let click = response.click else { return }
    // Documents are of one topic, so one interest has moved.
    let topic = shown[click].topic
    rows.observation.values[row * settings.topics + topic] = Float(users[row].interests[topic])
  }

  private mutating func observeUser(_ row: Int) {
    for (topic, interest) in users[row].interests.enumerated() {
      rows.observation.values[row * settings.topics + topic] = Float(interest)
    }
  }

  /// A candidate of a row. Qualities are drawn where they are asked for.
  private func document(_ row: Int, _ candidate: Int, _ draws: MomentDraws) -> Document {
    let topic = Int(topics[row * settings.slates.candidates + candidate])
    let words = draws.words(.qualities, candidate)
    return Document(
      topic: topic,
      quality: means[topic]
        + settings.qualityDeviation * MomentDraws.normals(words.x, words.y).0)
  }

  private mutating func offer(_ row: Int) {
    let candidates = settings.slates.candidates
    let draws = rows.documentDraws(row, resamples: settings.slates.resamples)
    var start = rows.observation.documentStart(row, 0)
    for block in 0..<(candidates + 3) / 4 {
      let words = draws.words(.documents, block)
      for candidate in 4 * block..<min(4 * block + 4, candidates) {
        let place = row * candidates + candidate
        rows.observation.values[start + Int(topics[place])] = 0
        let topic = MomentDraws.index(words[candidate % 4], below: settings.topics)
        topics[place] = Int32(topic)
        rows.observation.values[start + topic] = 1
        start += settings.topics
      }
    }
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try rows.save(to: &file, prefix)
    try file.add(
      "\(prefix).interests", users.flatMap(\.interests), shape: [count, settings.topics])
    try file.add("\(prefix).budgets", users.map(\.budget))
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let found = try rows.restored(from: file, prefix)
    let topics = settings.topics
    let interests = try file.doubles(
      "\(prefix).interests", .in(-1...1), shape: [count, topics])
    let budgets = try file.doubles("\(prefix).budgets", shape: [count])
    rows = found
    for row in 0..<count {
      users[row] = User(
        interests: Array(interests[row * topics..<(row + 1) * topics]), budget: budgets[row])
      observeUser(row)
      offer(row)
    }
  }
}

import DRRCore
import Platform
import Tensor

/// Long-term satisfaction, also called choc and kale (Ie et al. 2019, RecSim; step for step as
/// RecSim 0.2.4, `long_term_satisfaction.py`). What is tempting earns more now and takes from the
/// satisfaction that all later engagement grows with.
///
/// A document is its temptation c in [0, 1] (RecSim's clickbait score). The user takes the first of
/// the slate; engagement, the reward, is lognormal about (c · choc + (1 − c) · kale) · σ(s · x), with
/// a deviation between the two in the same way; then x′ = m x − 2 (c − ½) + noise. The exposure x,
/// and with it satisfaction, is hidden.
public struct LongTermSatisfaction: FeatureEnvironments {
  /// The parameters, as RecSim's by default.
  public struct Settings: WorldSettings {
    /// What is offered and shown.
    public var slates = SlateSettings(slate: 1)
    /// m, what is left of the exposure after a step; below 1.
    public var memory = 0.7
    /// s, how much satisfaction depends on the exposure.
    public var sensitivity = 0.01
    /// σ of the noise of the exposure.
    public var innovation = 0.05
    /// Mean of the logarithm of engagement with what is all temptation, at satisfaction 1.
    public var chocMean = 5.0
    /// Standard deviation of that logarithm.
    public var chocDeviation = 1.0
    /// The same for what is none.
    public var kaleMean = 4.0
    /// Standard deviation of that logarithm.
    public var kaleDeviation = 1.0
    /// Steps of an episode.
    public var timeBudget = 60

    public init() {}

    public func validate() throws(ConfigurationError) {
      try slates.validate()
      try ConfigurationError.require("memory", memory, "0 or more and at most 0.999") {
        0...0.999 ~= $0
      }
      try ConfigurationError.require("sensitivity", sensitivity, in: -100...100)
      try ConfigurationError.require("innovation", innovation, in: 0...100)
      for (name, mean) in [("choc mean", chocMean), ("kale mean", kaleMean)] {
        try ConfigurationError.require(name, mean, in: -50...50)
      }
      for (name, deviation) in [
        ("choc deviation", chocDeviation), ("kale deviation", kaleDeviation),
      ] { try ConfigurationError.require(name, deviation, in: 0...5) }
      try ConfigurationError.require("time budget", timeBudget, in: 1...10_000)
    }

    func satisfaction(_ exposure: Double) -> Double { 1 / (1 + exp(-sensitivity * exposure)) }

    /// An exposure in the middle of its range and ± half of what always the same would add up to.
    func start(_ uniform: Double) -> Double { (uniform - 0.5) * (1 / (1 - memory)) }

    /// Mean and standard deviation of the logarithm of engagement.
    func engagement(_ temptation: Double, satisfaction: Double) -> (Double, Double) {
      (
        (temptation * chocMean + (1 - temptation) * kaleMean) * satisfaction,
        temptation * chocDeviation + (1 - temptation) * kaleDeviation
      )
    }

    /// One step by two standard normal draws: what is earned, and the exposure after it.
    package func respond(
      _ exposure: Double, satisfaction: Double, temptation: Double, draws: (Double, Double)
    ) -> (engagement: Double, exposure: Double) {
      let (mean, deviation) = engagement(temptation, satisfaction: satisfaction)
      return (
        exp(mean + deviation * draws.0),
        memory * exposure - 2 * (temptation - 0.5) + innovation * draws.1
      )
    }
  }

  /// What no agent sees.
  public struct Hidden: Hashable, Sendable {
    /// x.
    public var exposure: Double
    /// σ(s · x), 0 ... 1.
    public var satisfaction: Double
    /// Steps left.
    public var timeLeft: Int
  }

  public static let name = "long-term-satisfaction"
  /// The largest engagement that is observed.
  static let mostObserved = 100.0
  /// The parameters.
  public let settings: Settings
  public private(set) var rows: WorldRows
  private var exposures: [Double]
  private var satisfactions: [Double]
  /// [B, N].
  private var temptations: [Double]

  /// Environments `first` ..< `first` + `count` of a seed, in their first episodes.
  public init(
    _ settings: Settings = Settings(), count: Int, first: Int = 0, seed: UInt64
  ) throws(ConfigurationError) {
    try settings.validate()
    self.settings = settings
    let slates = settings.slates
    rows = WorldRows(
      .init(candidates: slates.candidates, document: 1, slate: slates.slate, response: 2),
      count: count, first: first, seed: seed)
    exposures = Array(repeating: 0, count: count)
    satisfactions = exposures
    temptations = Array(repeating: 0, count: count * slates.candidates)
    for row in 0..<count { begin(row) }
  }

  public var actionWidth: Int { settings.slates.slate }

  public func hidden(_ row: Int) -> Hidden {
    Hidden(
      exposure: exposures[row], satisfaction: satisfactions[row],
      timeLeft: settings.timeBudget - rows.steps[row])
  }

  public mutating func begin(_ row: Int) {
    rows.begin(row)
    let word = rows.episodeDraws(row).words(.user).x
    set(row, exposure: settings.start(MomentDraws.uniform(word)))
    offer(row)
  }

  public mutating func step(_ slates: [Int32]) {
    requireSlates(slates)
    let candidates = settings.slates.candidates
    for row in 0..<count {
      if rows.hasEnded(row) {
        rows.rest(row)
        continue
      }
      let words = rows.draws(row).words(.response)
      let shown = Int(slates[row * settings.slates.slate])
      let response = settings.respond(
        exposures[row], satisfaction: satisfactions[row],
        temptation: temptations[row * candidates + shown],
        draws: MomentDraws.normals(words.x, words.y))
      set(row, exposure: response.exposure)
      let place = rows.observation.responseStart(row, 0)
      rows.observation.values[place] = 1
      rows.observation.values[place + 1] = Float(min(response.engagement, Self.mostObserved))
      rows.advance(
        row, reward: response.engagement, terminated: rows.steps[row] + 1 >= settings.timeBudget)
      if settings.slates.resamples { offer(row) }
    }
  }

  private mutating func set(_ row: Int, exposure: Double) {
    exposures[row] = exposure
    satisfactions[row] = settings.satisfaction(exposure)
  }

  private mutating func offer(_ row: Int) {
    let candidates = settings.slates.candidates
    let draws = rows.documentDraws(row, resamples: settings.slates.resamples)
    let start = rows.observation.documentStart(row, 0)
    for block in 0..<(candidates + 3) / 4 {
      let words = draws.words(.documents, block)
      for candidate in 4 * block..<min(4 * block + 4, candidates) {
        let temptation = MomentDraws.uniform(words[candidate % 4])
        temptations[row * candidates + candidate] = temptation
        rows.observation.values[start + candidate] = Float(temptation)
      }
    }
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try rows.save(to: &file, prefix)
    try file.add("\(prefix).exposures", exposures)
  }

  public mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    let found = try rows.restored(from: file, prefix)
    let exposures = try file.doubles("\(prefix).exposures", shape: [count])
    rows = found
    for row in 0..<count {
      set(row, exposure: exposures[row])
      offer(row)
    }
  }
}

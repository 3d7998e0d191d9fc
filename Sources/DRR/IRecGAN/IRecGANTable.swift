import ClickSessions
import DRRCore

/// The results of every method that was compared, a row each.
public struct IRecGANTable: Codable, Sendable {
  /// A method that was compared, in every run that had it; a method that no seed touches has one
  /// run.
  public struct Row: Codable, Sendable {
    public var name: String
    public var foresight: [SessionScores.Summary] = []
    public var online: [SimulationStatistics] = []
    /// Of the sessions that the run's U and A make up together.
    public var simulated: [SessionShape] = []
  }

  /// A mean over runs and its standard error: of the runs where there are several, of the one
  /// otherwise.
  public struct Mean: Codable, Hashable, Sendable {
    public var mean: Double
    public var error: Double?

    init?(_ values: [(mean: Double, error: Double?)]) {
      guard let first = values.first else { return nil }
      mean = values.reduce(0) { $0 + $1.mean } / Double(values.count)
      error =
        standardDeviation(values.map(\.mean)).map { $0 / Double(values.count).squareRoot() }
        ?? first.error
    }

    /// `1.94 ±0.01`
    public func text(_ digits: Int) -> String {
      decimal(mean, digits) + (error.map { " ±\(decimal($0, digits))" } ?? "")
    }
  }

  public var configuration: IRecGANRunConfiguration
  public var seeds: [UInt64]
  public var device: String
  /// Whether the lists that clicks are predicted in were drawn, since the log has none.
  public var listsAreSampled: Bool
  public var sessions: [Int]
  public var testPositions: Int?
  public var skippedPositions: Int?
  public var simulatedSessions: Int?
  /// Of the test sessions.
  public var logged: SessionShape?
  public internal(set) var rows: [Row] = []
  /// IRecGAN less PG of the same run, position by position.
  public internal(set) var gains: [SessionScores.Summary] = []

  init(_ experiments: [IRecGANExperiment], device: String) {
    let first = experiments[0]
    configuration = first.configuration
    seeds = experiments.map(\.configuration.seed)
    sessions = [first.train.count, first.validation.count, first.test.count]
    self.device = device
    listsAreSampled = first.log.listsAreSampled
  }

  private mutating func row(_ name: String, _ change: (inout Row) -> Void) {
    let place = rows.firstIndex { $0.name == name }
    if place == nil { rows.append(Row(name: name)) }
    change(&rows[place ?? rows.count - 1])
  }

  mutating func add(_ name: String, foresight summary: SessionScores.Summary) {
    row(name) { $0.foresight.append(summary) }
  }

  mutating func add(_ name: String, online statistics: SimulationStatistics) {
    row(name) { $0.online.append(statistics) }
  }

  mutating func add(_ name: String, simulated shape: SessionShape) {
    row(name) { $0.simulated.append(shape) }
  }

  /// IRecGAN's P@k among what was shown less PG's, in per cent; `place` counts the cutoffs.
  public func gain(_ place: Int) -> Mean? {
    Mean(gains.map { Row.share($0.reranking[place]) })
  }

  /// Of each run that has both: IRecGAN's reward in the simulator minus PG's.
  public var onlineGain: Mean? {
    func rewards(_ method: IRecGANMethod) -> [SimulationStatistics.Mean] {
      rows.first { $0.name == method.title }?.online.map(\.reward) ?? []
    }
    let pairs = zip(rewards(.irecgan), rewards(.pg))
    return Mean(
      pairs.map { agent, plain in
        let variance =
          agent.standardError * agent.standardError + plain.standardError * plain.standardError
        return (agent.mean - plain.mean, variance.squareRoot())
      })
  }
}

extension IRecGANTable.Row {
  /// P@k among what was shown, in per cent; `place` counts the cutoffs.
  public func reranking(_ place: Int) -> IRecGANTable.Mean? {
    IRecGANTable.Mean(foresight.map { Self.share($0.reranking[place]) })
  }
  /// The share of k recommended items that was clicked, in per cent.
  public func shareOfList(_ place: Int) -> IRecGANTable.Mean? {
    IRecGANTable.Mean(foresight.map { Self.share($0.shareOfList[place]) })
  }
  public var reciprocalRank: IRecGANTable.Mean? {
    IRecGANTable.Mean(
      foresight.map { ($0.reciprocalRank.mean, $0.reciprocalRank.standardError) })
  }
  public var reward: IRecGANTable.Mean? {
    IRecGANTable.Mean(online.map { ($0.reward.mean, $0.reward.standardError) })
  }
  public var clicks: IRecGANTable.Mean? {
    IRecGANTable.Mean(online.map { ($0.clicks.mean, $0.clicks.standardError) })
  }
  /// Of the r items worth most in a state, the share that was in the list.
  public func coverage(_ r: Int) -> IRecGANTable.Mean? {
    IRecGANTable.Mean(
      online.compactMap { $0.coverage.indices.contains(r - 1) ? ($0.coverage[r - 1], nil) : nil })
  }
  public var distinctItems: IRecGANTable.Mean? {
    IRecGANTable.Mean(online.map { (Double($0.distinctItems), nil) })
  }

  /// A figure of the sessions that U and A make up.
  public func simulated(_ figure: (SessionShape) -> Double?) -> IRecGANTable.Mean? {
    IRecGANTable.Mean(simulated.compactMap(figure).map { ($0, nil) })
  }

  fileprivate static func share(_ mean: SessionScores.Mean) -> (mean: Double, error: Double?) {
    (100 * mean.mean, mean.standardError.map { 100 * $0 })
  }
}

import Agents
import DRRCore
import DRRData
import Evaluation

/// One run, evaluated: every ranker over the same sessions.
public struct RunEvaluation: Sendable {
  /// What the run was.
  public struct Run: Codable, Hashable, Sendable {
    /// The seed that it was trained with.
    public var seed: UInt64
    /// The seed of the split.
    public var splitSeed: UInt64
    /// DRR steps behind the agent.
    public var steps: Int
    /// Which of the policies on the way the agent is; nil of a run that was not trained.
    public var policy: PolicyHistory?
    /// The users that have a session, and why others have none.
    public var admission: Session.Admission
    /// Mean number of items to rank a test user.
    public var candidatesPerSession: Double
    /// Of the PMF on the test sessions, in the unit of ratings.
    public var sessionRMSE: Double

    /// A run by its parts.
    public init(
      seed: UInt64, splitSeed: UInt64, steps: Int, policy: PolicyHistory? = nil,
      admission: Session.Admission, candidatesPerSession: Double, sessionRMSE: Double
    ) {
      self.seed = seed
      self.splitSeed = splitSeed
      self.steps = steps
      self.policy = policy
      self.admission = admission
      self.candidatesPerSession = candidatesPerSession
      self.sessionRMSE = sessionRMSE
    }
  }
  /// What was evaluated.
  public var run: Run
  /// The figures of each ranker, users in the same order in all: baselines, agents, the oracle.
  public var scores: [RankerScores]

  /// An evaluation by its parts.
  public init(run: Run, scores: [RankerScores]) {
    self.run = run
    self.scores = scores
  }
}

/// Figures of one ranker over all sessions of all runs.
public struct RankerResult: Codable, Sendable {
  /// At one K. What no session defines is nil.
  public struct Row: Codable, Sendable {
    /// K.
    public var k: Int
    /// P@K: the fraction of the first K items with a reward above 0.
    public var precision: Estimate?
    /// NDCG@K with binary gain, 0 ... 1.
    public var ndcg: Estimate?
    /// DCG@K with binary gain, not normalized.
    public var dcg: Estimate?
    /// Recall@K: the fraction of the liked candidates among the first K.
    public var recall: Estimate?
    /// Mean reward of the first K items, −1 ... 1.
    public var reward: Estimate?
    /// How far the precision is on the way from a random order to the oracle, 0 ... 1; nil where
    /// those two are equal.
    public var gain: Double?
    /// What the lists of K items are like.
    public var lists: ListStatistics?

    /// The estimate of a measure.
    public subscript(measure: Measure) -> Estimate? {
      get { self[keyPath: Self.path(measure)] }
      set { self[keyPath: Self.path(measure)] = newValue }
    }

    private static func path(_ measure: Measure) -> WritableKeyPath<Row, Estimate?> {
      switch measure {
      case .precision: \.precision
      case .ndcg: \.ndcg
      case .dcg: \.dcg
      case .recall: \.recall
      case .reward: \.reward
      }
    }
  }
  /// The ranker's name.
  public var name: String
  /// Its figures, a K at a time.
  public var rows: [Row]
  /// Of an agent.
  public var policy: PolicyStatistics?
}

/// By how much the agent is above a ranker in the same sessions.
public struct PairedDifference: Codable, Sendable {
  /// The ranker that the agent is compared with.
  public var ranker: String
  /// The measure that differs.
  public var measure: Measure
  /// K.
  public var k: Int
  /// The agent's figure minus the ranker's, user by user.
  public var estimate: Estimate
}

/// What an evaluation found, with all that it depends on.
public struct EvaluationReport: Codable, Sendable {
  /// Of the first run; the others differ in their seeds.
  public var configuration: RunConfiguration
  /// The unit of ratings.
  public var ratingUnit = "stars"
  /// Of the random rankers and the intervals.
  public var seed: UInt64
  /// What the figures mean, in a line.
  public var protocolSummary: String
  /// The device that computed them.
  public var device: String
  /// What was evaluated, a run at a time.
  public var runs: [RunEvaluation.Run]
  /// The figures of each ranker.
  public var rankers: [RankerResult]
  /// Users that the intervals resample; nil where an older program did not keep it.
  public var users: Int?
  /// The agent that the differences are of.
  public var agent: String
  /// The agent minus every other ranker.
  public var differences: [PairedDifference]

  /// Sets the runs' sessions side by side. A user is one cluster, however many runs test them.
  ///
  /// - Parameter runs: one or more, with the same rankers, random and oracle among them.
  public init(
    _ runs: [RunEvaluation], agent: String, configuration: RunConfiguration, seed: UInt64,
    protocolSummary: String, device: String
  ) {
    self.configuration = configuration
    self.seed = seed
    self.protocolSummary = protocolSummary
    self.device = device
    self.agent = agent
    self.runs = runs.map(\.run)
    users = Set(runs.flatMap { $0.scores[0].users }).count
    let bootstrap = Bootstrap(clusters: runs.flatMap { $0.scores[0].users }, seed: seed)
    // A run that is not far enough has no cloned policy yet: a method that is not in every run is
    // left out.
    let names = runs[0].scores.map(\.name).filter { name in
      runs.allSatisfy { run in run.scores.contains { $0.name == name } }
    }
    let scores = names.map { name in runs.flatMap { $0.scores.filter { $0.name == name } } }
    rankers = concurrentMap(names.count) { RankerResult(scores[$0], bootstrap) }
    for index in rankers.indices { rankers[index].setGain(from: rankers) }
    let own = scores[names.firstIndex(of: agent)!]
    let others = names.indices.filter { names[$0] != agent }
    differences = concurrentMap(others.count) { at in
      PairedDifference.all(own, scores[others[at]], bootstrap)
    }.flatMap { $0 }
  }

  /// Where it is, the difference from a ranker.
  public func difference(
    from ranker: String, _ measure: Measure, at k: Int
  ) -> Estimate? {
    differences.first { $0.ranker == ranker && $0.measure == measure && $0.k == k }?.estimate
  }
}

extension RankerResult {
  /// `runs`: one ranker in each of the runs.
  init(_ runs: [RankerScores], _ bootstrap: Bootstrap) {
    name = runs[0].name
    policy = PolicyStatistics(mean: runs.compactMap(\.policy))
    rows = runs[0].cutoffs.enumerated().map { index, k in
      var row = Row(k: k)
      for measure in Measure.allCases {
        row[measure] = bootstrap.estimate(runs.flatMap { $0.values(measure, at: k) })
        row[measure]?.deviation = standardDeviation(runs.compactMap { $0.mean(measure, at: k) })
      }
      row.lists = ListStatistics(mean: runs.map { $0.lists[index] })
      return row
    }
  }

  mutating func setGain(from all: [RankerResult]) {
    guard let random = all.first(where: { $0.name == RandomOrder.title }),
      let oracle = all.first(where: { $0.name == Oracle.title })
    else { return }
    for index in rows.indices {
      guard let own = rows[index].precision, let low = random.rows[index].precision,
        let high = oracle.rows[index].precision, high.mean > low.mean
      else { continue }
      rows[index].gain = (own.mean - low.mean) / (high.mean - low.mean)
    }
  }
}

extension PairedDifference {
  static func all(
    _ own: [RankerScores], _ other: [RankerScores], _ bootstrap: Bootstrap
  ) -> [PairedDifference] {
    [Measure.precision, .ndcg, .reward].flatMap { measure in
      own[0].cutoffs.compactMap { k -> PairedDifference? in
        let runs = zip(own, other).map { own, other in
          zip(own.values(measure, at: k), other.values(measure, at: k)).map { a, b in
            a.flatMap { a in b.map { a - $0 } }
          }
        }
        guard var estimate = bootstrap.estimate(runs.flatMap { $0 }) else { return nil }
        estimate.deviation = standardDeviation(
          runs.compactMap { run in
            let found = run.compactMap { $0 }
            return found.isEmpty ? nil : found.reduce(0, +) / Double(found.count)
          })
        return PairedDifference(
          ranker: other[0].name, measure: measure, k: k, estimate: estimate)
      }
    }
  }
}

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
  /// How many ratings of each of those users are known before; empty where it was not counted.
  public var observed: [Int]
  /// What PMF predicts of held-out ratings and what was given, in the unit of ratings.
  public var ratings: [(predicted: Double, given: Double)]

  /// An evaluation by its parts.
  public init(
    run: Run, scores: [RankerScores], observed: [Int] = [],
    ratings: [(predicted: Double, given: Double)] = []
  ) {
    self.run = run
    self.scores = scores
    self.observed = observed
    self.ratings = ratings
  }
}

/// Test users of about the same activity.
public struct ActivityGroup: Codable, Hashable, Sendable {
  /// The fewest and the most ratings that are known of one of them before.
  public var low: Int
  public var high: Int
  /// How many users have an NDCG.
  public var users: Int
  /// Mean NDCG@K of each ranker, by name.
  public var ndcg: [String: Double]
}

/// Held-out ratings of which about the same was predicted.
public struct CalibrationGroup: Codable, Hashable, Sendable {
  /// Mean of what PMF predicts, in the unit of ratings.
  public var predicted: Double
  /// Mean of what was given.
  public var given: Double
  /// How many ratings.
  public var count: Int
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
  /// Thirds of the users by activity; nil where an older program did not keep it.
  public var activity: [ActivityGroup]?
  /// Tenths of the held-out ratings by what is predicted; nil likewise.
  public var calibration: [CalibrationGroup]?

  /// Sets the runs' sessions side by side. A user is one cluster, however many runs test them.
  ///
  /// - Parameters:
  ///   - runs: one or more, with the same rankers, random and oracle among them.
  ///   - ranks: who share the intervals, by ranker; each has the whole report.
  public init(
    _ runs: [RunEvaluation], agent: String, configuration: RunConfiguration, seed: UInt64,
    protocolSummary: String, device: String, among ranks: any Collective = SoleCollective()
  ) throws(CollectiveError) {
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
    let own = scores[names.firstIndex(of: agent)!]
    let others = scores.filter { $0[0].name != agent }
    let share = ranks.share(of: scores.count + others.count)
    let estimates = try ranks.gather(
      concurrentMap(share.count) { at in
        let number = share.lowerBound + at
        return number < scores.count
          ? RankerResult.estimates(scores[number], bootstrap)
          : PairedDifference.estimates(own, others[number - scores.count], bootstrap)
      })
    rankers = zip(scores, estimates).map { RankerResult($0, $1) }
    differences = zip(others, estimates.dropFirst(scores.count)).flatMap {
      PairedDifference.all(from: $0, $1)
    }
    for index in rankers.indices { rankers[index].setGain(from: rankers) }
    let observed = runs.flatMap(\.observed)
    if observed.count == runs.reduce(0, { $0 + $1.scores[0].users.count }), observed.count >= 3 {
      activity = ActivityGroup.thirds(
        observed, zip(names, scores).map { ($0, $1.flatMap { $0.values(.ndcg, at: middle) }) })
    }
    let ratings = runs.flatMap(\.ratings)
    if ratings.count >= 10 { calibration = CalibrationGroup.tenths(ratings) }
  }

  /// The K that tables of one K show.
  package var middle: Int {
    let cutoffs = configuration.evaluation.cutoffs
    return cutoffs.contains(10) ? 10 : cutoffs[(cutoffs.count - 1) / 2]
  }

  /// Where a ranker stands among all.
  package func place(of ranker: String) -> Int {
    rankers.firstIndex { $0.name == ranker } ?? rankers.count
  }

  /// Where it is, the difference from a ranker.
  public func difference(
    from ranker: String, _ measure: Measure, at k: Int
  ) -> Estimate? {
    differences.first { $0.ranker == ranker && $0.measure == measure && $0.k == k }?.estimate
  }
}

extension RankerResult {
  /// Of one ranker in each of the runs each measure, cutoff by cutoff.
  static func estimates(_ runs: [RankerScores], _ bootstrap: Bootstrap) -> [Estimate?] {
    runs[0].cutoffs.flatMap { k in
      Measure.allCases.map { measure in
        var estimate = bootstrap.estimate(runs.flatMap { $0.values(measure, at: k) })
        estimate?.deviation = standardDeviation(runs.compactMap { $0.mean(measure, at: k) })
        return estimate
      }
    }
  }

  /// `runs`: one ranker in each of the runs; `estimates`: of them.
  init(_ runs: [RankerScores], _ estimates: [Estimate?]) {
    name = runs[0].name
    policy = PolicyStatistics(mean: runs.compactMap(\.policy))
    rows = runs[0].cutoffs.enumerated().map { index, k in
      var row = Row(k: k)
      for (place, measure) in Measure.allCases.enumerated() {
        row[measure] = estimates[index * Measure.allCases.count + place]
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
  private static let measures = [Measure.precision, .ndcg, .reward]

  /// Each measure, cutoff by cutoff; nil where no session has both figures.
  static func estimates(
    _ own: [RankerScores], _ other: [RankerScores], _ bootstrap: Bootstrap
  ) -> [Estimate?] {
    measures.flatMap { measure in
      own[0].cutoffs.map { k -> Estimate? in
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
        return estimate
      }
    }
  }

  /// The differences from a ranker that those estimates are of.
  static func all(from other: [RankerScores], _ estimates: [Estimate?]) -> [PairedDifference] {
    let cutoffs = other[0].cutoffs
    return measures.enumerated().flatMap { number, measure in
      cutoffs.enumerated().compactMap { place, k in
        estimates[number * cutoffs.count + place].map {
          PairedDifference(ranker: other[0].name, measure: measure, k: k, estimate: $0)
        }
      }
    }
  }
}

extension ActivityGroup {
  /// Users in three groups by how many ratings of theirs are known, equal numbers together.
  static func thirds(_ observed: [Int], _ values: [(name: String, values: [Double?])]) -> [Self] {
    let order = observed.indices.sorted { (observed[$0], $0) < (observed[$1], $1) }
    var ends = [1, 2, 3].map { $0 * order.count / 3 }
    for place in ends.indices {
      while ends[place] < order.count, ends[place] > 0,
        observed[order[ends[place]]] == observed[order[ends[place] - 1]]
      {
        ends[place] += 1
      }
    }
    return zip([0] + ends, ends).filter { $0 < $1 }.map { start, end in
      let members = order[start..<end]
      let counts = members.map { observed[$0] }
      func found(_ values: [Double?]) -> [Double] { members.compactMap { values[$0] } }
      return ActivityGroup(
        low: counts.min()!, high: counts.max()!,
        users: values.map { found($0.values).count }.max() ?? 0,
        ndcg: Dictionary(
          values.compactMap { name, values in
            let own = found(values)
            return own.isEmpty ? nil : (name, own.reduce(0, +) / Double(own.count))
          }, uniquingKeysWith: { first, _ in first }))
    }
  }
}

extension CalibrationGroup {
  static func tenths(_ ratings: [(predicted: Double, given: Double)]) -> [Self] {
    let sorted = ratings.sorted { $0 < $1 }
    return (0..<10).map { tenth in
      let part = sorted[tenth * sorted.count / 10..<(tenth + 1) * sorted.count / 10]
      let count = Double(part.count)
      return CalibrationGroup(
        predicted: part.reduce(0) { $0 + $1.predicted } / count,
        given: part.reduce(0) { $0 + $1.given } / count, count: part.count)
    }
  }
}

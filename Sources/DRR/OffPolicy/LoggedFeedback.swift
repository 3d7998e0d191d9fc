import DRRData
import Tensor

/// Decisions that a policy took by chance: in which context, at which position, which action, with
/// which probability, and what it earned.
public struct LoggedFeedback: Sendable {
  public var name: String
  /// When, in the unit of the file (Open Bandit: microseconds since 1970); empty where unknown.
  public internal(set) var times: [Int64] = []
  /// Decisions of one cluster may depend on each other; those of two do not.
  public internal(set) var clusters: [Int32] = []
  /// 0 ..< positionCount.
  public internal(set) var positions: [Int32] = []
  /// 0 ..< actionCount; where decisions have candidates of their own, the place among these.
  public internal(set) var actions: [Int32] = []
  public internal(set) var rewards: [Double] = []
  /// The probability of the logged action in its context and position, in (0, 1].
  public internal(set) var propensities: [Double] = []
  /// The actions' ids in the file, by action; of candidates their places, from 1 on.
  public internal(set) var actionIDs: [String]
  public internal(set) var positionIDs: [String]
  public internal(set) var clusterCount = 0
  /// What makes a cluster, in words.
  public internal(set) var clustering: String
  /// One row a decision, or none at all.
  public internal(set) var context: FeatureTable
  /// One row an action, or none at all; of candidates a row for all that are alike.
  public internal(set) var actionFeatures = FeatureTable()
  /// What each decision could choose from; empty where that was every action in each.
  public internal(set) var candidates = Candidates()
  /// How many decisions each row stands for, where some kinds of them were left out of the log by
  /// chance; empty where all stand for themselves.
  public internal(set) var multiplicities: [Double] = []
  /// What whoever reads values of the log has to know, a sentence each.
  public internal(set) var notes: [String] = []
  /// How near each action is to the user of each decision.
  public internal(set) var affinities = Affinities()

  public var count: Int { actions.count }
  public var actionCount: Int { actionIDs.count }
  public var positionCount: Int { positionIDs.count }
  /// The decisions that the log stands for.
  public var total: Double {
    multiplicities.isEmpty ? Double(count) : multiplicities.reduce(0, +)
  }

  /// How many decisions a row stands for.
  package func multiplicity(_ row: Int) -> Double {
    multiplicities.isEmpty ? 1 : multiplicities[row]
  }

  /// How many actions a decision could choose from.
  package func choiceCount(_ row: Int) -> Int {
    candidates.isEmpty ? actionCount : candidates.count(of: row)
  }

  /// The row of the action features that an action of a decision has.
  @inline(__always)
  package func featureRow(_ row: Int, _ action: Int) -> Int {
    candidates.isEmpty ? action : candidates.row(row, action)
  }

  init(name: String, context: FeatureTable, clustering: String) {
    self.name = name
    self.context = context
    self.clustering = clustering
    actionIDs = []
    positionIDs = []
  }

  /// A log at one position, known to be right.
  init(
    name: String, clustering: String, clusters: [Int32], actions: [Int32], rewards: [Double],
    propensities: [Double], actionCount: Int, context: FeatureTable
  ) {
    self.init(name: name, context: context, clustering: clustering)
    self.actions = actions
    self.rewards = rewards
    self.propensities = propensities
    positions = Array(repeating: 0, count: actions.count)
    actionIDs = (0..<actionCount).map(String.init)
    positionIDs = ["1"]
    setClusters(clusters)
  }

  /// A log of columns of one length.
  ///
  /// - Parameters:
  ///   - users: the users that the decisions were for; nil makes every decision a cluster.
  ///   - positions: nil: all at one.
  /// - Throws: where a propensity is not in (0, 1] or a reward is not finite.
  public init(
    name: String, users: [Int32]? = nil, positions: [Int32]? = nil, actions: [Int32],
    rewards: [Double], propensities: [Double], actionCount: Int, positionCount: Int = 1,
    context: FeatureTable = FeatureTable()
  ) throws(LineFault) {
    self.init(name: name, context: context, clustering: users == nil ? "row" : "user")
    let n = actions.count
    require(
      rewards.count == n && propensities.count == n && users?.count ?? n == n
        && positions?.count ?? n == n && (context.count == n || context.count == 0),
      "columns of a log differ in length: \(n) actions")
    require(
      actions.allSatisfy { 0..<actionCount ~= Int($0) }
        && positions?.allSatisfy { 0..<positionCount ~= Int($0) } ?? true,
      "an action or position of a log is outside \(actionCount) and \(positionCount)")
    for row in 0..<n {
      if !(propensities[row] > 0 && propensities[row] <= 1) {
        throw LineFault(
          file: name, line: row + 1, found: "the propensity is \(propensities[row])",
          expected: LineFault.propensity)
      }
      if !rewards[row].isFinite {
        throw LineFault(
          file: name, line: row + 1, found: "the reward is \(rewards[row])", expected: "a number")
      }
    }
    self.actions = actions
    self.rewards = rewards
    self.propensities = propensities
    self.positions = positions ?? Array(repeating: 0, count: n)
    actionIDs = (0..<actionCount).map(String.init)
    positionIDs = (0..<positionCount).map { String($0 + 1) }
    setClusters(users ?? (0..<Int32(n)).map { $0 })
  }

  /// Numbers the clusters 0, 1, ... in the order of their first row.
  mutating func setClusters(_ names: [Int32]) {
    var numbers: [Int32: Int32] = [:]
    clusters = names.map { name in
      if let number = numbers[name] { return number }
      let number = Int32(numbers.count)
      numbers[name] = number
      return number
    }
    clusterCount = numbers.count
  }

  /// The same log, every row for itself.
  public func clusteredByRow() -> LoggedFeedback {
    var log = self
    log.clustering = "row"
    log.setClusters((0..<Int32(count)).map { $0 })
    return log
  }

  /// Whether every reward is 0 or 1.
  public var rewardsAreBinary: Bool { rewards.allSatisfy { $0 == 0 || $0 == 1 } }
}

/// Values of a few actions in each row; 0 for all others.
public struct Affinities: Sendable {
  private var offsets: [Int] = [0]
  private var actions: [Int32] = []
  private var values: [Float] = []

  public var isEmpty: Bool { actions.isEmpty }

  mutating func append(_ value: Double, of action: Int) {
    actions.append(Int32(action))
    values.append(Float(value))
  }

  mutating func endRow() { offsets.append(actions.count) }

  /// Calls `body` with each action of a row that has a value.
  func forEach(of row: Int, _ body: (Int, Double) -> Void) {
    guard row + 1 < offsets.count else { return }
    for at in offsets[row]..<offsets[row + 1] { body(Int(actions[at]), Double(values[at])) }
  }

  /// The value of an action in a row.
  public func value(_ row: Int, _ action: Int) -> Double {
    guard row + 1 < offsets.count else { return 0 }
    for at in offsets[row]..<offsets[row + 1] where actions[at] == Int32(action) {
      return Double(values[at])
    }
    return 0
  }
}

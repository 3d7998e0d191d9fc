import DRRCore
import DRRData
import Tensor

/// Sessions of decisions, one after the other, with the propensity of each.
public struct Trajectories: Sendable {
  public var name: String
  /// Session i has the steps offsets[i] ..< offsets[i + 1].
  public private(set) var offsets: [Int] = [0]
  /// The state before each step; all 0 where the file tells none.
  public private(set) var states: [Int32] = []
  public private(set) var actions: [Int32] = []
  public private(set) var rewards: [Double] = []
  public private(set) var propensities: [Double] = []
  /// The target policy's probability of each logged action, where the file tells it.
  public private(set) var targets: [Double] = []
  public private(set) var stateIDs: [String]
  public private(set) var actionIDs: [String]
  /// Whether the file tells states.
  public private(set) var hasStates: Bool

  public init(name: String, stateIDs: [String], actionIDs: [String]) {
    self.name = name
    self.stateIDs = stateIDs
    self.actionIDs = actionIDs
    hasStates = true
  }

  public var count: Int { offsets.count - 1 }
  public var stepCount: Int { actions.count }
  public var stateCount: Int { stateIDs.count }
  public var actionCount: Int { actionIDs.count }
  public func steps(of session: Int) -> Range<Int> { offsets[session]..<offsets[session + 1] }
  public var longest: Int { (0..<count).reduce(0) { max($0, steps(of: $1).count) } }

  /// Adds a step to the session that is being written; its propensity must be in (0, 1].
  public mutating func addStep(
    state: Int32, action: Int32, reward: Double, propensity: Double, target: Double? = nil
  ) {
    require(propensity > 0 && propensity <= 1, "a propensity is \(propensity)")
    states.append(state)
    actions.append(action)
    rewards.append(reward)
    propensities.append(propensity)
    if let target { targets.append(target) }
  }

  public mutating func endSession() { offsets.append(actions.count) }

  private struct Layout {
    var session = 0
    var step = 0
    var action = 0
    var reward = 0
    var propensity = 0
    var state: Int?
    var target: Int?
  }

  private struct Step {
    var session: Int32
    var step: Int64
    var line: Int
    var state: Int32
    var action: Int32
    var reward: Double
    var propensity: Double
    var target: Double?
  }

  /// Reads `session,step,action,reward,propensity` and, as the file has them, `state` and `target`,
  /// the target policy's probability of the action. Steps are put in their order.
  public static func read(
    csv path: String, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> Trajectories {
    let rows = try HeadedRows(path: path, progress)
    var layout = Layout()
    var (sessions, states, actions) = (RawIDs(), RawIDs(), RawIDs())
    var steps: [Step] = []
    try rows.forEach { (columns) throws(DataError) in
      layout.session = try columns.place("session", "the session of the step")
      layout.step = try columns.place("step", "the number of the step in its session")
      layout.action = try columns.place("action", "the action that was taken")
      layout.reward = try columns.place("reward", "what the action earned")
      layout.propensity = try columns.place("propensity", LineFault.propensity)
      layout.state = columns.index("state")
      layout.target = columns.index("target")
    } row: { (row) throws(DataError) in
      guard let step = Number.seconds(row.fields[layout.step]) else {
        throw row.fault("step", row.fields[layout.step], "a whole number")
      }
      var target: Double?
      if let column = layout.target {
        guard let value = Number.decimal(row.fields[column]), value >= 0, value <= 1 else {
          throw row.fault("target", row.fields[column], "a number in 0 ... 1")
        }
        target = value
      }
      steps.append(
        Step(
          session: try row.intern(layout.session, "session", &sessions), step: step,
          line: row.line,
          state: try layout.state.map { (at) throws(DataError) in
            try row.intern(at, "state", &states)
          } ?? 0,
          action: try row.intern(layout.action, "action", &actions),
          reward: try row.number(layout.reward, "reward"),
          propensity: try row.probability(layout.propensity, "propensity"), target: target))
    }
    if steps.isEmpty {
      throw .fault(rows.source.name, found: "no steps", expected: "one a line")
    }
    steps.sort { ($0.session, $0.step, $0.line) < ($1.session, $1.step, $1.line) }
    let places = (states.sort(), actions.sort())
    var log = Trajectories(
      name: path.lastPathPart, stateIDs: layout.state == nil ? ["any"] : Array(states),
      actionIDs: Array(actions))
    log.hasStates = layout.state != nil
    for (at, step) in steps.enumerated() {
      if at > 0, steps[at - 1].session == step.session, steps[at - 1].step == step.step {
        throw .fault(
          rows.source.name, line: max(steps[at - 1].line, step.line),
          found: "step \(step.step) of session \(sessions[Int(step.session)]) stands here again",
          expected: "each once")
      }
      if at > 0, steps[at - 1].session != step.session { log.endSession() }
      log.addStep(
        state: layout.state == nil ? 0 : places.0[Int(step.state)],
        action: places.1[Int(step.action)], reward: step.reward, propensity: step.propensity,
        target: step.target)
    }
    log.endSession()
    try log.requireSize(rows.source.name)
    return log
  }

  /// Numbers that one table may hold.
  static let cellLimit = 50_000_000

  /// What is made of a log has a row a session and a column a step, and a value for every state,
  /// action and step.
  private func requireSize(_ file: String) throws(DataError) {
    let limit = Self.cellLimit
    let longest = longest
    if count.multipliedReportingOverflow(by: longest).overflow || count * longest > limit {
      throw .tooLarge(
        file: file, what: "steps, were every session as long as the longest", limit: limit)
    }
    let pairs = stateCount.multipliedReportingOverflow(by: actionCount)
    if pairs.overflow || pairs.partialValue > limit / (longest + 1) {
      throw .tooLarge(
        file: file, what: "triples of a state, an action and a step", limit: limit)
    }
  }

  /// Writes the log as `read(csv:)` reads it.
  public func write(csv path: String) throws(DataError) {
    let file = try OutputFile(path: path)
    let hasTargets = !targets.isEmpty
    try file.write("session,step,state,action,reward,propensity\(hasTargets ? ",target" : "")\n")
    for session in 0..<count {
      for (step, at) in steps(of: session).enumerated() {
        try file.write(
          "\(session),\(step),\(stateIDs[Int(states[at])]),\(actionIDs[Int(actions[at])]),"
            + "\(rewards[at]),\(propensities[at])\(hasTargets ? ",\(targets[at])" : "")\n")
      }
    }
    try file.finish()
  }
}

/// A policy of states that are numbered.
public struct StatePolicy: Sendable {
  public let name: String
  public let actionCount: Int
  /// [states, actions].
  public let table: [Double]

  public init(name: String, actionCount: Int, table: [Double]) {
    self.name = name
    self.actionCount = actionCount
    self.table = table
  }

  public static func uniform(_ log: Trajectories) -> StatePolicy {
    StatePolicy(
      name: "uniform", actionCount: log.actionCount,
      table: Array(
        repeating: 1 / Double(log.actionCount), count: log.stateCount * log.actionCount))
  }

  public subscript(state: Int32, action: Int32) -> Double {
    table[Int(state) * actionCount + Int(action)]
  }

  /// Reads `state,action,probability`, or `action,probability` for every state.
  public static func read(
    _ path: String, for log: Trajectories
  ) throws(DataError) -> StatePolicy {
    let rows = try HeadedRows(path: path)
    let (actions, states) = (RawIDs(log.actionIDs), RawIDs(log.stateIDs))
    var (state, action, probability): (Int?, Int, Int) = (nil, 0, 0)
    var table = [Double](repeating: 0, count: log.stateCount * log.actionCount)
    try rows.forEach { (header) throws(DataError) in
      action = try header.place("action", "the action's id")
      probability = try header.place("probability", "the action's probability")
      state = header.index("state")
    } row: { (row) throws(DataError) in
      guard let action = actions.lookup(row.fields[action]) else {
        throw row.fault("action", row.fields[action], "an action of \(log.name)")
      }
      guard let value = Number.decimal(row.fields[probability]), value >= 0, value <= 1 else {
        throw row.fault("probability", row.fields[probability], "a number in 0 ... 1")
      }
      guard let column = state else {
        for state in 0..<log.stateCount { table[state * log.actionCount + action] = value }
        return
      }
      guard let place = states.lookup(row.fields[column]) else {
        throw row.fault("state", row.fields[column], "a state of \(log.name)")
      }
      table[place * log.actionCount + action] = value
    }
    for state in 0..<log.stateCount {
      let sum = table[state * log.actionCount..<(state + 1) * log.actionCount].reduce(0, +)
      if abs(sum - 1) > 1e-6 {
        throw .fault(
          rows.source.name,
          found: "the probabilities in state \(log.stateIDs[state]) sum to \(sum)", expected: "1")
      }
    }
    return StatePolicy(name: path.lastPathPart, actionCount: log.actionCount, table: table)
  }

  /// Writes the policy as `read` reads it.
  public func write(
    _ path: String, stateIDs: [String], actionIDs: [String]
  ) throws(DataError) {
    let file = try OutputFile(path: path)
    try file.write("state,action,probability\n")
    for (state, name) in stateIDs.enumerated() {
      for (action, other) in actionIDs.enumerated() {
        try file.write("\(name),\(other),\(table[state * actionCount + action])\n")
      }
    }
    try file.finish()
  }
}

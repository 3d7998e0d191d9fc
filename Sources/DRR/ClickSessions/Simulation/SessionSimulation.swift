import DRRCore
import Tensor

/// Sessions of a simulator's users with a policy that fills their lists.
public struct SessionSimulation: Sendable {
  /// How many sessions.
  public enum Count: Hashable, Sendable {
    case sessions(Int)
    /// As many as it takes for so many to have a click and be left by their users: the rule of the
    /// public code for logs. All sessions on the way are kept.
    case clicked(Int)
  }

  public var count: Count
  /// Items of a list.
  public var listSize: Int
  public var seed: UInt64
  /// Sessions at a time.
  public var batch = 1_024
  /// Whether the result has the sessions themselves.
  public var keepsLog = true

  public init(_ count: Count, listSize: Int, seed: UInt64) {
    self.count = count
    self.listSize = listSize
    self.seed = seed
  }

  public struct Result {
    public var log: SessionLog
    public var statistics: SimulationStatistics
  }

  /// Sessions that are simulated side by side at most; each has a state of its own.
  package static let mostAtOnce = 10_000

  /// Sessions that a log, or a mean, can be of: they take some gigabytes.
  package static let mostSessions = 10_000_000

  package static func requireCount(
    _ sessions: Int, _ name: String = "sessions"
  ) throws(ConfigurationError) {
    try ConfigurationError.require(name, sessions, in: 1...mostSessions)
  }

  /// Runs `sessions` sessions.
  public static func run(
    _ world: any SlateEnvironment, _ policy: any ListPolicy, sessions: Int, listSize: Int,
    seed: UInt64
  ) throws -> Result {
    try SessionSimulation(.sessions(sessions), listSize: listSize, seed: seed).run(world, policy)
  }

  /// Sessions go on until their users leave or they have the simulator's most steps.
  ///
  /// - Parameter progress: told of the sessions done and wanted.
  /// - Throws: ``ConfigurationError`` for settings that cannot work, lists that are none, or where
  ///   a thousand times the sessions asked for are not enough; what simulator and policy throw.
  public func run(
    _ world: any SlateEnvironment, _ policy: any ListPolicy,
    progress: (_ done: Int, _ wanted: Int) -> Void = { _, _ in }
  ) throws -> Result {
    let wanted =
      switch count {
      case .sessions(let number), .clicked(let number): number
      }
    try Self.requireCount(wanted)
    try ConfigurationError.require("batch", batch, in: 1...Self.mostAtOnce)
    try ConfigurationError.require("list size", listSize, "from 1 to the \(world.itemCount) items")
    {
      $0 >= 1 && $0 <= world.itemCount
    }
    var log = SessionLog(
      name: policy.name, format: "simulated", checksum: "", itemCount: world.itemCount)
    var tally = SimulationTally(items: world.itemCount)
    var seeds = Philox(seed: seed, stream: Streams.simulation)
    var clicked = 0
    func isDone() -> Bool {
      if case .clicked = count { return clicked >= wanted }
      return tally.sessions >= wanted
    }
    while !isDone() {
      guard tally.sessions < 1_000 * wanted else {
        throw ConfigurationError(
          "of \(tally.sessions) sessions \(clicked) have a click and an end; \(wanted) are wanted")
      }
      let size: Int
      if case .sessions = count { size = min(batch, wanted - tally.sessions) } else { size = batch }
      let sessions = try simulate(size, world, policy, &seeds)
      for session in sessions where !isDone() {
        if session.clicks.count > 1, session.ended { clicked += 1 }
        tally.add(session)
        if keepsLog { session.write(to: &log, listSize) }
      }
      if case .clicked = count {
        progress(clicked, wanted)
      } else {
        progress(tally.sessions, wanted)
      }
    }
    return Result(log: log, statistics: tally.statistics)
  }

  private func simulate(
    _ size: Int, _ world: any SlateEnvironment, _ policy: any ListPolicy, _ seeds: inout Philox
  ) throws -> [SimulatedSession] {
    let starts = try world.begin(size, seed: seeds.next())
    try policy.begin(starts, seed: seeds.next())
    var sessions = starts.map { SimulatedSession(start: $0) }
    var open = Array(0..<size)
    var steps = 1
    while !open.isEmpty, steps < world.longestSession {
      let states = world.states
      let ranked = try world.rankedItems(best: SimulationStatistics.coverageDepth, in: open)
      let lists = try policy.lists(of: listSize)
      try check(lists, size, world.itemCount, policy.name, open)
      let responses = try world.respond(to: lists, size: listSize)
      var clicks = [Int32](repeating: -1, count: size)
      for session in open {
        let list = lists[session * listSize..<(session + 1) * listSize]
        clicks[session] = responses[session].click
        sessions[session].step(
          list, responses[session], state: states?[session], best: ranked[session])
      }
      try policy.observe(clicks)
      open.removeAll { clicks[$0] < 0 }
      steps += 1
    }
    if let states = world.states {
      for session in sessions.indices { sessions[session].lastState = states[session] }
    }
    return sessions
  }

  private func check(
    _ lists: [Int32], _ sessions: Int, _ items: Int, _ policy: String, _ open: [Int]
  ) throws(ConfigurationError) {
    guard lists.count == sessions * listSize else {
      throw ConfigurationError(
        "\(policy) gives \(lists.count) items; it must be \(listSize) for each of \(sessions)"
          + " sessions")
    }
    var lastSeen = [Int](repeating: -1, count: items)
    for session in open {
      for item in lists[session * listSize..<(session + 1) * listSize] {
        guard item >= 0, Int(item) < items, lastSeen[Int(item)] != session else {
          throw ConfigurationError(
            "\(policy) shows item \(item); each item of a list must be another one from 0 to"
              + " \(items - 1)")
        }
        lastSeen[Int(item)] = session
      }
    }
  }
}

/// A session that is being simulated; `lists` may have one more than there are clicks after the
/// start, the list at which the user left.
struct SimulatedSession {
  var clicks: [Int32]
  var rewards: [Float] = [0]
  var lists: [Int32] = []
  var states: [Int32] = []
  var lastState: Int32?
  var ended = false
  /// Lists shown, and how many of the true best r were in them, r = 1, 2, ...
  var listCount = 0
  var covered: [Int] = []

  init(start: Int32) { clicks = [start] }

  mutating func step(
    _ list: ArraySlice<Int32>, _ response: SessionResponse, state: Int32?, best: [Int32]
  ) {
    listCount += 1
    if covered.isEmpty { covered = Array(repeating: 0, count: best.count) }
    var found = 0
    for (rank, item) in best.enumerated() {
      if list.contains(item) { found += 1 }
      covered[rank] += found
    }
    lists.append(contentsOf: list)
    if let state {
      if states.isEmpty { states.append(state) }
      states.append(state)
    }
    if response.click < 0 {
      ended = true
      // The user saw this list, and the log has no step for it.
      if state != nil { states.removeLast() }
    } else {
      clicks.append(response.click)
      rewards.append(response.reward)
    }
  }

  func write(to log: inout SessionLog, _ size: Int) {
    for step in clicks.indices {
      log.addStep(
        click: clicks[step], reward: rewards[step],
        list: step == 0 ? [] : lists[(step - 1) * size..<step * size],
        state: states.isEmpty ? nil : states[step])
    }
    log.endSession(ended: ended, state: states.isEmpty ? nil : lastState)
  }
}

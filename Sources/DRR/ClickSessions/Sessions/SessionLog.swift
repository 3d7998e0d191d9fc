/// Sessions in the order of their file: what was clicked, what had been shown, what it earned.
///
/// The first step of a session is its start: it is known, never predicted. Items are
/// 0 ..< itemCount; itemCount itself stands for the end of a session.
public struct SessionLog: Sendable {
  public var name: String
  public var format: String
  /// CRC-32 of the files read.
  public var checksum: String
  public var itemCount: Int
  /// The items' ids in the files, by item.
  public var itemIDs: [String]
  /// Session s has the steps offsets[s] ..< offsets[s + 1], at least one.
  public private(set) var offsets: [Int] = [0]
  public private(set) var clicks: [Int32] = []
  public private(set) var rewards: [Float] = []
  /// The state before each step, where the file tells it.
  public private(set) var states: [Int32] = []
  /// Step i was shown shown[listOffsets[i] ..< listOffsets[i + 1]]; nothing where no list is known.
  public private(set) var listOffsets: [Int] = [0]
  public private(set) var shown: [Int32] = []
  /// The state after each session's last step, where the file tells it.
  public private(set) var lastStates: [Int32] = []
  /// Whether a session was left by the user; false where the log cuts it off at its limit.
  public private(set) var ended: [Bool] = []
  /// Whether the lists hold items that no user is known to have been shown: the click and negatives
  /// that were drawn.
  public var listsAreSampled = false
  /// What the reader had to leave out or repair.
  public var repairs = SessionRepairs()

  public init(
    name: String, format: String, checksum: String, itemCount: Int, itemIDs: [String]? = nil
  ) {
    self.name = name
    self.format = format
    self.checksum = checksum
    self.itemCount = itemCount
    self.itemIDs = itemIDs ?? (0..<itemCount).map(String.init)
  }

  public var count: Int { ended.count }
  public var stepCount: Int { clicks.count }
  /// The item number that stands for leaving.
  public var end: Int32 { Int32(itemCount) }
  /// Steps that can be predicted.
  public var targetCount: Int { stepCount - count }
  public var longestSession: Int {
    (0..<count).reduce(0) { max($0, steps(of: $1).count) }
  }
  public var longestList: Int {
    (0..<stepCount).reduce(0) { max($0, listOffsets[$1 + 1] - listOffsets[$1]) }
  }

  public func steps(of session: Int) -> Range<Int> { offsets[session]..<offsets[session + 1] }
  public func clicks(of session: Int) -> ArraySlice<Int32> { clicks[steps(of: session)] }
  public func list(of step: Int) -> ArraySlice<Int32> {
    shown[listOffsets[step]..<listOffsets[step + 1]]
  }

  /// Adds a step to the session that is being written.
  public mutating func addStep(
    click: Int32, reward: Float = 0, list: some Sequence<Int32> = EmptyCollection<Int32>(),
    state: Int32? = nil
  ) {
    clicks.append(click)
    rewards.append(reward)
    shown.append(contentsOf: list)
    listOffsets.append(shown.count)
    if let state { states.append(state) }
  }

  /// Closes the session that is being written.
  public mutating func endSession(ended isEnded: Bool, state: Int32? = nil) {
    offsets.append(clicks.count)
    ended.append(isEnded)
    if let state { lastStates.append(state) }
  }

  /// Sessions of fewer steps than the longest allowed were left by the user.
  mutating func markEnded(longest: Int) {
    for session in 0..<count { ended[session] = steps(of: session).count < longest }
  }

  /// Some sessions, in this order.
  public func selecting(_ sessions: some Sequence<Int>) -> SessionLog {
    var part = SessionLog(
      name: name, format: format, checksum: checksum, itemCount: itemCount, itemIDs: itemIDs)
    part.listsAreSampled = listsAreSampled
    for session in sessions {
      for step in steps(of: session) {
        part.addStep(
          click: clicks[step], reward: rewards[step], list: list(of: step),
          state: states.isEmpty ? nil : states[step])
      }
      part.endSession(
        ended: ended[session], state: lastStates.isEmpty ? nil : lastStates[session])
    }
    return part
  }
}

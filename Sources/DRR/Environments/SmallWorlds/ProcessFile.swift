import DRRCore
import DRRData
import Tensor

/// A tabular MDP in a file of comma-separated values with the header
/// `state,action,probability,next,reward,done`: a line for each outcome of an action in a state. Ids
/// are text; `done` is 1 or true where the episode ends by the outcome, else 0 or false. Another file,
/// `state,probability`, may say where episodes begin; else they begin in the state named first.
public struct ProcessFile: Codable, Hashable, Sendable {
  /// Where it lies.
  public var path: String
  /// Where the file of starts lies; nil: episodes begin in the state named first.
  public var start: String?
  /// CRC-32 of the one, or of both.
  public var checksum: String
  /// How many states and actions it has; nil in runs of older programs.
  public var states, actions: Int?

  /// A file by its place and what it holds.
  public init(
    path: String, start: String?, checksum: String, states: Int? = nil, actions: Int? = nil
  ) {
    (self.path, self.start, self.checksum) = (path, start, checksum)
    (self.states, self.actions) = (states, actions)
  }

  /// γ of processes in files, unless another is set.
  public static let discount = 0.99
  /// How far from 1 a sum of probabilities may be: thirds may be written with six digits.
  static let mostRounding = 1e-5
  /// Pairs of a state and an action that are held at most.
  static let mostPairs = 1 << 24

  /// Reads a process.
  ///
  /// - Throws: `DataError` that names file, line, value and what was expected.
  public static func read(
    _ path: String, start: String? = nil
  ) throws(DataError) -> (file: ProcessFile, process: FiniteProcess) {
    let table = try ProcessTable(path)
    let outcomes = try table.distributions()
    let found = try start.map { (path) throws(DataError) in try readStarts(path, table) }
    let process = FiniteProcess(
      path.lastPathPart, states: Array(table.states), actions: Array(table.actions), start: 0,
      starts: found?.starts, discount: discount,
      terminal: Set(0..<table.states.count).subtracting(table.chooses)
    ) { outcomes[table.pair($0, $1)]! }
    let checksum = table.checksum + (found.map { "-" + $0.checksum } ?? "")
    let file = ProcessFile(
      path: path, start: start, checksum: checksum, states: process.states.count,
      actions: process.actions.count)
    return (file, process)
  }

  private static func readStarts(
    _ path: String, _ table: ProcessTable
  ) throws(DataError) -> (starts: [FiniteProcess.Start], checksum: String) {
    var places = (state: 0, probability: 0)
    var starts: [FiniteProcess.Start] = []
    var given: Set<Int> = []
    let rows = try HeadedRows(path: path)
    let checksum = try rows.forEach { (columns) throws(DataError) in
      places.state = try columns.place("state", "the columns state,probability")
      places.probability = try columns.place("probability", "the columns state,probability")
    } row: { (row) throws(DataError) in
      let field = row.fields[places.state]
      guard let state = table.states.lookup(field), table.chooses.contains(state) else {
        throw row.fault("state", field, "a state with actions")
      }
      guard given.insert(state).inserted else { throw row.fault("state", field, "each state once") }
      starts.append(
        .init(state: state, probability: try row.share(places.probability, "probability")))
    }
    let sum = starts.reduce(0) { $0 + $1.probability }
    guard abs(sum - 1) <= mostRounding else {
      throw .fault(rows.source.name, found: "the probabilities sum to \(sum)", expected: "1")
    }
    return (starts.map { .init(state: $0.state, probability: $0.probability / sum) }, checksum)
  }
}

/// The outcomes of a file as its lines have them.
private struct ProcessTable {
  private(set) var (states, actions) = (RawIDs(), RawIDs())
  /// The states that have actions.
  private(set) var chooses: Set<Int> = []
  private(set) var checksum = ""
  private let file: String
  private var lines: [(state: Int, action: Int, outcome: FiniteProcess.Outcome)] = []

  init(_ path: String) throws(DataError) {
    let rows = try HeadedRows(path: path)
    file = rows.source.name
    let names = ["state", "action", "probability", "next", "reward", "done"]
    let header = names.joined(separator: ",")
    var places: [Int] = []
    checksum = try rows.forEach { (columns) throws(DataError) in
      for name in names { places.append(try columns.place(name, "the columns \(header)")) }
    } row: { (row) throws(DataError) in
      let state = try row.intern(places[0], "state", &states)
      let action = try row.intern(places[1], "action", &actions)
      let next = try row.intern(places[3], "next", &states)
      let reward = try row.number(places[4], "reward")
      // Learners keep rewards in 32 bits.
      guard Float(reward).isFinite else {
        throw row.fault("reward", row.fields[places[4]], "a number within 3e38 of 0")
      }
      let done = row.fields[places[5]]
      let ends: Bool
      switch String(decoding: done, as: UTF8.self).lowercased() {
      case "1", "true": ends = true
      case "0", "false": ends = false
      default: throw row.fault("done", done, "0, 1, false or true")
      }
      let probability = try row.share(places[2], "probability")
      lines.append(
        (
          Int(state), Int(action),
          .init(probability, next: Int(next), reward: reward, terminates: ends)
        ))
    }
    chooses = Set(lines.map(\.state))
  }

  /// The place of a pair.
  func pair(_ state: Int, _ action: Int) -> Int { state * actions.count + action }

  /// What each action leads to in the states that have some, by pair; probabilities sum to 1.
  func distributions() throws(DataError) -> [Int: [FiniteProcess.Outcome]] {
    guard !lines.isEmpty else { throw fault("no outcome", "a line for each") }
    guard states.count <= ProcessFile.mostPairs / actions.count else {
      throw .tooLarge(
        file: file, what: "pairs of a state and an action", limit: ProcessFile.mostPairs)
    }
    var outcomes: [Int: [FiniteProcess.Outcome]] = [:]
    for (state, action, outcome) in lines {
      guard outcome.terminates || chooses.contains(outcome.next) else {
        throw fault(
          "\(name(state, action)) leads to \(name(states, outcome.next)), in which no action stands",
          "actions there, or done 1")
      }
      outcomes[pair(state, action), default: []].append(outcome)
    }
    for state in chooses.sorted() {
      for action in 0..<actions.count {
        guard let found = outcomes[pair(state, action)] else {
          throw fault(
            "no outcome of \(name(state, action))", "each action in every state that has one")
        }
        let sum = found.reduce(0) { $0 + $1.probability }
        guard abs(sum - 1) <= ProcessFile.mostRounding else {
          throw fault("the probabilities of \(name(state, action)) sum to \(sum)", "1")
        }
        outcomes[pair(state, action)] = found.map {
          .init($0.probability / sum, next: $0.next, reward: $0.reward, terminates: $0.terminates)
        }
      }
    }
    return outcomes
  }

  private func name(_ ids: RawIDs, _ index: Int) -> String { "\"\(quoted(ids[index]))\"" }

  private func name(_ state: Int, _ action: Int) -> String {
    "\(name(actions, action)) in \(name(states, state))"
  }

  private func fault(_ found: String, _ expected: String) -> DataError {
    .fault(file, found: found, expected: expected)
  }
}

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

  /// A file by its place and what it holds.
  public init(path: String, start: String?, checksum: String) {
    (self.path, self.start, self.checksum) = (path, start, checksum)
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
    var (states, actions) = (RawIDs(), RawIDs())
    var outcomes: [Int: [FiniteProcess.Outcome]] = [:]
    var places: [Int] = []
    let rows = try HeadedRows(path: path)
    let names = ["state", "action", "probability", "next", "reward", "done"]
    let header = names.joined(separator: ",")
    var keyed: [(state: Int, action: Int, outcome: FiniteProcess.Outcome)] = []
    var checksum = try rows.forEach { (columns) throws(DataError) in
      for name in names { places.append(try columns.place(name, "the columns \(header)")) }
    } row: { (row) throws(DataError) in
      let state = try row.intern(places[0], "state", &states)
      let action = try row.intern(places[1], "action", &actions)
      let next = try row.intern(places[3], "next", &states)
      let reward = try row.number(places[4], "reward")
      let done = row.fields[places[5]]
      let ends: Bool
      switch String(decoding: done, as: UTF8.self).lowercased() {
      case "1", "true": ends = true
      case "0", "false": ends = false
      default: throw row.fault("done", done, "0, 1, false or true")
      }
      let probability = try row.share(places[2], "probability")
      keyed.append(
        (
          Int(state), Int(action),
          .init(probability, next: Int(next), reward: reward, terminates: ends)
        ))
    }
    let file = rows.source.name
    func fault(_ found: String, _ expected: String) -> DataError {
      .line(LineFault(file: file, found: found, expected: expected))
    }
    guard !keyed.isEmpty else { throw fault("no outcome", "a line for each") }
    guard states.count <= mostPairs / actions.count else {
      throw .tooLarge(file: file, what: "pairs of a state and an action", limit: mostPairs)
    }
    for (state, action, outcome) in keyed {
      outcomes[state * actions.count + action, default: []].append(outcome)
    }
    func name(_ ids: RawIDs, _ index: Int) -> String { "\"\(quoted(ids[index]))\"" }
    let chooses = Set(keyed.map(\.state))
    for (state, action, outcome) in keyed where !outcome.terminates {
      guard !chooses.contains(outcome.next) else { continue }
      throw fault(
        "\(name(actions, action)) in \(name(states, state)) leads to "
          + "\(name(states, outcome.next)), in which no action stands",
        "actions there, or done 1")
    }
    for state in chooses.sorted() {
      for action in 0..<actions.count {
        let pair = state * actions.count + action
        guard let found = outcomes[pair] else {
          throw fault(
            "no outcome of \(name(actions, action)) in \(name(states, state))",
            "each action in every state that has one")
        }
        let sum = found.reduce(0) { $0 + $1.probability }
        guard abs(sum - 1) <= mostRounding else {
          throw fault(
            "the probabilities of \(name(actions, action)) in \(name(states, state)) sum to \(sum)",
            "1")
        }
        outcomes[pair] = found.map {
          .init($0.probability / sum, next: $0.next, reward: $0.reward, terminates: $0.terminates)
        }
      }
    }
    var starts: [FiniteProcess.Start]?
    if let start {
      let found = try readStarts(start, states, chooses)
      starts = found.starts
      checksum += "-" + found.checksum
    }
    let process = FiniteProcess(
      path.lastPathPart, states: Array(states), actions: Array(actions), start: 0,
      starts: starts, discount: discount,
      terminal: Set(0..<states.count).subtracting(chooses)
    ) { outcomes[$0 * actions.count + $1]! }
    return (ProcessFile(path: path, start: start, checksum: checksum), process)
  }

  private static func readStarts(
    _ path: String, _ states: RawIDs, _ chooses: Set<Int>
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
      guard let state = states.lookup(field), chooses.contains(state) else {
        throw row.fault("state", field, "a state with actions")
      }
      guard given.insert(state).inserted else { throw row.fault("state", field, "each state once") }
      starts.append(
        .init(state: state, probability: try row.share(places.probability, "probability")))
    }
    let sum = starts.reduce(0) { $0 + $1.probability }
    guard abs(sum - 1) <= mostRounding else {
      throw .line(
        LineFault(
          file: rows.source.name, found: "the probabilities sum to \(sum)", expected: "1"))
    }
    return (starts.map { .init(state: $0.state, probability: $0.probability / sum) }, checksum)
  }
}

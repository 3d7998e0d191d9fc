import DRRCore
import DRRData
import Tensor

/// A policy as a file gives it.
public enum PolicyFile {
  /// Probabilities that are held at most, 4 GiB.
  static let sizeLimit = 1 << 29

  /// Reads a policy for the decisions of a log.
  ///
  /// A file with the columns `action,probability`, and `position` where the log has several, holds
  /// one distribution a position. Otherwise its header names every action of the log, and each line
  /// has their probabilities in one decision, in the order of the log. Where decisions have
  /// candidates of their own, these are called 1, 2, ..., and a decision with fewer than others has
  /// probabilities of 0 behind them.
  public static func read(
    _ path: String, for log: LoggedFeedback
  ) throws(DataError) -> any TargetPolicy {
    let rows = try HeadedRows(path: path)
    var policy: (any PolicyRows)?
    try rows.forEach { (header) throws(DataError) in
      let isFixed = header.index("probability") != nil
      if isFixed, !log.candidates.isEmpty {
        throw .fault(
          header.file, line: 1,
          found: "one probability an action, and other candidates in every decision of \(log.name)",
          expected: "the columns 1 to \(log.actionCount), and a line for each decision")
      }
      policy = isFixed ? try FixedRows(header, log) : try TabledRows(header, log)
    } row: { (row) throws(DataError) in
      try policy!.add(row)
    }
    return try policy!.target(path.lastPathPart, file: rows.source.name)
  }
}

/// Takes in the lines of a file of one kind.
private protocol PolicyRows: AnyObject {
  func add(_ row: HeadedRows.Row) throws(DataError)
  /// - Throws: where lines are missing.
  func target(_ name: String, file: String) throws(DataError) -> any TargetPolicy
}

/// - Throws: where the sum of probabilities is not 1.
private func requireOne(
  _ sum: Double, _ whose: String, of file: String, line: Int = 0
) throws(DataError) {
  if abs(sum - 1) > 1e-6 {
    throw .fault(file, line: line, found: "\(whose) probabilities sum to \(sum)", expected: "1")
  }
}

/// One distribution a position, a line an action.
private final class FixedRows: PolicyRows {
  private let log: LoggedFeedback
  private let actions: RawIDs
  private let positions: RawIDs
  private let columns: (action: Int, probability: Int, position: Int?)
  private var table: [Double?]

  init(_ header: HeadedRows.Columns, _ log: LoggedFeedback) throws(DataError) {
    columns = (
      try header.place("action", "the action's id"),
      try header.place("probability", "the action's probability"), header.index("position")
    )
    (actions, positions) = (RawIDs(log.actionIDs), RawIDs(log.positionIDs))
    table = Array(repeating: nil, count: log.positionCount * log.actionCount)
    self.log = log
  }

  func add(_ row: HeadedRows.Row) throws(DataError) {
    guard let action = actions.lookup(row.fields[columns.action]) else {
      throw row.fault("action", row.fields[columns.action], "an action of \(log.name)")
    }
    var places = Array(log.positionIDs.indices)
    if let position = columns.position {
      guard let at = positions.lookup(row.fields[position]) else {
        throw row.fault(
          "position", row.fields[position], "one of \(log.positionIDs.joined(separator: ", "))")
      }
      places = [at]
    }
    for place in places {
      let at = place * log.actionCount + action
      if table[at] != nil {
        throw .fault(
          row.file, line: row.line,
          found: "action \"\(quoted(log.actionIDs[action]))\" stands here again",
          expected: "each once a position")
      }
      table[at] = try row.share(columns.probability, "probability")
    }
  }

  func target(_ name: String, file: String) throws(DataError) -> any TargetPolicy {
    let table = table.map { $0 ?? 0 }
    for (position, id) in log.positionIDs.enumerated() {
      let sum = table[position * log.actionCount..<(position + 1) * log.actionCount].reduce(0, +)
      try requireOne(sum, "position \(id)'s", of: file)
    }
    return FixedTarget(name: name, table: table)
  }
}

/// A line a decision, a column an action.
private final class TabledRows: PolicyRows {
  private let log: LoggedFeedback
  /// The action of each column.
  private let actions: [Int]
  private var table: [Double] = []

  init(_ header: HeadedRows.Columns, _ log: LoggedFeedback) throws(DataError) {
    let known = RawIDs(log.actionIDs)
    actions = header.names.map { known.lookup($0) ?? -1 }
    self.log = log
    if let unknown = actions.firstIndex(of: -1) {
      throw .fault(
        header.file, line: 1, found: "\"\(quoted(header.names[unknown]))\" is no action",
        expected: "action,probability, or the actions of \(log.name)")
    }
    if Set(actions).count != log.actionCount || actions.count != log.actionCount {
      throw .fault(
        header.file, line: 1, found: "\(Set(actions).count) different actions",
        expected: "each of the \(log.actionCount) of \(log.name) once")
    }
    if log.count * log.actionCount > PolicyFile.sizeLimit {
      throw .tooLarge(
        file: header.file, what: "probabilities, one a decision and action",
        limit: PolicyFile.sizeLimit)
    }
  }

  func add(_ row: HeadedRows.Row) throws(DataError) {
    let (first, decision) = (table.count, table.count / log.actionCount)
    table += Array(repeating: 0, count: log.actionCount)
    for (column, action) in actions.enumerated() {
      table[first + action] = try row.share(column, "probability")
    }
    let choices = decision < log.count ? log.choiceCount(decision) : log.actionCount
    if let beyond = (choices..<log.actionCount).first(where: { table[first + $0] > 0 }) {
      throw .fault(
        row.file, line: row.line,
        found: "candidate \(beyond + 1) has the probability \(table[first + beyond])",
        expected: "0, as decision \(decision + 1) has \(choices) candidates")
    }
    try requireOne(table[first...].reduce(0, +), "the line's", of: row.file, line: row.line)
  }

  func target(_ name: String, file: String) throws(DataError) -> any TargetPolicy {
    if table.count != log.count * log.actionCount {
      throw .fault(
        file, found: "\(table.count / log.actionCount) lines",
        expected: "one for each of the \(log.count) decisions of \(log.name)")
    }
    return TabledTarget(name: name, table: table)
  }
}

extension TabledTarget {
  /// Writes the policy as `PolicyFile` reads it.
  public func write(_ path: String, actionIDs: [String]) throws(DataError) {
    let file = try OutputFile(path: path)
    try file.write(actionIDs.joined(separator: ",") + "\n")
    for first in stride(from: 0, to: table.count, by: actionIDs.count) {
      let row = table[first..<first + actionIDs.count].map { "\($0)" }
      try file.write(row.joined(separator: ",") + "\n")
    }
    try file.finish()
  }
}

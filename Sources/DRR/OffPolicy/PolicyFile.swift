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
  /// has their probabilities in one decision, in the order of the log.
  public static func read(
    _ path: String, for log: LoggedFeedback
  ) throws(DataError) -> any TargetPolicy {
    let rows = try HeadedRows(path: path)
    let name = path.lastPathPart
    var isFixed = false
    var columns: [Int] = []
    var (position, action, probability): (Int?, Int, Int) = (nil, 0, 0)
    var table: [Double] = []
    var isGiven = [Bool](repeating: false, count: log.positionCount * log.actionCount)
    let (actions, positions) = (RawIDs(log.actionIDs), RawIDs(log.positionIDs))
    var sums: [Double] = []
    try rows.forEach { (header) throws(DataError) in
      isFixed = header.index("probability") != nil
      if isFixed {
        action = try header.place("action", "the action's id")
        probability = try header.place("probability", "the action's probability")
        position = header.index("position")
        table = Array(repeating: 0, count: isGiven.count)
        return
      }
      columns = header.names.map { actions.lookup($0) ?? -1 }
      if let unknown = columns.firstIndex(of: -1) {
        throw .line(
          LineFault(
            file: header.file, line: 1, found: "\"\(quoted(header.names[unknown]))\" is no action",
            expected: "action,probability, or the actions of \(log.name)"))
      }
      if Set(columns).count != log.actionCount || columns.count != log.actionCount {
        throw .line(
          LineFault(
            file: header.file, line: 1, found: "\(Set(columns).count) different actions",
            expected: "each of the \(log.actionCount) of \(log.name) once"))
      }
      if log.count * log.actionCount > Self.sizeLimit {
        throw .tooLarge(
          file: header.file, what: "probabilities, one a decision and action",
          limit: Self.sizeLimit)
      }
    } row: { (row) throws(DataError) in
      func share(_ column: Int) throws(DataError) -> Double {
        try row.share(column, "probability")
      }
      if !isFixed {
        let first = table.count
        table += Array(repeating: 0, count: log.actionCount)
        for (column, action) in columns.enumerated() { table[first + action] = try share(column) }
        try requireOne(table[first...].reduce(0, +), rows.source.name, row.line, "the line's")
        return
      }
      guard let action = actions.lookup(row.fields[action]) else {
        throw row.fault("action", row.fields[action], "an action of \(log.name)")
      }
      var places = Array(log.positionIDs.indices)
      if let position {
        guard let at = positions.lookup(row.fields[position]) else {
          throw row.fault(
            "position", row.fields[position], "one of \(log.positionIDs.joined(separator: ", "))")
        }
        places = [at]
      }
      for place in places {
        let at = place * log.actionCount + action
        if isGiven[at] {
          throw .line(
            LineFault(
              file: row.file, line: row.line,
              found: "action \"\(quoted(log.actionIDs[action]))\" stands here again",
              expected: "each once a position"))
        }
        isGiven[at] = true
        table[at] = try share(probability)
      }
    }
    if !isFixed {
      if table.count != log.count * log.actionCount {
        throw .line(
          LineFault(
            file: rows.source.name, found: "\(table.count / log.actionCount) lines",
            expected: "one for each of the \(log.count) decisions of \(log.name)"))
      }
      return TabledTarget(name: name, table: table)
    }
    for position in 0..<log.positionCount {
      sums.append(table[position * log.actionCount..<(position + 1) * log.actionCount].reduce(0, +))
      try requireOne(
        sums[position], rows.source.name, 0, "position \(log.positionIDs[position])'s")
    }
    return FixedTarget(name: name, table: table)
  }

  private static func requireOne(
    _ sum: Double, _ file: String, _ line: Int, _ whose: String
  ) throws(DataError) {
    if abs(sum - 1) > 1e-6 {
      throw .line(
        LineFault(
          file: file, line: line, found: "\(whose) probabilities sum to \(sum)", expected: "1"))
    }
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

import DRRCore
import DRRData

extension TabularWorld {
  private static let files = ["score.txt", "prob.txt"]

  /// Reads a folder or `.zip` with `score.txt`, a state a line of rewards by blank, and `prob.txt`,
  /// for each state an item a line of probabilities by blank and then `=====`.
  public convenience init(reading path: String) throws {
    let folder =
      try PosixFile.isFolder(path)
      ? try DataFolder(folder: path)
      : try DataFolder(archive: path) { names in Self.files.allSatisfy(names.contains) }
    var reading = SessionFiles(folder, nil)
    var rewards: [[Double]] = []
    try reading.forEachLine(of: Self.files[0]) { (file, number, line) throws(DataError) in
      let row = try Self.numbers(line, file, number)
      if let first = rewards.first, first.count != row.count {
        throw Self.fault(
          file, number, counted(row.count, "number"), expected: "\(first.count), as in line 1")
      }
      rewards.append(row)
    }
    let (states, items) = (rewards.count, rewards.first?.count ?? 0)
    if states == 0 { throw DataError.noSessions(file: path) }
    var transitions: [[[Double]]] = [[]]
    var last = (file: "", line: 0)
    try reading.forEachLine(of: Self.files[1]) { (file, number, line) throws(DataError) in
      last = (file, number)
      if line.allSatisfy({ $0 == 61 }) {
        let found = transitions[transitions.count - 1].count
        if found != items {
          throw Self.fault(
            file, number, "a state of \(counted(found, "item"))",
            expected: "\(items), as in score.txt")
        }
        return transitions.append([])
      }
      let row = try Self.numbers(line, file, number)
      if row.count != states || !Self.isShare(row) {
        throw Self.fault(
          file, number, "\(counted(row.count, "number")) of sum \(row.reduce(0, +))",
          expected: "\(states), a state each, of sum 1")
      }
      transitions[transitions.count - 1].append(row)
    }
    if transitions.last?.isEmpty == true { transitions.removeLast() }
    if transitions.count != states || transitions.last?.count != items {
      throw Self.fault(
        last.file, last.line,
        "the end after \(counted(transitions.count, "state")), the last with"
          + " \(counted(transitions.last?.count ?? 0, "item"))",
        expected: "\(counted(states, "state")) of \(counted(items, "item")), as in score.txt")
    }
    try self.init(rewards: rewards, transitions: transitions)
  }

  private static func numbers(
    _ line: Bytes, _ file: String, _ number: Int
  ) throws(DataError) -> [Double] {
    var row: [Double] = []
    try ItemNumber.forEachPart(of: line, by: 32) { (part) throws(DataError) in
      if part.isEmpty { return }
      guard let value = Number.decimal(part), (0...1).contains(value) else {
        throw fault(file, number, "\"\(quoted(part))\"", expected: "a number from 0 to 1")
      }
      row.append(value)
    }
    return row
  }

  private static func fault(
    _ file: String, _ line: Int, _ found: String, expected: String
  ) -> DataError {
    .fault(file, line: line, found: found, expected: expected)
  }

  /// Writes `score.txt` and `prob.txt` into a folder, made where it is absent; both appear or none.
  public func write(to folder: String) throws(DataError) {
    let writer = try FolderWriter(
      folder: folder, marks: [Self.files[0]], others: [Self.files[1]])
    func write(_ row: some Sequence<Double>, _ file: OutputFile) throws(DataError) {
      try file.write(row.map(\.description).joined(separator: " ") + "\n")
    }
    try writer.write(Self.files[0]) { (file) throws(DataError) in
      for state in 0..<stateCount {
        try write(rewards[state * itemCount..<(state + 1) * itemCount], file)
      }
    }
    try writer.write(Self.files[1]) { (file) throws(DataError) in
      for state in 0..<stateCount {
        for item in 0..<itemCount { try write(next(state, item), file) }
        try file.write("=====\n")
      }
    }
    try writer.commit()
  }
}

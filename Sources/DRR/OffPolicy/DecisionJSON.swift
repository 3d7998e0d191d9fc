import DRRCore
import DRRData

extension LoggedFeedback {
  /// Reads decisions of a contextual bandit as Vowpal Wabbit's `dsjson` has them, an object a line:
  /// `_label_cost`, `_label_probability` and `_label_Action`, one of the `a` that could be taken.
  ///
  /// The reward is the cost with its sign turned. Actions are numbers from 1 on; each decision has
  /// as many. What is known of users and actions is not read.
  public static func read(
    dsjson path: String, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> LoggedFeedback {
    let folder = try DataFolder(folder: path.parentFolder)
    let source = try folder.open(path.lastPathPart)
    let scanner = LineScanner(source, progress: progress)
    var log = LoggedFeedback(
      name: path.lastPathPart, context: FeatureTable(), clustering: "row")
    var rows = JSONRows([
      "_label_cost", "_label_probability", "_label_Action", "a", "Timestamp",
    ])
    try scanner.forEachBlock { (block) throws(DataError) in
      try scanner.forEachLine(of: block) { (line) throws(DataError) in
        try rows.read(line, of: source.name, scanner.line)
        try log.add(decision: rows.fields, source.name, scanner.line)
      }
    }
    if log.count == 0 {
      throw .fault(source.name, found: "no decisions", expected: "one a line")
    }
    log.positionIDs = ["1"]
    log.setClusters((0..<Int32(log.count)).map { $0 })
    return log
  }

  private mutating func add(
    decision fields: [Bytes], _ file: String, _ line: Int
  ) throws(DataError) {
    func fault(_ found: String, _ expected: String) -> DataError {
      .fault(file, line: line, found: found, expected: expected)
    }
    func shown(_ name: String, _ at: Int) -> String {
      fields[at].isEmpty ? "no \(name)" : "\(name) is \"\(quoted(fields[at]))\""
    }
    guard let cost = Number.decimal(fields[0]) else {
      throw fault(shown("_label_cost", 0), "a number")
    }
    guard let probability = Number.decimal(fields[1]), probability > 0, probability <= 1 else {
      throw fault(shown("_label_probability", 1), LineFault.propensity)
    }
    guard let choices = JSONRows.elementCount(fields[3]), choices > 0 else {
      throw fault(shown("a", 3), "a list of the actions")
    }
    if actions.isEmpty { actionIDs = (1...choices).map(String.init) }
    guard choices == actionCount else {
      throw fault("\(choices) actions", "\(actionCount), as the lines above have")
    }
    guard let action = Number.seconds(fields[2]), 1...Int64(choices) ~= action
    else {
      throw fault(shown("_label_Action", 2), "a number from 1 to \(choices)")
    }
    if !fields[4].isEmpty {
      guard let time = Timestamp.microseconds(fields[4]) else {
        throw fault(shown("Timestamp", 4), "a date as 2019-11-24T00:03:13Z")
      }
      times.append(time)
    }
    // Of all decisions or of none.
    guard times.isEmpty || times.count == count + 1 else {
      throw fault(shown("Timestamp", 4), "one in every line or in none")
    }
    actions.append(Int32(action - 1))
    rewards.append(-cost)
    propensities.append(probability)
    positions.append(0)
  }
}

import DRRCore
import DRRData

extension LoggedFeedback {
  /// Reads decisions of a contextual bandit as Vowpal Wabbit's `dsjson` has them, an object a line:
  /// `_label_cost`, `_label_probability` and `_label_Action`, one of the `a` that could be taken;
  /// `Timestamp`; `pdrop`, the probability with which a decision was left out of the log; and `c`,
  /// the features of all actions together and, in its `_multi`, of each.
  ///
  /// The reward is the cost with its sign turned. Actions are numbers from 1 on. Where `_multi` is
  /// the same in every line, they are actions that all decisions could take; otherwise every
  /// decision has candidates of its own.
  ///
  /// - Throws: what is not as it must be, by file, line, value and expectation.
  public static func read(
    dsjson path: String, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> LoggedFeedback {
    let folder = try DataFolder(folder: path.parentFolder)
    let source = try folder.open(path.lastPathPart)
    let scanner = LineScanner(source, progress: progress)
    var reader = DecisionReader(path.lastPathPart, file: source.name)
    try scanner.forEachBlock { (block) throws(DataError) in
      try scanner.forEachLine(of: block) { (line) throws(DataError) in
        try reader.add(line, scanner.line)
      }
    }
    return try reader.finish()
  }
}

/// A log of `dsjson` under way.
private struct DecisionReader {
  private var log: LoggedFeedback
  private let file: String
  private var line = 0
  private var rows = JSONRows([
    "_label_cost", "_label_probability", "_label_Action", "a", "Timestamp", "pdrop", "c",
  ])
  private var object = JSONFeatures()
  private var context = NamedFeatures()
  private var actions = NamedFeatures()
  /// The rows of features that the actions of the first decision have.
  private var first: [Int32] = []

  init(_ name: String, file: String) {
    log = LoggedFeedback(name: name, context: FeatureTable(), clustering: "row")
    self.file = file
  }

  private func fault(_ found: String, _ expected: String) -> DataError {
    .fault(file, line: line, found: found, expected: expected)
  }

  private func shown(_ name: String, _ at: Int) -> String {
    rows.fields[at].isEmpty ? "no \(name)" : "\(name) is \"\(quoted(rows.fields[at]))\""
  }

  mutating func add(_ text: Bytes, _ line: Int) throws(DataError) {
    self.line = line
    try rows.read(text, of: file, line)
    let fields = rows.fields
    guard let cost = Number.decimal(fields[0]) else {
      throw fault(shown("_label_cost", 0), "a number")
    }
    guard let probability = Number.decimal(fields[1]), probability > 0, probability <= 1 else {
      throw fault(shown("_label_probability", 1), LineFault.propensity)
    }
    guard let choices = JSONRows.elements(of: fields[3])?.count, choices > 0 else {
      throw fault(shown("a", 3), "a list of the actions")
    }
    guard let action = Number.seconds(fields[2]), 1...Int64(choices) ~= action else {
      throw fault(shown("_label_Action", 2), "a number from 1 to \(choices)")
    }
    try addTime()
    try addDrop()
    try addFeatures(choices)
    log.actions.append(Int32(action - 1))
    log.rewards.append(-cost)
    log.propensities.append(probability)
    log.positions.append(0)
  }

  private mutating func addTime() throws(DataError) {
    if !rows.fields[4].isEmpty {
      guard let time = Timestamp.microseconds(rows.fields[4]) else {
        throw fault(shown("Timestamp", 4), "a date as 2019-11-24T00:03:13Z")
      }
      log.times.append(time)
    }
    // Of all decisions or of none.
    guard log.times.isEmpty || log.times.count == log.count + 1 else {
      throw fault(shown("Timestamp", 4), "one in every line or in none")
    }
  }

  private mutating func addDrop() throws(DataError) {
    var times = 1.0
    if !rows.fields[5].isEmpty {
      guard let drop = Number.decimal(rows.fields[5]), drop >= 0, 1 - drop > 0 else {
        throw fault(
          shown("pdrop", 5), "the probability of leaving the decision out, at least 0 and below 1")
      }
      times = 1 / (1 - drop)
    }
    if times != 1, log.multiplicities.isEmpty {
      log.multiplicities = Array(repeating: 1, count: log.count)
    }
    if times != 1 || !log.multiplicities.isEmpty { log.multiplicities.append(times) }
  }

  private mutating func addFeatures(_ choices: Int) throws(DataError) {
    var listed: [Bytes]?
    if !rows.fields[6].isEmpty {
      let multi = try object.read(rows.fields[6], of: file, line)
      try context.append(object, of: file, line)
      if let multi {
        listed = JSONRows.elements(of: multi)
        guard listed?.count == choices else {
          throw fault(
            listed.map { "_multi of \($0.count) actions" } ?? "_multi is \"\(quoted(multi))\"",
            "a list of \(choices) objects, as many as a has")
        }
      }
    }
    try context.endRow(of: file)
    var own: [Int32] = []
    own.reserveCapacity(choices)
    for place in 0..<choices {
      if let listed {
        try object.read(listed[place], of: file, line)
        try actions.append(object, of: file, line)
      }
      own.append(try actions.endDistinctRow(of: file))
    }
    if log.count == 0 { first = own }
    if log.candidates.isEmpty, own != first {
      for _ in 0..<log.count { log.candidates.append(rows: first) }
    }
    if own != first || !log.candidates.isEmpty { log.candidates.append(rows: own) }
  }

  mutating func finish() throws(DataError) -> LoggedFeedback {
    if log.count == 0 { throw .fault(file, found: "no decisions", expected: "one a line") }
    let isCatalogue = log.candidates.isEmpty
    if isCatalogue { actions = actions.selecting(first) }
    log.actionIDs = (1...max(log.candidates.most, first.count)).map(String.init)
    if !log.multiplicities.isEmpty {
      log.notes.append(
        "decisions count 1/(1 - pdrop) times each, for those that were left out of the log")
    }
    log.addFeatures(context: context, of: actions)
    log.positionIDs = ["1"]
    log.setClusters((0..<Int32(log.count)).map { $0 })
    return log
  }
}

extension LoggedFeedback {
  /// Takes in named features: a row of the context a decision, and a row an action, or one for all
  /// candidates that are alike.
  mutating func addFeatures(context: NamedFeatures, of actions: NamedFeatures) {
    func table(_ features: NamedFeatures, _ whose: String) -> FeatureTable {
      var features = features
      if let names = features.finish() {
        notes.append(
          "\(grouped(names)) names of features of \(whose) share "
            + "\(NamedFeatures.columnLimit) columns by hashing")
      }
      return features.width > 0 ? FeatureTable(features) : FeatureTable()
    }
    self.context = table(context, "the context")
    actionFeatures = table(actions, candidates.isEmpty ? "actions" : "candidates")
  }
}

import DRRCore
import DRRData
import Tensor

extension LoggedFeedback {
  /// Reads a log of a server's decisions: a header of `action,reward,propensity` and, as the log
  /// has them, `user`, `position`, `time` and numbers of the context, in any order.
  ///
  /// Without users every row is a cluster of its own, without positions all are one. The actions
  /// are those of the file, sorted.
  ///
  /// - Throws: what is not as it must be, by file, line, value and expectation; a propensity that
  ///   is missing, 0 or above 1 among it.
  public static func read(
    csv path: String, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> LoggedFeedback {
    try read(HeadedRows(path: path, progress), name: path.lastPathPart)
  }

  private struct Layout {
    var action = 0
    var reward = 0
    var propensity = 0
    var user: Int?
    var position: Int?
    var time: Int?
    var numbers: [Int] = []
  }

  static func read(_ rows: HeadedRows, name: String) throws(DataError) -> LoggedFeedback {
    var log = LoggedFeedback(name: name, context: FeatureTable(), clustering: "row")
    var layout = Layout()
    var names: [String] = []
    var (users, positions, actions) = (RawIDs(), RawIDs(), RawIDs())
    var clusters: [Int32] = []
    try rows.forEach { (columns) throws(DataError) in
      names = columns.names
      layout.action = try columns.place("action", "the action that was taken")
      layout.reward = try columns.place("reward", "what the action earned")
      layout.propensity = try columns.place("propensity", LineFault.propensity)
      layout.user = columns.index("user")
      layout.position = columns.index("position")
      layout.time = columns.index("time")
      let known = ["action", "reward", "propensity", "user", "position", "time"]
      layout.numbers = names.indices.filter { !known.contains(names[$0]) }
      log.context = FeatureTable(numbers: layout.numbers.map { names[$0] })
    } row: { (row) throws(DataError) in
      log.actions.append(try row.intern(layout.action, "action", &actions))
      log.rewards.append(try row.number(layout.reward, "reward"))
      log.propensities.append(try row.probability(layout.propensity, "propensity"))
      if let user = layout.user { clusters.append(try row.intern(user, "user", &users)) }
      log.positions.append(
        try layout.position.map { (at) throws(DataError) in
          try row.intern(at, "position", &positions)
        } ?? 0)
      if let time = layout.time {
        guard let seconds = Number.seconds(row.fields[time]) else {
          throw row.fault("time", row.fields[time], "a whole number")
        }
        log.times.append(seconds)
      }
      for column in layout.numbers {
        log.context.append(number: try row.number(column, names[column]))
      }
      log.context.endRow()
    }
    if log.count == 0 {
      throw .fault(rows.source.name, found: "no decisions", expected: "one a line")
    }
    let places = (actions.sort(), positions.sort())
    log.actions = log.actions.map { places.0[Int($0)] }
    log.actionIDs = Array(actions)
    if layout.position != nil { log.positions = log.positions.map { places.1[Int($0)] } }
    log.positionIDs = layout.position == nil ? ["1"] : Array(positions)
    if layout.user != nil { log.clustering = "user" }
    log.setClusters(layout.user == nil ? (0..<Int32(log.count)).map { $0 } : clusters)
    return log
  }

  /// Writes the log as `read(csv:)` reads it: what it knows of the context as numbers alone.
  public func write(csv path: String) throws(DataError) {
    let file = try OutputFile(path: path)
    let heads = ["user", "position", "action", "reward", "propensity"] + context.numberNames
    try file.write(heads.joined(separator: ",") + "\n")
    for row in 0..<count {
      var fields = [
        "\(clusters[row])", positionIDs[Int(positions[row])], actionIDs[Int(actions[row])],
        "\(rewards[row])", "\(propensities[row])",
      ]
      if context.count > 0 { fields += context.numbers(of: row).map { "\($0)" } }
      try file.write(fields.joined(separator: ",") + "\n")
    }
    try file.finish()
  }
}

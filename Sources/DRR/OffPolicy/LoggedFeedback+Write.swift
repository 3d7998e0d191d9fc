import DRRCore
import DRRData
import Essentials

extension LoggedFeedback {
  /// How decisions are written for other programs.
  public enum OutputFormat: String, CaseIterable, Sendable {
    /// Vowpal Wabbit's `dsjson`: an object a line, with the features of context and actions.
    case dsjson
    /// The columns of obp's feedback, as `action`, `position`, `reward`, `pscore` and `context_0`.
    case obp
  }

  /// Writes the log for other programs.
  ///
  /// - Throws: `DataError` where the file cannot be written.
  public func write(_ format: OutputFormat, to path: String) throws {
    switch format {
    case .dsjson: try write(dsjson: path)
    case .obp: try write(obp: path)
    }
  }

  /// `_label_cost` is the reward with its sign turned, and `_label_probability` the propensity. The
  /// probabilities of other actions are not on record, so there is no `p`.
  private func write(dsjson path: String) throws {
    let file = try OutputFile(path: path)
    let choices = try actionIDs.indices.map { action -> String in
      let own =
        try (["\"id\":\(RunFolder.json(actionIDs[action]))"] + actionFeatures.fields(action))
      return "{\"action\":{\(own.joined(separator: ","))}}"
    }.joined(separator: ",")
    let unit = times.first.map { TimeUnit.of($0).rawValue }
    for row in 0..<count {
      let action = Int(actions[row])
      var line =
        "{\"_label_cost\":\(0 - rewards[row]),\"_label_probability\":\(propensities[row]),"
        + "\"_label_Action\":\(action + 1),\"_labelIndex\":\(action),"
      if let unit {
        let time = Date(timeIntervalSince1970: Double(times[row]) / Double(unit))
        line += "\"Timestamp\":\"\(time.formatted(Self.withFraction))\","
      }
      let others = (1...actionCount).filter { $0 != action + 1 }.map { ",\($0)" }.joined()
      let shared =
        try ["\"position\":\(RunFolder.json(positionIDs[Int(positions[row])]))"]
        + context.fields(row)
      line += "\"EventId\":\"\(row)\",\"a\":[\(action + 1)\(others)],"
      line += "\"c\":{\"context\":{\(shared.joined(separator: ","))},\"_multi\":[\(choices)]}}\n"
      try file.write(line)
    }
    try file.finish()
  }

  private static let withFraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  /// Numbers from 0 on, as obp counts actions and positions, and the actions' ids beside them;
  /// categories of the context one column a level.
  private func write(obp path: String) throws {
    let file = try OutputFile(path: path)
    let width = context.count > 0 ? context.width : 0
    let heads =
      ["action", "position", "reward", "pscore", "user", "action_id"]
      + (0..<width).map { "context_\($0)" }
    try file.write(heads.joined(separator: ",") + "\n")
    for row in 0..<count {
      let id = actionIDs[Int(actions[row])]
      let field =
        id.contains { ",\"\n\r".contains($0) } ? "\"\(id.replacing("\"", with: "\"\""))\"" : id
      var fields = [
        "\(actions[row])", "\(positions[row])", "\(rewards[row])", "\(propensities[row])",
        "\(clusters[row])", field,
      ]
      if width > 0 { fields += context.vector(row).map { "\($0)" } }
      try file.write(fields.joined(separator: ",") + "\n")
    }
    try file.finish()
  }
}

extension FeatureTable {
  /// A row as fields of JSON, numbers and categories by name; none of a table without rows.
  fileprivate func fields(_ row: Int) throws -> [String] {
    guard count > 0 else { return [] }
    let own = zip(numberNames, numbers(of: row)).map { ($0, "\($1)") }
    let levels = try zip(categoryNames, self.levels(of: row)).map {
      ($0, try RunFolder.json($1))
    }
    return try (own + levels).map { "\(try RunFolder.json($0)):\($1)" }
  }
}

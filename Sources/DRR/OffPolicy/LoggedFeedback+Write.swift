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
  /// - Throws: `DataError` where the file cannot be written, and for `obp` where decisions have
  ///   candidates of their own, which its arrays cannot hold.
  public func write(_ format: OutputFormat, to path: String) throws {
    switch format {
    case .dsjson: try write(dsjson: path)
    case .obp:
      if !candidates.isEmpty {
        throw DataError.fault(
          name, found: "candidates of its own in every decision",
          expected: "actions that are the same in all, for obp's arrays; dsjson holds either")
      }
      try write(obp: path)
    }
  }

  /// `_label_cost` is the reward with its sign turned, `_label_probability` the propensity, and
  /// `pdrop` the share of a row's kind that the log leaves out. The probabilities of other actions
  /// are not on record, so there is no `p`.
  private func write(dsjson path: String) throws {
    let file = try OutputFile(path: path)
    let all = candidates.isEmpty ? try choices(0) : ""
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
      if !multiplicities.isEmpty { line += "\"pdrop\":\(1 - 1 / multiplicities[row])," }
      let others = (1...choiceCount(row)).filter { $0 != action + 1 }.map { ",\($0)" }.joined()
      let shared =
        try ["\"position\":\(RunFolder.json(positionIDs[Int(positions[row])]))"]
        + context.fields(row)
      line += "\"EventId\":\"\(row)\",\"a\":[\(action + 1)\(others)],"
      let own = candidates.isEmpty ? all : try choices(row)
      line += "\"c\":{\"context\":{\(shared.joined(separator: ","))},\"_multi\":[\(own)]}}\n"
      try file.write(line)
    }
    try file.finish()
  }

  /// What a decision could choose from, by features; actions that all could take by their ids too.
  private func choices(_ row: Int) throws -> String {
    try (0..<choiceCount(row)).map { action in
      let id = candidates.isEmpty ? ["\"id\":\(try RunFolder.json(actionIDs[action]))"] : []
      let own = try id + actionFeatures.fields(featureRow(row, action))
      return "{\"action\":{\(own.joined(separator: ","))}}"
    }.joined(separator: ",")
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
  /// A row as fields of JSON by name; none of a table without rows.
  fileprivate func fields(_ row: Int) throws -> [String] {
    guard count > 0 else { return [] }
    let own = zip(numberNames, numbers(of: row)).map { ($0, "\($1)") }
    let levels = try zip(categoryNames, self.levels(of: row)).map {
      ($0, try RunFolder.json($1))
    }
    var few: [(String, String)] = []
    named?.forEach(of: row) { few.append((named?.name($0) ?? "", "\(Float($1))")) }
    return try (own + levels + few).map { "\(try RunFolder.json($0)):\($1)" }
  }
}

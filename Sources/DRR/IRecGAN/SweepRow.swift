import DRRCore

/// What a sweep says of logs of one kind: means over seeds, and their standard errors.
public struct SweepRow: Codable, Hashable, Sendable {
  public var policy: String
  public var sessions: Int
  public var listSize: Int
  public var seeds: Int
  /// A session's rewards by the policy that filled the lists, in the order of the columns.
  public var rewards: [String: IRecGANTable.Mean]
  public var coverage: [String: IRecGANTable.Mean]
  /// IRecGAN less PG on the same logs.
  public var gain: IRecGANTable.Mean?
  public var realness: IRecGANTable.Mean?

  public static func rows(of outcomes: [IRecGANSweep.Outcome]) -> [SweepRow] {
    struct Kind: Hashable {
      var policy: String
      var sessions: Int
      var listSize: Int
    }
    var order: [Kind] = []
    var groups: [Kind: [IRecGANSweep.Outcome]] = [:]
    for outcome in outcomes {
      let cell = outcome.cell
      let kind = Kind(policy: cell.policy, sessions: cell.sessions, listSize: cell.listSize)
      if groups[kind] == nil { order.append(kind) }
      groups[kind, default: []].append(outcome)
    }
    func mean(_ values: [Double]) -> IRecGANTable.Mean? {
      IRecGANTable.Mean(values.map { ($0, nil) })
    }
    return order.map { kind in
      let group = groups[kind]!
      let byMethod = Dictionary(grouping: group, by: \.method)
      let plain = (byMethod["pg"] ?? []).reduce(into: [:]) { $0[$1.cell.seed] = $1.reward }
      let gains = (byMethod["irecgan"] ?? []).compactMap { outcome in
        plain[outcome.cell.seed].map { outcome.reward - $0 }
      }
      return SweepRow(
        policy: kind.policy, sessions: kind.sessions, listSize: kind.listSize,
        seeds: Set(group.map(\.cell.seed)).count,
        rewards: byMethod.compactMapValues { mean($0.map(\.reward)) },
        coverage: byMethod.compactMapValues { mean($0.map(\.coverage)) }, gain: mean(gains),
        realness: mean(group.compactMap(\.realness)))
    }
  }

  /// Columns of rewards.
  static let columns = ["random", "log", "popularity", "mle", "pg", "ac", "pgu", "irecgan"]

  /// A table with as many columns as there is something to say in.
  public static func table(_ rows: [SweepRow]) -> [[String]] {
    let columns = columns.filter { column in rows.contains { $0.rewards[column] != nil } }
    let header =
      ["log", "sessions", "k", "seeds"] + columns + [
        "irecgan − pg", "coverage@k pg", "irecgan", "q_D",
      ]
    return [header]
      + rows.map { row in
        [row.policy, "\(row.sessions)", "\(row.listSize)", "\(row.seeds)"]
          + columns.map { row.rewards[$0]?.text(2) ?? "–" }
          + [
            row.gain?.text(2) ?? "–", row.coverage["pg"]?.text(2) ?? "–",
            row.coverage["irecgan"]?.text(2) ?? "–", row.realness?.text(2) ?? "–",
          ]
      }
  }
}

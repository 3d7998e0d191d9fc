import DRR

extension OnlineReport {
  var text: String {
    let cutoffs = configuration.evaluation.cutoffs
    func table(_ title: String, _ value: (OnlineResult.Row) -> Estimate?) -> String {
      let header = [title] + cutoffs.flatMap { ["@\($0)", ""] }
      let body = policies.map { policy in
        [policy.name]
          + policy.rows.flatMap { row -> [String] in
            guard let found = value(row) else { return ["–", ""] }
            let interval = "\(decimal(found.low, 3)) to \(decimal(found.high, 3))"
            return [decimal(found.mean, 3), interval]
          }
      }
      return Table(rows: [header] + body).text
    }
    var tables = [table("mean reward", \.reward), table("over PMF greedy", \.overPMF)]
    if let twin { tables.append(table("over \(twin)", \.overTwin)) }
    let picks =
      [["picks", "in her log", "under 5 ratings", "different", "satisfaction"]]
      + policies.map {
        [
          $0.name, decimal($0.inLog, 3), decimal($0.rarelyRated, 3), grouped($0.distinctItems),
          decimal($0.satisfaction, 3),
        ]
      }
    return """
      data      \(configuration.data.name), \(grouped(configuration.data.ratings)) ratings, CRC-32 \(configuration.data.checksum)
      protocol  \(protocolSummary)
      sessions  \(sessions); \(leftOut) test users left out: too few liked profile items
      seeds     run \(configuration.seed), split \(configuration.evaluation.splitSeed), simulation \(seed); intervals: 95%, users resampled
      device    \(device)

      \(tables.joined(separator: "\n\n"))

      \(Table(rows: picks).text)
      """
  }
}

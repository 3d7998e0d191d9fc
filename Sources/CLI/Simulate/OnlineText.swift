import DRR

extension OnlineReport {
  var text: String {
    let cutoffs = configuration.evaluation.cutoffs
    func table(_ title: String, _ value: (OnlineResult.Row) -> Estimate?) -> String {
      let header = [title] + cutoffs.flatMap { ["@\($0)", ""] }
      let body = policies.map { policy in
        [Labels.online[policy.name]]
          + policy.rows.flatMap { row -> [String] in
            guard let found = value(row) else { return ["–", ""] }
            let interval = "\(decimal(found.low, 3)) to \(decimal(found.high, 3))"
            return [decimal(found.mean, 3), interval]
          }
      }
      return Table(rows: [header] + body).text
    }
    var tables = [table("mean reward", \.reward), table("minus PMF greedy", \.overPMF)]
    if let twin { tables.append(table("minus \(Labels.online[twin])", \.overTwin)) }
    for (place, rule) in (rules ?? []).enumerated() {
      tables.append(table("minus \(Labels.online[rule])") { $0.overRules?[place] })
    }
    let picks =
      [["recommendations", "rated by user", "rare items", "unique items", "mean σ"]]
      + policies.map {
        [
          Labels.online[$0.name], decimal($0.inLog, 3), decimal($0.rarelyRated, 3),
          grouped($0.distinctItems),
          decimal($0.satisfaction, 3),
        ]
      }
    return """
      data      \(configuration.data.name), \(grouped(configuration.data.ratings)) ratings, CRC-32 \(configuration.data.checksum)
      protocol  \(protocolSummary)
      episodes  \(sessions); skipped users: \(leftOut), with too few observed liked items
      seeds     run \(configuration.seed), split \(configuration.evaluation.splitSeed), simulation \(seed); intervals: 95%, users resampled
      device    \(device)

      \(tables.joined(separator: "\n\n"))

      \(Table(rows: picks).text)
      rated by user: the fraction that the user has rated; rare items: with under 5 ratings; σ: the \
      streak state
      """
  }
}

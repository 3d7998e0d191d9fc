import DRR

/// The runs of a reproduction as a Markdown file.
struct ReproductionTable {
  /// One or more, all with the same rankers.
  var runs: [Reproduction]
  var command: String
  var device: String

  private typealias Rung = ProtocolAblation.Rung

  private var first: RunConfiguration { runs[0].online.configuration }
  private var cutoffs: [Int] { first.evaluation.cutoffs }

  var text: String {
    """
    # DRR as published

    Written by a command; not to be edited. The agent is the preset `paper`: DRR-ave of the last \
    step.

    \(facts.map { "- \($0): \($1)" }.joined(separator: "\n"))

    \(spreadNote)

    \(PublishedFigures.note)

    ## Offline, the protocol of the published figures

    \(protocolLine(.asPublished))

    P@K: the share of liked items among the first K.

    \(table(rows: [header("P@K")] + PublishedFigures.offline.map(published) + offline(.asPublished)))

    ## Offline, the default protocol

    \(protocolLine(.honest))

    \(table(rows: [header("P@K")] + offline(.honest)))

    ## Online, in a simulator

    Protocol: \(runs[0].online.protocolSummary).

    Average reward of the first K items; \(list(runs.map { "\($0.online.sessions)" })) sessions. \
    "frozen" learns nothing in a session, "updated" learns in it and is reset before the next.

    \(table(rows: [header("reward@K", ["in her log"])]
      + PublishedFigures.online.map { published($0) + [""] } + online))

    ## The leak ladder

    P@\(cutoffs.min()!): one leak less on every line, the last line being the default protocol.

    \(table(rows: ladder))

    """
  }

  // MARK: - What it depends on

  private var facts: [(name: String, value: String)] {
    let (data, drr) = (first.data, first.agent as? DRRConfiguration ?? DRRConfiguration())
    let seeds = runs.map(\.online.configuration).map { "\($0.seed)/\($0.evaluation.splitSeed)" }
    return [
      (
        "data",
        "\(data.name), \(data.ratings) ratings of \(data.users) users and \(data.items) items, "
          + "CRC-32 \(data.checksum)"
      ),
      ("command", "`\(command)`"),
      (
        "one run's figures",
        "`drr evaluate --leak-ladder`; `drr train drr --preset paper --no-twin`, then "
          + "`drr evaluate` and `drr simulate`"
      ),
      ("seeds, training/split", seeds.joined(separator: ", ")),
      (
        "training",
        "\(drr.steps) steps, batch \(drr.ddpg.batchSize), hidden \(drr.ddpg.hidden), "
          + "k \(first.pmf.dimension), γ \(drr.ddpg.discount)"
      ),
      ("device", device),
    ]
  }

  private var spreadNote: String {
    runs.count == 1
      ? "One run only: the figures have no spread over seeds, which for DRR is of the size of "
        + "the differences sought."
      : "Mean ± standard deviation over \(runs.count) runs, with the seeds above."
  }

  private func protocolLine(_ rung: Rung) -> String {
    let measurements = runs.map { measurement(rung, of: $0).measurement }
    let admission = measurements[0].admission.summary(
      of: .test, measurements[0].configuration.evaluation, window: first.agent!.training.window)
    return "Protocol: \(measurements[0].protocolSummary). Of the first run: \(admission)."
  }

  private func list(_ values: [String]) -> String {
    values.allSatisfy { $0 == values[0] } ? values[0] : values.joined(separator: ", ")
  }

  // MARK: - Figures

  private func measurement(
    _ rung: Rung, of run: Reproduction
  ) -> (measurement: ProtocolAblationReport.Measurement, oracle: [Int: Double]) {
    let index = run.ladder.measurements.firstIndex { $0.rung == rung }!
    return (run.ladder.measurements[index], run.oracle[index])
  }

  private var rankers: [String] { runs[0].ladder.measurements[0].rankers.map(\.name) }

  private func precision(_ ranker: String, _ rung: Rung, at k: Int) -> String {
    spread(runs.flatMap { $0.ladder.precisions(of: ranker, on: rung, at: k) })
  }

  private func oracle(_ rung: Rung, at k: Int) -> String {
    spread(runs.compactMap { measurement(rung, of: $0).oracle[k] })
  }

  private func offline(_ rung: Rung) -> [[String]] {
    rankers.reversed().map { name in [name] + cutoffs.map { precision(name, rung, at: $0) } }
      + [["oracle"] + cutoffs.map { oracle(rung, at: $0) }]
  }

  private var online: [[String]] {
    runs[0].online.policies.map(\.name).map { name in
      let results = runs.compactMap { $0.online.policies.first { $0.name == name } }
      return [name]
        + cutoffs.map { k in
          spread(results.compactMap { $0.rows.first { $0.k == k }?.reward.mean })
        } + [spread(results.map(\.inLog), digits: 2)]
    }
  }

  private var ladder: [[String]] {
    let k = cutoffs.min()!
    return [["protocol"] + rankers + ["oracle"]]
      + Rung.allCases.map { rung in
        [rung.rawValue] + rankers.map { precision($0, rung, at: k) } + [oracle(rung, at: k)]
      }
  }

  // MARK: - Text

  private func header(_ name: String, _ others: [String] = []) -> [String] {
    [name] + cutoffs.map { "@\($0)" } + others
  }

  private func published(_ figures: PublishedFigures) -> [String] {
    ["*\(figures.name)* (\(figures.source))"]
      + cutoffs.map { k in
        let index = PublishedFigures.cutoffs.firstIndex(of: k) ?? Int.max
        guard index < figures.values.count else { return "–" }
        return decimal(figures.values[index], figures.digits)
      }
  }

  private func spread(_ values: [Double], digits: Int = 3) -> String {
    guard !values.isEmpty else { return "–" }
    let mean = values.reduce(0, +) / Double(values.count)
    guard values.count > 1 else { return decimal(mean, digits) }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(values.count - 1)).squareRoot()
    return "\(decimal(mean, digits)) ± \(decimal(deviation, digits))"
  }

  private func table(rows: [[String]]) -> String {
    let rule = rows[0].indices.map { $0 == 0 ? "---" : "---:" }
    return ([rows[0], rule] + rows.dropFirst())
      .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}

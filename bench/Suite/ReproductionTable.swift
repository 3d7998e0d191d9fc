import DRR
import Terminal

/// Reproductions on several sets of ratings as a Markdown file.
struct ReproductionReport {
  var parts: [ReproductionTable]
  /// What the agents are called, in the order of the ladders.
  var agents: [String]
  var command: String
  var device: String

  var text: String {
    let first = parts[0].first
    let drr = first.agent as? DRRConfiguration ?? DRRConfiguration()
    return """
      # DRR as published

      Written by a command; not to be edited. The agent is DRR of the last step, with each state \
      module.

      - command: `\(command)`
      - one run's figures: `drr evaluate --leakage-ablation`; `drr train drr --no-myopic`, then \
      `drr evaluate` and `drr simulate`
      - training: \(drr.steps) steps where a row does not say otherwise, batch \
      \(drr.ddpg.batchSize), hidden \(drr.ddpg.hidden), k \(first.pmf.dimension), γ \
      \(drr.ddpg.discount)
      - seeds, training/split: \(parts[0].seeds)
      - device: \(device)

      \(spreadNote)

      \(PublishedFigures.note)

      ## All at once

      P@5 and P@10 offline under the published protocol and under the default one, and the average \
      reward of the first 5 and 10 recommendations in the simulator, with fixed weights.

      \(markdown(summary))

      \(parts.map { $0.text(agents) }.joined(separator: "\n\n"))

      """
  }

  private var spreadNote: String {
    parts[0].runs.count == 1
      ? "One run only: the figures have no spread over seeds, which for DRR is of the size of "
        + "the differences sought."
      : "Mean ± standard deviation over \(parts[0].runs.count) runs, with the seeds above."
  }

  private var summary: [[String]] {
    let cutoffs = [5, 10]
    let kinds = ["published protocol P", "default protocol P", "online reward"]
    let header =
      [""]
      + parts.flatMap { part in
        kinds.flatMap { kind in cutoffs.map { "\(part.first.data.name), \(kind)@\($0)" } }
      }
    let rows = PublishedFigures.offline.map(\.name).map { name in
      let offline = PublishedFigures.offline.first { $0.name == name }
      let online = PublishedFigures.online.first { $0.name == name }
      let figures: [String] =
        cutoffs.map { offline?.text(at: $0) ?? "–" } + cutoffs.map { _ in "–" }
        + cutoffs.map { online?.text(at: $0) ?? "–" }
      return ["*\(name)*"] + parts.flatMap { _ in figures }
    }
    func row(
      _ name: String, _ offline: (ReproductionTable, ProtocolAblation.Rung, Int) -> String,
      _ online: (ReproductionTable, Int) -> String
    ) -> [String] {
      [name]
        + parts.flatMap { part in
          cutoffs.map { offline(part, .asPublished, $0) }
            + cutoffs.map { offline(part, .honest, $0) }
            + cutoffs.map { online(part, $0) }
        }
    }
    var own: [[String]] = []
    for (place, name) in agents.enumerated() {
      let untrained = untrainedName(of: name)
      let kinds = [
        (ranker: "DRR trained", policy: "\(name) frozen", label: name),
        (ranker: "DRR untrained", policy: untrained, label: untrained),
      ]
      for kind in kinds {
        own.append(
          row(kind.label, { $0.precision(kind.ranker, of: place, $1, at: $2) }) {
            $0.reward(kind.policy, at: $1)
          })
      }
    }
    let pairs = [
      ("random action U", "random action"), ("random", "random"),
      ("popularity", "popularity"), ("item mean", "item mean"), ("PMF rating", "PMF greedy"),
    ]
    let baselines = pairs.map { offline, online in
      row(
        offline == online ? offline : "\(offline) / \(online)",
        { $0.precision(offline, of: 0, $1, at: $2) }
      ) { $0.reward(online, at: $1) }
    }
    let ceiling = row("oracle / world greedy", { $0.oracle($1, at: $2) }) {
      $0.reward("world greedy", at: $1)
    }
    return [header] + rows + own + baselines + [ceiling]
  }
}

/// "DRR-ave, 200,000 steps" is DRR-ave before any of them.
private func untrainedName(of agent: String) -> String {
  "\(agent.prefix { $0 != "," }) untrained"
}

/// The runs of a reproduction on one set of ratings.
struct ReproductionTable {
  /// One or more, all with the same rankers.
  var runs: [Reproduction]

  fileprivate typealias Rung = ProtocolAblation.Rung

  var first: RunConfiguration { runs[0].online.configuration }
  var cutoffs: [Int] { first.evaluation.cutoffs }
  var seeds: String {
    runs.map(\.online.configuration).map { "\($0.seed)/\($0.evaluation.splitSeed)" }
      .joined(separator: ", ")
  }

  func text(_ agents: [String]) -> String {
    let data = first.data
    return """
      ## \(data.name)

      \(grouped(data.ratings)) ratings of \(grouped(data.users)) users and \(grouped(data.items)) \
      items, CRC-32 \(data.checksum).

      ### Offline, the protocol of the published figures

      \(protocolLine(.asPublished))

      P@K: the share of liked items among the first K.

      \(markdown([header("P@K")] + PublishedFigures.offline.map(published) + offline(.asPublished, agents)))

      ### Offline, the default protocol

      \(protocolLine(.honest))

      \(markdown([header("P@K")] + offline(.honest, agents)))

      ### Online, in a simulator

      Protocol: \(runs[0].online.protocolSummary).

      Average reward of the first K items; \(list(runs.map { "\($0.online.sessions)" })) sessions. \
      "frozen" learns nothing in a session, "updated" learns in it and is reset before the \
      next.

      \(markdown([header("reward@K", ["in the user's log"])]
        + PublishedFigures.online.map { published($0) + [""] } + online))

      ### The leakage ablation, \(agents[0])

      P@\(cutoffs.min()!): one leak less on every line, the last line being the default protocol.

      \(markdown(ladder))
      """
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
    let index = run.ladders[0].measurements.firstIndex { $0.rung == rung }!
    return (run.ladders[0].measurements[index], run.oracle[index])
  }

  /// A ranker's P@K on the ladder of an agent.
  fileprivate func precision(_ ranker: String, of agent: Int, _ rung: Rung, at k: Int) -> String {
    spread(runs.flatMap { $0.ladders[agent].precisions(of: ranker, on: rung, at: k) })
  }

  fileprivate func oracle(_ rung: Rung, at k: Int) -> String {
    spread(runs.compactMap { measurement(rung, of: $0).oracle[k] })
  }

  fileprivate func reward(_ policy: String, at k: Int) -> String {
    spread(
      runs.compactMap { run in
        run.online.policies.first { $0.name == policy }?.rows.first { $0.k == k }?.reward.mean
      })
  }

  /// The rankers that no agent is of.
  private var baselines: [String] {
    runs[0].ladders[0].measurements[0].rankers.map(\.name).filter { !$0.hasPrefix("DRR ") }
  }

  private func offline(_ rung: Rung, _ agents: [String]) -> [[String]] {
    var rows: [[String]] = []
    for (place, name) in agents.enumerated() {
      for (ranker, label) in [
        ("DRR trained", name), ("DRR untrained", untrainedName(of: name)),
      ] {
        rows.append([label] + cutoffs.map { precision(ranker, of: place, rung, at: $0) })
      }
    }
    for name in baselines.reversed() {
      rows.append([name] + cutoffs.map { precision(name, of: 0, rung, at: $0) })
    }
    return rows + [["oracle"] + cutoffs.map { oracle(rung, at: $0) }]
  }

  private var online: [[String]] {
    runs[0].online.policies.map(\.name).map { name in
      let results = runs.compactMap { $0.online.policies.first { $0.name == name } }
      return [name] + cutoffs.map { reward(name, at: $0) }
        + [spread(results.map(\.inLog), digits: 2)]
    }
  }

  private var ladder: [[String]] {
    let k = cutoffs.min()!
    let names = runs[0].ladders[0].measurements[0].rankers.map(\.name)
    return [["protocol"] + names + ["oracle"]]
      + Rung.allCases.map { rung in
        [rung.rawValue] + names.map { precision($0, of: 0, rung, at: k) } + [oracle(rung, at: k)]
      }
  }

  // MARK: - Text

  private func header(_ name: String, _ others: [String] = []) -> [String] {
    [name] + cutoffs.map { "@\($0)" } + others
  }

  private func published(_ figures: PublishedFigures) -> [String] {
    ["*\(figures.name)* (\(figures.source))"] + cutoffs.map { figures.text(at: $0) }
  }

  private func spread(_ values: [Double], digits: Int = 3) -> String {
    guard !values.isEmpty else { return "–" }
    let mean = values.reduce(0, +) / Double(values.count)
    guard let deviation = standardDeviation(values) else { return decimal(mean, digits) }
    return "\(decimal(mean, digits)) ± \(decimal(deviation, digits))"
  }
}

extension PublishedFigures {
  fileprivate func text(at k: Int) -> String {
    let index = Self.cutoffs.firstIndex(of: k) ?? Int.max
    return index < values.count ? decimal(values[index], digits) : "–"
  }
}

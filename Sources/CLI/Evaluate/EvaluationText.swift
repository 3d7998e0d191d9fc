import DRR
import Terminal

extension EvaluationReport {
  private var cutoffs: [Int] { configuration.evaluation.cutoffs }

  /// Baselines that nobody would use, which `--all` has.
  private static let minor: Set<String> = [
    "logged order", "PMF dot", "fixed direction", "random action U", "random action N",
  ]

  /// The verdict, and one table at the middle K: what ranks best first.
  func summary(_ format: TableFormat) -> String {
    let ordered = rankers.filter { !Self.minor.contains($0.name) }.compactMap { ranker in
      ranker.rows.first { $0.k == middle }.flatMap { row in row.ndcg.map { (ranker, row, $0) } }
    }.sorted { $0.2.mean > $1.2.mean }
    let rows = ordered.map { ranker, row, ndcg in
      let difference = difference(from: ranker.name, .ndcg, at: middle)
      return [
        (ranker.name == agent ? ">" : " ") + Labels.evaluation[ranker.name],
        "\(decimal(ndcg.mean, 3)) \(ndcg.interval(3))",
        number(row.precision?.mean),
        difference.map { "\(signed($0.mean, 3)) \($0.signedInterval(3))" } ?? "",
      ]
    }
    let table = Table(
      rows: [["", "NDCG@\(middle)", "P@\(middle)", "agent minus, NDCG@\(middle) "]] + rows)
    guard format == .text else { return table.written(format) }
    return """
      \(verdict)

      \(table.text)
      95% intervals, users resampled; *: the paired difference excludes 0
      \(configuration.data.name), CRC-32 \(configuration.data.checksum): \(protocolSummary)
      more figures: --all; a picture: drr report
      """ + (users.flatMap(fewUsers).map { "\n\($0)" } ?? "")
  }

  var text: String {
    ([heading]
      + [
        measureTable("P", .precision), measureTable("NDCG", .ndcg),
        measureTable("mean reward", .reward), measureTable("recall", .recall), differenceTable,
        listTable,
      ] + policyLines).joined(separator: "\n\n")
  }

  private var heading: String {
    let data = configuration.data
    func list(_ values: [String]) -> String {
      values.allSatisfy { $0 == values[0] } ? values[0] : values.joined(separator: " ")
    }
    let admissions = runs.map {
      $0.admission.summary(
        of: .test, configuration.evaluation, window: configuration.agent?.training.window ?? 0)
    }
    let candidates = runs.map { decimal($0.candidatesPerSession, 1) }
    let errors = runs.map { decimal($0.sessionRMSE, 4) }
    return """
      data      \(data.name), \(grouped(data.ratings)) ratings, CRC-32 \(data.checksum)
      protocol  \(protocolSummary)
      users     \(list(admissions))
                with \(list(candidates)) candidates on average
      seeds     run \(list(runs.map { "\($0.seed)" })), split \(list(runs.map { "\($0.splitSeed)" })), evaluation \(seed); intervals: 95%, users resampled\(runs.count > 1 ? " with all their runs; ±: standard deviation over \(runs.count) runs" : "")
      training  \(list(runs.map { grouped($0.steps) })) steps
      \(policyHistories)
      device    \(device)
      PMF       test RMSE \(list(errors)) \(ratingUnit), on held-out ratings
      """ + (users.flatMap(fewUsers).map { "\n\($0)" } ?? "")
  }

  /// The checkpoint that is evaluated, and how much its choice matters: run by run.
  private var policyHistories: String {
    runs.map { run in
      guard let policy = run.policy else { return "not trained" }
      let training = configuration.agent?.training
      let chosen =
        policy.hasLearned == false
        ? "which had learned nothing yet: its first update comes later"
        : training?.keptStep != nil
          ? "the step of the agent that it is compared with"
          : policy.points.isEmpty || training?.choice == .last
            ? "the last" : "of the best NDCG@10 on the validation users"
      let spread =
        policy.spread.map {
          "; P@5 over the later \((policy.points.count + 1) / 2) of \(policy.points.count) checkpoints "
            + "\(decimal($0.mean, 3)) ±\(decimal($0.deviation, 3)), "
            + "\(decimal($0.low, 3))–\(decimal($0.high, 3))"
        } ?? "; its spread over checkpoints is not known"
      let name = runs.count > 1 ? "run \(run.seed), split \(run.splitSeed): " : ""
      return "\(name)checkpoint of step \(grouped(policy.step)), \(chosen)\(spread)"
    }.enumerated().map { ($0 == 0 ? "policy    " : "          ") + $1 }
      .joined(separator: "\n")
  }

  private func number(_ value: Double?, _ digits: Int = 3) -> String {
    value.map { decimal($0, digits) } ?? "–"
  }

  private func cells(_ estimate: Estimate?) -> [String] {
    let interval = estimate?.interval(3) ?? ""
    let spread = runs.count > 1 ? ["±" + number(estimate?.deviation)] : []
    return [number(estimate?.mean)] + spread + [interval]
  }

  private func measureTable(_ title: String, _ measure: Measure) -> String {
    let blank = runs.count > 1 ? ["", ""] : [""]
    let header = [title] + cutoffs.flatMap { ["@\($0)"] + blank }
    let body = rankers.map { ranker in
      [Labels.evaluation[ranker.name]] + ranker.rows.flatMap { cells($0[measure]) }
    }
    return Table(rows: [header] + body).text
  }

  /// The agent minus each ranker, over the same users. A star: the interval is without zero.
  private var differenceTable: String {
    let shown: [(String, Measure, Int)] =
      cutoffs.prefix(2).map { ("P@\($0)", .precision, $0) } + [("NDCG@\(middle)", .ndcg, middle)]
    let blank = runs.count > 1 ? ["", ""] : [""]
    let header = ["\(agent) minus"] + shown.flatMap { [$0.0] + blank }
    let body = rankers.filter { $0.name != agent }.map { ranker in
      [Labels.evaluation[ranker.name]]
        + shown.flatMap { _, measure, k -> [String] in
          guard let found = difference(from: ranker.name, measure, at: k) else {
            return ["–"] + blank
          }
          let spread = runs.count > 1 ? ["±" + number(found.deviation)] : []
          return [signed(found.mean, 3)] + spread + [found.signedInterval(3)]
        }
    }
    return Table(rows: [header] + body).text
      + "\n* the interval of the paired difference excludes zero"
  }

  private var listTable: String {
    let header = [
      "beyond accuracy @\(middle)", "normalized gain", "unique items", "candidate coverage",
      "Gini index", "novelty (bits)", "intra-list diversity",
    ]
    let body = rankers.map { ranker in
      let row = ranker.rows.first { $0.k == middle }
      let lists = row?.lists
      return [
        Labels.evaluation[ranker.name], number(row?.gain),
        number(lists?.distinct, runs.count > 1 ? 1 : 0),
        number(lists?.coverage), number(lists?.gini), number(lists?.novelty, 2),
        number(lists?.diversity),
      ]
    }
    return Table(rows: [header] + body).text
      + "\nnormalized gain: (P − random) / (oracle − random); candidate coverage: the fraction of "
      + "candidates recommended;\nnovelty: −log2 of the fraction of users who rated an item; "
      + "diversity: mean 1 − cosine of PMF vectors"
  }

  private var policyLines: [String] {
    let agents = rankers.compactMap { ranker in ranker.policy.map { (ranker.name, $0) } }
    guard !agents.isEmpty else { return [] }
    let header = ["agents", "saturated actions", "Q(s0,a0)", "return", "overestimation bias"]
    let body = agents.map { name, policy in
      [
        Labels.evaluation[name], number(policy.saturation), number(policy.expectedReturn, 2),
        number(policy.discountedReturn, 2), number(policy.overestimation, 2),
      ]
    }
    return [
      Table(rows: [header] + body).text
        + "\nsaturated actions: the fraction of action components beyond ±0.95; Q(s0,a0): the "
        + "critic's estimate; return: discounted, of the list"
    ]
  }
}

/// What is said where users are too few for the intervals that resampling them gives.
package func fewUsers(_ count: Int) -> String? {
  count < 30
    ? "warning   \(count) user\(count == 1 ? "" : "s"): resampling fewer than 30 gives intervals that are too "
      + "narrow; the truth is outside them in more than 5% of cases" : nil
}

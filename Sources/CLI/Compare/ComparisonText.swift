import DRR

extension ComparisonReport {
  var text: String {
    [heading, nextItemTable, groupTable, pauseTable, isOfSessions ? nil : rerankingTable]
      .compactMap { $0 }
      .joined(separator: "\n\n")
  }

  /// The verdict, and one table at the K of the differences: what ranks best first.
  func summary(_ format: TableFormat) -> String {
    let trained = Set(runs.flatMap(\.contestants))
    let base = Labels.comparison[settings.baseline]
    let ordered = rows.sorted { ndcg($0)?.mean ?? 0 > ndcg($1)?.mean ?? 0 }
    let body = ordered.map { row -> [String] in
      let mark = row.name == settings.baseline ? "=" : trained.contains(row.name) ? ">" : " "
      let difference = difference(row.ndcgDifference)
      return [
        mark + Labels.comparison[row.name], ndcg(row).map { decimal($0.mean, 4) } ?? "–",
        row.cutoffs.first { $0.k == cutoff }.map { decimal($0.hitRate.mean, 4) } ?? "–",
        difference[0].isEmpty ? "" : difference.joined(separator: " "),
      ]
    }
    let title = "NDCG@\(cutoff)"
    let table = Table(
      rows: [["", title, "HR@\(cutoff)", "\(title) minus = "]] + body)
    guard format == .text else { return table.written(format) }
    let lines = verdicts.joined(separator: "\n")
    let about = "\(data.name), CRC-32 \(data.checksum): \(protocolSummary)"
      .replacing("\n", with: "; ")
    return """
      \(lines)

      \(table.text)
      next item out of the full catalogue; >: a run; =: \(base); *: the 95% interval of the paired \
      difference excludes 0
      \(about)
      more figures: --all
      """ + (users.min().flatMap(fewUsers).map { "\n\($0)" } ?? "")
  }

  private func ndcg(_ row: ComparisonReport.Row) -> Estimate? {
    row.cutoffs.first { $0.k == cutoff }?.ndcg
  }

  private var heading: String {
    func list(_ values: [String]) -> String {
      Set(values).count == 1 ? values[0] : values.joined(separator: " ")
    }
    let summary = protocolSummary.split(separator: "\n")
    var lines = [
      "data      \(data.name), \(grouped(data.ratings)) \(isOfSessions ? "clicks" : "ratings"), CRC-32 \(data.checksum)"
    ]
    lines += summary.enumerated().map { ($0 == 0 ? "protocol  " : "          ") + $1 }
    lines.append(
      "targets   \(list(targets.map(grouped))) held-out \(isOfSessions ? "clicks" : "ratings") of "
        + "\(list(users.map(grouped))) \(isOfSessions ? "sessions" : "users")"
    )
    for (number, run) in runs.enumerated() {
      let trained =
        run.contestants.isEmpty
        ? "PMF alone" : run.contestants.map { Labels.comparison[$0] }.joined(separator: ", ")
      lines.append((number == 0 ? "runs      " : "          ") + "\(run.folder): \(trained)")
    }
    let splits = splitSeeds.map(String.init).joined(separator: " ")
    lines.append(
      "seeds     split \(splits), comparison \(settings.seed); intervals: 95%, \(isOfSessions ? "sessions" : "users") resampled"
        + (splitSeeds.count > 1
          ? " with all their splits; ±: standard deviation over \(splitSeeds.count) splits" : ""))
    if hasSeveralRuns {
      lines.append(
        "          ± runs: standard deviation over the runs of one method, which intervals leave out"
      )
    }
    lines.append("device    \(device)")
    if let warning = users.min().flatMap(fewUsers) { lines.append(warning) }
    return lines.joined(separator: "\n")
  }

  private var hasSeveralRuns: Bool { rows.contains { runs(of: $0.name).count > 1 } }

  /// A row's figure, and its spread over the runs of the row's method.
  private func cells(
    _ row: ComparisonReport.Row, _ figure: (ComparisonReport.Row) -> Estimate?
  ) -> [String] {
    guard hasSeveralRuns else { return cells(figure(row)) }
    let means = runs(of: row.name).compactMap { figure($0)?.mean }
    let spread = standardDeviation(means).map { "±\(decimal($0, 4))" } ?? ""
    return cells(figure(row)) + [spread]
  }

  private func cells(_ estimate: Estimate?, _ digits: Int = 4) -> [String] {
    guard let estimate else { return splitSeeds.count > 1 ? ["–", "", ""] : ["–", ""] }
    let spread =
      splitSeeds.count > 1 ? [estimate.deviation.map { "±" + decimal($0, digits) } ?? "–"] : []
    return [decimal(estimate.mean, digits)] + spread
      + [estimate.interval(digits)]
  }

  private var blanks: [String] {
    (splitSeeds.count > 1 ? ["", ""] : [""]) + (hasSeveralRuns ? ["± runs"] : [])
  }

  /// A star: the interval is without zero.
  private func difference(_ found: Estimate?) -> [String] {
    guard let found else { return ["", ""] }
    return [signed(found.mean, 4), found.signedInterval(4)]
  }

  private var nextItemTable: String {
    let k = cutoff
    let others = settings.nextItem.cutoffs.filter { $0 != k }
    let second = isOfSessions ? "MRR@\(k)" : "NDCG@\(k)"
    let header =
      ["next-item prediction", "HR@\(k)"] + blanks + [second] + blanks + ["HR@\(k) minus", ""]
      + ["NDCG@\(k) minus", ""] + others.map { "HR@\($0)" } + [
        "MRR", "catalogue coverage", "Gini index",
      ]
    let body = rows.map { row -> [String] in
      func cutoff(_ row: ComparisonReport.Row) -> ComparisonReport.Cutoff? {
        row.cutoffs.first { $0.k == k }
      }
      return [Labels.comparison[row.name]] + cells(row) { cutoff($0)?.hitRate }
        + cells(row) { isOfSessions ? cutoff($0)?.reciprocalRank : cutoff($0)?.ndcg }
        + difference(row.hitRateDifference) + difference(row.ndcgDifference)
        + others.map { k in
          row.cutoffs.first { $0.k == k }.map { decimal($0.hitRate.mean, 4) } ?? "–"
        }
        + [decimal(row.reciprocalRank.mean, 4), decimal(row.coverage, 3), decimal(row.gini, 3)]
    }
    return Table(rows: [header] + body).text
      + "\nout of the full catalogue; minus: minus \(Labels.comparison[settings.baseline]), at the "
      + "same targets; * the interval excludes zero; catalogue coverage, Gini index: of the first "
      + "\(settings.nextItem.listLength), over all items"
  }

  private var groupTable: String {
    let names = rows[0].groups.map(\.name)
    let counts = rows[0].groups.map { grouped($0.hitRate.count) }
    let header =
      ["HR@\(cutoff) by popularity"] + zip(names, counts).map { "\($0), \($1) targets" }
    return Table(
      rows: [header]
        + rows.map { [Labels.comparison[$0.name]] + $0.groups.map { decimal($0.hitRate.mean, 4) } }
    ).text
      + "\nthe items of each group hold a third of the training \(isOfSessions ? "clicks" : "ratings")"
  }

  /// Nil where the data have no times.
  private var pauseTable: String? {
    guard let groups = rows[0].pauses else { return nil }
    func figure(_ estimate: Estimate) -> String {
      estimate.count > 0 ? decimal(estimate.mean, 4) : "–"
    }
    let header =
      ["HR@\(cutoff), NDCG@\(cutoff) by time"]
      + groups.flatMap { ["\($0.name), \(grouped($0.hitRate.count)) targets", ""] }
    let body = rows.map { row in
      [Labels.comparison[row.name]]
        + (row.pauses ?? []).flatMap { [figure($0.hitRate), figure($0.ndcg)] }
    }
    return Table(rows: [header] + body).text
      + "\nby the time since the user's previous rating: none, an hour at most, more"
  }

  private var rerankingTable: String {
    let part = UserSplit.HeldOut.test
    var protocolOf = EvaluationProtocol()
    protocolOf.cutoffs = settings.rerankingCutoffs
    protocolOf.minimumCandidates = settings.rerankingCutoffs.max()!
    let admitted = admissions.map { $0.summary(of: part, protocolOf, window: window) }
    let sessions =
      "ranking of held-out ratings, with feedback after each recommendation: "
      + (Set(admitted).count == 1 ? admitted[0] : admitted.joined(separator: " | "))
    guard !rows[0].reranking.isEmpty else { return sessions }
    let most = settings.rerankingCutoffs.max()!
    let header =
      ["ranking held-out items"] + settings.rerankingCutoffs.flatMap { ["P@\($0)"] + blanks }
      + ["NDCG@\(most)"] + blanks + ["NDCG@\(most) minus", ""]
    let body = rows.map { row -> [String] in
      [Labels.comparison[row.name]]
        + row.reranking.indices.flatMap { at in cells(row) { $0.reranking[at].precision } }
        + cells(row) { $0.reranking.last?.ndcg } + difference(row.rerankingDifference)
    }
    return sessions + "\n" + Table(rows: [header] + body).text
  }
}

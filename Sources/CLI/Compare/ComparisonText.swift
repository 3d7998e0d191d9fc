import DRR

extension ComparisonReport {
  var text: String {
    [heading, nextItemTable, groupTable, rerankingTable].compactMap { $0 }
      .joined(separator: "\n\n")
  }

  private var heading: String {
    func list(_ values: [String]) -> String {
      Set(values).count == 1 ? values[0] : values.joined(separator: " ")
    }
    let summary = protocolSummary.split(separator: "\n")
    var lines = [
      "data      \(data.name), \(grouped(data.ratings)) ratings, CRC-32 \(data.checksum)"
    ]
    lines += summary.enumerated().map { ($0 == 0 ? "protocol  " : "          ") + $1 }
    lines.append(
      "asked     \(list(targets.map(grouped))) targets of \(list(users.map(grouped))) users")
    for (number, run) in runs.enumerated() {
      let trained =
        run.contestants.isEmpty ? "PMF alone" : run.contestants.joined(separator: ", ")
      lines.append((number == 0 ? "runs      " : "          ") + "\(run.folder): \(trained)")
    }
    let splits = splitSeeds.map(String.init).joined(separator: " ")
    lines.append(
      "seeds     split \(splits), comparison \(settings.seed); intervals: 95%, users resampled"
        + (splitSeeds.count > 1
          ? " with all their splits; ±: standard deviation over \(splitSeeds.count) splits" : ""))
    lines.append("device    \(device)")
    return lines.joined(separator: "\n")
  }

  private func cells(_ estimate: Estimate?, _ digits: Int = 4) -> [String] {
    guard let estimate else { return splitSeeds.count > 1 ? ["–", "", ""] : ["–", ""] }
    let spread =
      splitSeeds.count > 1 ? [estimate.deviation.map { "±" + decimal($0, digits) } ?? "–"] : []
    return [decimal(estimate.mean, digits)] + spread
      + ["\(decimal(estimate.low, digits))–\(decimal(estimate.high, digits))"]
  }

  private var blanks: [String] { splitSeeds.count > 1 ? ["", ""] : [""] }

  private func signed(_ value: Double) -> String {
    let text = decimal(value, 4)
    return value > 0 && !text.hasPrefix("-") ? "+\(text)" : text
  }

  /// A star: the interval is without zero.
  private func difference(_ found: Estimate?) -> [String] {
    guard let found else { return ["", ""] }
    let star = found.low > 0 || found.high < 0 ? "*" : " "
    return [signed(found.mean), "\(signed(found.low)) … \(signed(found.high))\(star)"]
  }

  private var nextItemTable: String {
    let k = cutoff
    let others = settings.nextItem.cutoffs.filter { $0 != k }
    let header =
      ["next item", "HR@\(k)"] + blanks + ["NDCG@\(k)"] + blanks + ["HR@\(k) less", ""]
      + ["NDCG@\(k) less", ""] + others.map { "HR@\($0)" } + ["MRR", "coverage", "Gini"]
    let body = rows.map { row -> [String] in
      let main = row.cutoffs.first { $0.k == k }
      return [row.name] + cells(main?.hitRate) + cells(main?.ndcg)
        + difference(row.hitRateDifference) + difference(row.ndcgDifference)
        + others.map { k in
          row.cutoffs.first { $0.k == k }.map { decimal($0.hitRate.mean, 4) } ?? "–"
        }
        + [decimal(row.reciprocalRank.mean, 4), decimal(row.coverage, 3), decimal(row.gini, 3)]
    }
    return Table(rows: [header] + body).text
      + "\nless: less \(settings.baseline), at the same targets; * the interval excludes zero; "
      + "coverage, Gini: of the first \(settings.nextItem.listLength), over all items"
  }

  private var groupTable: String {
    let names = rows[0].groups.map(\.name)
    let counts = rows[0].groups.map { grouped($0.hitRate.count) }
    let header =
      ["HR@\(cutoff) by popularity"] + zip(names, counts).map { "\($0), \($1) targets" }
    return Table(
      rows: [header] + rows.map { [$0.name] + $0.groups.map { decimal($0.hitRate.mean, 4) } }
    ).text + "\na third of the ratings to learn from falls on the items of each group"
  }

  private var rerankingTable: String {
    let part = UserSplit.HeldOut.test
    var protocolOf = EvaluationProtocol()
    protocolOf.cutoffs = settings.rerankingCutoffs
    protocolOf.minimumCandidates = settings.rerankingCutoffs.max()!
    let admitted = admissions.map { $0.summary(of: part, protocolOf, window: window) }
    let sessions =
      "re-ranking of what they went on to rate, told of each pick before the next: "
      + (Set(admitted).count == 1 ? admitted[0] : admitted.joined(separator: " | "))
    guard !rows[0].reranking.isEmpty else { return sessions }
    let most = settings.rerankingCutoffs.max()!
    let header =
      ["re-ranking"] + settings.rerankingCutoffs.flatMap { ["P@\($0)"] + blanks }
      + ["NDCG@\(most)"] + blanks + ["NDCG@\(most) less", ""]
    let body = rows.map { row -> [String] in
      [row.name] + row.reranking.flatMap { cells($0.precision) }
        + cells(row.reranking.last?.ndcg) + difference(row.rerankingDifference)
    }
    return sessions + "\n" + Table(rows: [header] + body).text
  }
}

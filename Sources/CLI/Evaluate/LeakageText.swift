import DRR

extension ProtocolAblationReport {
  var text: String {
    let rungs = ProtocolAblation.Rung.allCases
    guard let first = measurements.first else { return "" }
    let k = first.configuration.evaluation.cutoffs.min()!
    let names = first.rankers.map(\.name)
    let body = rungs.map { rung in
      [Labels.leakage[rung.rawValue]]
        + names.map { name in
          measurements(of: rung).count > 1
            ? spread(precisions(of: name, on: rung, at: k))
            : interval(of: name, on: rung, at: k)
        }
    }
    let sessions = rungs.compactMap { rung in
      measurements(of: rung).first.map {
        "\(Labels.leakage[rung.rawValue]): "
          + $0.admission.summary(
            of: .test, $0.configuration.evaluation, window: $0.configuration.agent!.training.window)
      }
    }
    let (data, drr) = (first.configuration.data, first.configuration.agent!.training)
    let firstSeed = first.configuration.seed
    let seedText =
      seeds == 1
      ? "\(firstSeed); intervals: 95%, users resampled"
      : "\(firstSeed) to \(firstSeed + UInt64(seeds - 1)), of split and training; ± the standard "
        + "deviation over them"
    let ends = [rungs.first!, rungs.last!].compactMap { rung in
      measurements(of: rung).first.map { "\(Labels.leakage[rung.rawValue]): \($0.protocolSummary)" }
    }
    return """
      data   \(data.name), \(grouped(data.ratings)) ratings, CRC-32 \(data.checksum)
      seeds  \(seedText)
      agent  DRR-ave, \(grouped(drr.steps)) steps, trained anew where the training ratings change

      \(Table(rows: [["P@\(k)"] + names.map { Labels.evaluation[$0] }] + body).text)

      users, with seed \(firstSeed)
      \(sessions.map { "  " + $0 }.joined(separator: "\n"))

      \(ends.joined(separator: "\n"))
      """
  }

  private func spread(_ values: [Double]) -> String {
    guard values.count > 1 else { return "–" }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(values.count - 1)).squareRoot()
    return "\(decimal(mean, 3)) ±\(decimal(deviation, 3))"
  }

  private func interval(of ranker: String, on rung: ProtocolAblation.Rung, at k: Int) -> String {
    let rows = measurements(of: rung).first?.rankers.first { $0.name == ranker }?.rows
    guard let found = rows?.first(where: { $0.k == k })?.precision else { return "–" }
    return "\(decimal(found.mean, 3)) \(found.interval(2))"
  }
}

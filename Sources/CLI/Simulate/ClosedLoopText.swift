import DRR
import Feedback
import Terminal

/// What closed loops of several seeds came to.
struct ClosedLoopResult: Encodable {
  /// Intervals that have the truth, of all that the logs gave.
  struct Coverage: Encodable {
    var logs: Int
    var covered: Int
  }

  /// Of the models that were fitted to the logs, and of the planted ones.
  var coverage: Coverage
  var plantedCoverage: Coverage
  /// Models that took the place of the served one.
  var promotions: Int
  /// Of those, such as earn less than what they replaced.
  var worsePromotions: Int
  var plantedPromotions: Int
  var loops: [ClosedLoop.Report]

  init(_ loops: [ClosedLoop.Report]) {
    self.loops = loops
    let rounds = loops.flatMap(\.rounds)
    func coverage(_ judged: [ClosedLoop.Judged]) -> Coverage {
      let estimated = judged.filter { $0.estimate != nil }
      return Coverage(logs: estimated.count, covered: estimated.count(where: \.isCovered))
    }
    self.coverage = coverage(rounds.map(\.candidate))
    plantedCoverage = coverage(rounds.map(\.planted))
    promotions = rounds.count { $0.candidate.isPromoted }
    worsePromotions = rounds.count { $0.candidate.isPromoted && $0.candidate.truth < $0.truth }
    plantedPromotions = rounds.count { $0.planted.isPromoted }
  }

  private func mean(_ value: (ClosedLoop.Report) -> Double) -> Double {
    loops.map(value).reduce(0, +) / Double(loops.count)
  }

  var text: String {
    let settings = loops[0].settings
    var rows = [
      ["round", "served, true", "candidate", "true", "ESS", "promoted", "planted"]
    ]
    for round in 0..<settings.rounds {
      let all = loops.map { $0.rounds[round] }
      func average(_ digits: Int = 3, _ value: (ClosedLoop.Round) -> Double?) -> String {
        let found = all.compactMap(value)
        return found.isEmpty ? "–" : decimal(found.reduce(0, +) / Double(found.count), digits)
      }
      rows.append([
        "\(round + 1)", average { $0.truth }, average { $0.candidate.estimate?.value },
        average { $0.candidate.truth }, average(0) { $0.candidate.effectiveSampleSize },
        "\(all.count { $0.candidate.isPromoted }) of \(all.count)",
        "\(all.count { $0.planted.isPromoted }) of \(all.count)",
      ])
    }
    let beside = [
      ["reward of a list", "value"], ["random", decimal(mean(\.random), 3)],
      ["first model, as it is served", decimal(mean(\.first), 3)],
      ["last model, as it is served", decimal(mean(\.last), 3)],
      ["one list for all users, by true means", decimal(mean(\.popularity), 3)],
      ["oracle: each user's best items", decimal(mean(\.oracle), 3)],
    ]
    return """
      \(loops[0].data): \(grouped(loops[0].users)) users, \(settings.items) items, \
      \(grouped(settings.lists)) lists of \(settings.positions) a round; \
      \(loops.count) seed\(loops.count == 1 ? "" : "s")
      The interval of the estimate has the true value in \(coverage.covered) of \(coverage.logs) logs \
      (planted models: \(plantedCoverage.covered) of \(plantedCoverage.logs)).
      Promoted: \(promotions), of which \(worsePromotions) earn less than what they replaced; planted \
      models: \(plantedPromotions).
      Served and candidate: the mean reward of a list; true, of all users alike.

      \(Table(rows: rows).text)

      \(Table(rows: beside).text)
      """
  }

  /// The served model's true value by round, between what it began with and the best there is.
  var chart: LineChart {
    let rounds = loops[0].settings.rounds
    func level(_ name: String, _ value: Double) -> LineChart.Line {
      LineChart.Line(name, [(1, value), (Double(rounds), value)], isDashed: true)
    }
    let served = (0..<rounds).map { round -> (x: Double, y: Double, low: Double, high: Double) in
      let values = loops.map { $0.rounds[round].truth }
      return (
        Double(round + 1), values.reduce(0, +) / Double(values.count), values.min()!,
        values.max()!
      )
    }
    return LineChart(
      "Serve, judge, promote: the true value of the served model", x: "round",
      y: "reward of a list",
      lines: [
        LineChart.Line(
          "served model", served.map { ($0.x, $0.y) },
          band: loops.count > 1 ? served.map { ($0.low, $0.high) } : []),
        level("oracle", mean(\.oracle)), level("one list for all", mean(\.popularity)),
        level("first model", mean(\.first)), level("random", mean(\.random)),
      ])
  }
}

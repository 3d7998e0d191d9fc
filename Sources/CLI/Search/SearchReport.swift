import Charts
import DRR

/// What a search found, the best trial first.
struct SearchReport: Codable {
  struct Trial: Codable {
    var number: Int
    /// Its folder.
    var run: String
    /// The settings that were searched, by option.
    var settings: [String: String]
    /// Steps of each training, where rounds differ in them.
    var steps: Int?
    /// Of each seed what validation found of the policy that is kept.
    var scores: [Double]
    /// Why there is no score; nil where there is.
    var failure: String?

    var mean: Double? {
      scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count)
    }
  }

  var algorithm: String
  /// Of what the scores are.
  var measure: String
  var seed: UInt64
  var seeds: Int
  /// Names of the options that were searched.
  var options: [String]
  /// Those of the last round, the best first; trials without a score last.
  var trials: [Trial]

  /// The trial that the search ends in; nil where none has a score.
  var best: Trial? { trials.first { $0.mean != nil } }

  func text(_ format: TableFormat, rows count: Int) -> String {
    let shown = trials.prefix(count)
    let digits = (best?.mean ?? 0) < 10 ? 4 : 2
    let rows = shown.map { trial -> [String] in
      let deviation = standardDeviation(trial.scores).map { "±" + decimal($0, digits) }
      return ["\(trial.number)", trial.mean.map { decimal($0, digits) } ?? "failed"]
        + (seeds > 1 ? [deviation ?? ""] : []) + options.map { trial.settings[$0] ?? "" }
    }
    let header = ["trial", measure] + (seeds > 1 ? ["±"] : []) + options
    return Table(rows: [header] + rows).written(format)
  }

  /// Why trials failed, each reason once.
  var reasons: [String] {
    let failed = trials.filter { $0.failure != nil }
    return Set(failed.compactMap(\.failure)).sorted().map { reason in
      let numbers = failed.filter { $0.failure == reason }.map { "\($0.number)" }.prefix(10)
      return "failed: trial \(numbers.joined(separator: ", ")): \(reason)"
    }
  }

  /// A line a trial over the settings and the score, the best quarter in colour.
  var chart: ParallelChart {
    let scored = trials.filter { $0.mean != nil }
    let axes = options.map { option in
      ParallelChart.Axis(option, scored.map { $0.settings[option] ?? "" })
    }
    return ParallelChart(
      "\(measure) in validation, by setting",
      axes: axes + [ParallelChart.Axis(measure, scored.map { decimal($0.mean!, 6) })],
      marked: (scored.count + 3) / 4)
  }
}

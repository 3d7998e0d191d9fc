import Charts
import DRRCore
import Runs

/// A chart of what trainings reported: numbers that belong together, by step.
struct CurveKind {
  var title: String
  /// What the figure is, in a sentence.
  var meaning: String
  /// Names of numbers, and what a line is called where there are several.
  var numbers: [(name: String, label: String)]
  /// What alone reports it; nil: anything.
  var reporter: String?

  private init(
    _ title: String, _ meaning: String, _ numbers: [(String, String)], of reporter: String? = nil
  ) {
    (self.title, self.meaning, self.reporter) = (title, meaning, reporter)
    self.numbers = numbers.map { (name: $0.0, label: $0.1) }
  }

  private init(_ title: String, _ meaning: String, _ name: String, of reporter: String? = nil) {
    self.init(title, meaning, [(name, "")], of: reporter)
  }

  /// What is drawn, in this order; the words are those of docs/metrics.md.
  private static let known: [CurveKind] = [
    .init("NDCG@10, validation users", "Their held-out items, ranked.", "ndcg10"),
    .init(
      "P@5 and P@10, validation users", "Of the first items, the share that was liked.",
      [("precision5", "P@5"), ("precision10", "P@10")]),
    .init("NDCG@10, validation", "1 / log₂(rank + 1) of the next item.", "ndcg"),
    .init("HR@10, validation", "Next items among the first ten.", "hitRate"),
    .init("Reward a step", "The mean since the report before, with exploration.", "reward"),
    .init(
      "Return, validation users", "The sum of an episode's rewards, without exploration.",
      "meanReturn", of: "validation"),
    .init("Return", "The sum of an episode's rewards, with exploration.", "meanReturn"),
    .init(
      "Clicks", "Clicks a page over the most there can be.",
      [("trainingRate", "training users, with noise"), ("validationRate", "validation users")]),
    .init(
      "Value of the greedy policy", "Expected return, computed exactly.",
      [("greedyValue", "learned"), ("bestValue", "optimal")]),
    .init("Error of the values", "Largest |V − V*| of any state.", "valueError"),
    .init(
      "Gain", "Of the Gaussian policy, against the best.",
      [("gain", "learned"), ("bestGain", "best")]),
    .init("Loss of the critic", "Of the last update.", "criticLoss"),
    .init("Loss of the actor", "Of the last update.", "actorLoss"),
    .init(
      "Loss of the values", "Mean squared error of the last update, in the networks' unit.",
      "valueLoss"),
    .init("Loss of the choices", "Cross-entropy of the last update, in nats.", "choiceLoss"),
    .init("Loss", "Of the last report.", "loss"),
    .init("Error on held-out ratings", "RMSE, in the unit of ratings.", "error", of: "pmf"),
    .init("Error of the table", "Largest |Q − Q*| of any state and action.", "error"),
    .init(
      "Accuracy of the discriminator", "Logged against simulated; .5 is chance.",
      "discriminatorAccuracy"),
    .init("Entropy of the policy", "In nats.", "entropy"),
    .init("Unique items", "Recommended at least once.", "distinctItems"),
    .init("Exploration", "ε of the latest step.", "epsilon"),
    .init(
      "Rated by the user", "The share of recommendations that the user's log contains.", "inLog"),
  ]

  /// Numbers that say nothing that a curve would show.
  private static let silent: Set<String> = [
    "epoch", "episodes", "step", "network", "round", "seed", "inLog", "keptStep", "keptReturn",
    "meanCost", "best", "isBest", "learned",
  ]

  /// The kinds of curves of a report's numbers, those that are not known by name too.
  static func all(_ names: [String], of reporter: String) -> [CurveKind] {
    let plain = Set(names).subtracting(silent)
    var taken: Set<String> = []
    let found = known.filter { kind in
      let own = kind.numbers.map(\.name)
      guard kind.reporter.map({ $0 == reporter }) ?? true, own.contains(where: plain.contains),
        taken.isDisjoint(with: own)
      else { return false }
      taken.formUnion(own)
      return true
    }
    let drawn = Set(found.flatMap { $0.numbers.map(\.name) })
    let rest = plain.subtracting(drawn).sorted()
    // What is told of logged and of simulated sessions stands side by side.
    let pairs = Set(
      rest.filter { $0.hasPrefix("logged.") || $0.hasPrefix("simulated.") }
        .map { String($0.split(separator: ".", maxSplits: 1)[1]) })
    return found
      + pairs.sorted().map {
        CurveKind(
          sentence($0), "In logged and in simulated sessions.",
          [("logged.\($0)", "logged"), ("simulated.\($0)", "simulated")])
      }
      + rest.filter { !$0.hasPrefix("logged.") && !$0.hasPrefix("simulated.") }
      .map { CurveKind(sentence($0), "As the metrics have it: \($0).", $0) }
  }

  /// meanReturn as "Mean return", agent.precision1 as "Agent, P@1".
  private static func sentence(_ name: String) -> String {
    let words = name.split(separator: ".").map { part in
      if part == "reciprocalRank" { return "MRR" }
      if part.hasPrefix("precision") { return "P@\(part.dropFirst("precision".count))" }
      return part.map { $0.isUppercase ? " " + $0.lowercased() : String($0) }.joined()
    }.joined(separator: ", ")
    return words.prefix(1).uppercased() + words.dropFirst()
  }
}

extension CurveKind {
  /// The chart of several runs; nil where none reported it.
  ///
  /// - Parameters:
  ///   - kind: what reports it.
  ///   - kept: the step whose policy is kept, of one run.
  func chart(_ kind: String, of runs: [ReportedRun], kept: Double?) -> LineChart? {
    var lines: [LineChart.Line] = []
    var hue = 0
    for run in runs {
      for (name, label) in numbers {
        let curves = run.series.map { $0.points(kind, name) }.filter { !$0.isEmpty }
        guard !curves.isEmpty else { continue }
        let words = [runs.count > 1 ? run.name : "", label].filter { !$0.isEmpty }
        lines.append(
          Self.line(words.isEmpty ? title : words.joined(separator: ", "), curves, hue: hue))
        hue += 1
      }
    }
    guard lines.contains(where: { $0.points.count > 1 }) else { return nil }
    // One that never moves says nothing as a picture.
    if lines.count == 1, Set(lines[0].points.map(\.y)).count == 1 { return nil }
    var chart = LineChart(title, x: "steps", y: "", width: 420, lines: lines)
    if lines.count == 1, let kept, let point = lines[0].points.first(where: { $0.x == kept }) {
      chart.mark = (point.x, point.y, "kept: step \(grouped(Int(kept)))")
    }
    return chart
  }

  /// The mean of trainings that reported at the same steps, and their range; of one the curve itself.
  private static func line(
    _ name: String, _ curves: [[(x: Double, y: Double)]], hue: Int
  ) -> LineChart.Line {
    let count = curves.map(\.count).min()!
    guard curves.count > 1 else { return LineChart.Line(name, curves[0], hue: hue) }
    let columns = (0..<count).map { place in curves.map { $0[place].y } }
    return LineChart.Line(
      "\(name), \(curves.count) trainings",
      zip(curves[0], columns).map { ($0.x, $1.reduce(0, +) / Double($1.count)) },
      band: columns.map { ($0.min()!, $0.max()!) }, hue: hue)
  }
}

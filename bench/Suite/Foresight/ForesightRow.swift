import DRR

/// A row of the first table: what a world is known by, and what was learned in it.
struct ForesightRow {
  /// What a policy earns.
  struct Cell {
    var mean: Double
    var readsHidden = false

    init(_ mean: Double, readsHidden: Bool = false) {
      (self.mean, self.readsHidden) = (mean, readsHidden)
    }

    init(_ row: WorldReport.Row, _ value: (WorldReport.Row) -> Estimate) {
      self.init(value(row).mean, readsHidden: row.readsHidden)
    }
  }

  var world: String
  /// Digits behind the point.
  var digits: Int
  var random: Cell
  /// The best of the rules that are known without learning; nil: there is none.
  var rule: Cell?
  /// What earns most at once; nil where nothing else is to be had.
  var myopic: Cell?
  var best: Cell
  var untrained: Cell
  /// Of the agents before the last; nil: it is the last one itself.
  var others: [Cell?]
  var agent: Estimate

  static func header(_ agents: [String]) -> [String] {
    ["world", "random", "rule", "myopic", "best known", "untrained"] + agents + ["95 %"]
  }

  var cells: [String] {
    let known = [random, rule, myopic, best, untrained] + others
    return [world]
      + known.map { cell in
        cell.map { decimal($0.mean, digits) + ($0.readsHidden ? " \\*" : "") } ?? "–"
      } + ["**\(decimal(agent.mean, digits))**", agent.range(digits)]
  }
}

extension Estimate {
  /// The interval in words.
  func range(_ digits: Int) -> String { "\(decimal(low, digits)) to \(decimal(high, digits))" }
}

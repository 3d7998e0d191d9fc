import DRR

/// What the later policies of trainings earn, the range of the seeds about their mean, beside what
/// others earn.
struct ForesightChart {
  /// A policy of a training.
  struct Point {
    var step: Int
    var value: Double
  }

  var title: String
  /// What is earned.
  var unit: String
  var steps: Int
  /// Of each agent the points of every seed.
  var curves: [(name: String, seeds: [[Point]], hue: Int)]
  /// What does not change.
  var levels: [(name: String, value: Double, hue: Int)]

  var picture: Picture {
    LineChart(
      title, x: "steps of all users", y: unit,
      lines: curves.map { line($0.name, $0.seeds, hue: $0.hue) }
        + levels.map { level($0.name, $0.value, hue: $0.hue) }
    ).picture
  }

  private func line(_ name: String, _ seeds: [[Point]], hue: Int) -> LineChart.Line {
    let points = (0..<(seeds.map(\.count).min() ?? 0)).map { place in seeds.map { $0[place] } }
    return LineChart.Line(
      name,
      points.map { found in
        (Double(found[0].step), found.reduce(0) { $0 + $1.value } / Double(found.count))
      },
      band: points.map { found in
        let values = found.map(\.value)
        return (values.min()!, values.max()!)
      }, hue: hue)
  }

  private func level(_ name: String, _ value: Double, hue: Int) -> LineChart.Line {
    LineChart.Line(name, [(0, value), (Double(steps), value)], isDashed: true, hue: hue)
  }
}

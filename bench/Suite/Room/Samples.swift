/// Seconds a call, a value a round: by the clock, and of all threads of the process.
struct Samples: Codable, Equatable, Sendable {
  var wall: [Double] = []
  var cpu: [Double] = []

  static func + (a: Samples, b: Samples) -> Samples {
    Samples(wall: a.wall + b.wall, cpu: a.cpu + b.cpu)
  }
}

/// The middle of some values, the quarters around it, and the least.
package struct Spread: Codable, Equatable, Sendable {
  package var median: Double
  package var lowQuartile: Double
  package var highQuartile: Double
  package var least: Double
  package var rounds: Int

  /// Nil of nothing.
  package init?(_ values: [Double]) {
    let values = values.sorted()
    guard let first = values.first else { return nil }
    func quantile(_ share: Double) -> Double {
      let place = share * Double(values.count - 1)
      let below = Int(place)
      let above = min(below + 1, values.count - 1)
      return values[below] + (place - Double(below)) * (values[above] - values[below])
    }
    (median, lowQuartile, highQuartile) = (quantile(0.5), quantile(0.25), quantile(0.75))
    (least, rounds) = (first, values.count)
  }

  var interquartileRange: Double { highQuartile - lowQuartile }
}

import Charts
import DRR

/// Ops under the ceilings of their device (Williams, Waterman & Patterson 2009): operations a byte
/// to the right, GFLOP/s upwards, both by powers of ten.
package struct Roofline {
  package struct Point: Sendable {
    package var name: String
    package var intensity: Double
    package var gigaflops: Double
    package var isStreaming: Bool

    package init(name: String, intensity: Double, gigaflops: Double, isStreaming: Bool) {
      (self.name, self.intensity) = (name, intensity)
      (self.gigaflops, self.isStreaming) = (gigaflops, isStreaming)
    }
  }

  package var points: [Point]
  /// GB/s of the sloped ceilings.
  package var cache: Double
  package var memory: Double
  /// GFLOP/s.
  package var peak: Double
  package var title: String

  package init(points: [Point], cache: Double, memory: Double, peak: Double, title: String) {
    (self.points, self.cache, self.memory) = (points, cache, memory)
    (self.peak, self.title) = (peak, title)
  }

  /// Of the ops of a result, under the ceilings that their shares were told by; nil where it has none.
  package init?(_ report: Report) {
    let ops = report.figures.filter { $0.group == "kernels" && $0.share != nil }
    /// What a ceiling must be at least for the shares to be right, and is where an op is bound by it.
    func ceiling(_ ops: [Figure], _ amount: (Figure) -> Double?) -> Double {
      ops.compactMap { op in
        guard let amount = amount(op), let share = op.share, let time = op.time?.median,
          share > 0, time > 0
        else { return nil }
        return amount / (share * time) / 1e9
      }.max() ?? 0
    }
    points = ops.compactMap { op in
      guard let flops = op.flops, let bytes = op.bytes, flops > 0, bytes > 0,
        let gigaflops = op.gigaflops
      else { return nil }
      return Point(
        name: op.name, intensity: flops / bytes, gigaflops: gigaflops,
        isStreaming: op.residence == "memory")
    }
    guard !points.isEmpty else { return nil }
    memory = ceiling(ops.filter { $0.residence == "memory" }) { $0.bytes }
    cache = ceiling(ops.filter { $0.residence != "memory" }) { $0.bytes }
    peak = ceiling(ops) { $0.flops }
    let stamp = report.stamp
    title =
      "\(stamp.name), \(stamp.threads) thread\(stamp.threads == 1 ? "" : "s"), \(stamp.driver)"
  }

  package var chart: PointChart {
    // Slopes begin at the left edge, or at the foot, of all that is drawn.
    let slopes = [("cache", cache, 0), ("memory", memory, 1)].filter { $0.1 > 0 && peak > 0 }
    let bends = slopes.map { peak / $0.1 }
    let left = powerBelow((points.map(\.intensity) + bends).min() ?? 1)
    let right = powerBelow((points.map(\.intensity) + bends).max() ?? 1) * 10
    let low = powerBelow((points.map(\.gigaflops) + [peak]).filter { $0 > 0 }.min() ?? 1)
    var lines = slopes.map { name, gigabytes, hue in
      let start = max(left, low / gigabytes)
      return PointChart.Line(
        "\(name), \(significant(gigabytes)) GB/s, and ops whose inputs lie in it",
        from: (start, start * gigabytes), to: (peak / gigabytes, peak), hue: hue)
    }
    if peak > 0 {
      lines.append(
        PointChart.Line(
          "multiply-add, \(significant(peak)) GFLOP/s", from: (bends.min() ?? left, peak),
          to: (right, peak), hue: 8))
    }
    return PointChart(
      title, x: "FLOP a byte", y: "GFLOP/s",
      points: points.map {
        PointChart.Point(
          x: $0.intensity, y: $0.gigaflops, name: $0.name, hue: $0.isStreaming ? 1 : 0)
      }, lines: lines)
  }

  /// The picture as a file.
  package var svg: String { chart.picture.file }
}

/// The largest power of ten that is no larger.
private func powerBelow(_ value: Double) -> Double {
  var power = 1.0
  while power * 10 <= value { power *= 10 }
  while power > value { power /= 10 }
  return power
}

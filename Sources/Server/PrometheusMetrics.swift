import Metrics
import Synchronization

/// What swift-metrics counts, as Prometheus reads it (text format 0.0.4).
final class PrometheusMetrics: MetricsFactory, Sendable {
  private struct Key: Hashable {
    var name: String
    var labels: String
  }

  private enum Kind: String { case counter, gauge, histogram }

  private struct Registry {
    var kinds: [String: Kind] = [:]
    var cells: [Key: Cell] = [:]
  }

  private let registry = Mutex(Registry())

  /// Upper bounds of a histogram's buckets: of seconds, and of sizes.
  private static let seconds: [Double] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1, 5,
  ]
  private static let sizes: [Double] = [1, 2, 4, 8, 16, 32, 64, 128]

  /// One time series.
  fileprivate final class Cell: CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler, TimerHandler, Sendable
  {
    struct Values {
      var sum = 0.0
      var count = 0
      var buckets: [Int]
    }

    let bounds: [Double]
    let values: Mutex<Values>

    init(_ bounds: [Double]) {
      self.bounds = bounds
      values = Mutex(Values(buckets: Array(repeating: 0, count: bounds.count)))
    }

    private func observe(_ value: Double) {
      values.withLock { values in
        values.sum += value
        values.count += 1
        if let bucket = bounds.firstIndex(where: { value <= $0 }) { values.buckets[bucket] += 1 }
      }
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { values.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { increment(by: -amount) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { values.withLock { $0.sum = value } }
    func reset() { set(0.0) }
    func record(_ value: Int64) { observe(Double(value)) }
    func record(_ value: Double) { observe(value) }
    func recordNanoseconds(_ duration: Int64) { observe(Double(duration) * 1e-9) }
  }

  private func cell(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind, _ bounds: [Double] = []
  ) -> Cell {
    let key = Key(
      name: Self.name(label),
      labels: dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }
        .joined(separator: ","))
    return registry.withLock { registry in
      registry.kinds[key.name] = kind
      if let cell = registry.cells[key] { return cell }
      let cell = Cell(bounds)
      registry.cells[key] = cell
      return cell
    }
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    cell(label, dimensions, .counter)
  }

  func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler { cell(label, dimensions, .counter) }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    cell(label, dimensions, .gauge)
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    aggregate
      ? cell(label, dimensions, .histogram, Self.sizes) : cell(label, dimensions, .gauge)
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    cell(label + "_seconds", dimensions, .histogram, Self.seconds)
  }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}

  /// Every series, sorted by name.
  func text() -> String {
    let (kinds, cells) = registry.withLock { ($0.kinds, $0.cells) }
    var lines: [String] = []
    for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) {
      lines.append("# TYPE \(name) \(kind.rawValue)")
      for (key, cell) in cells.filter({ $0.key.name == name })
        .sorted(by: { $0.key.labels < $1.key.labels })
      {
        let values = cell.values.withLock { $0 }
        let labels = key.labels.isEmpty ? "" : "{\(key.labels)}"
        guard kind == .histogram else {
          lines.append("\(name)\(labels) \(Self.number(values.sum))")
          continue
        }
        var sum = 0
        let comma = key.labels.isEmpty ? "" : ","
        for (bound, count) in zip(cell.bounds, values.buckets) {
          sum += count
          lines.append(
            "\(name)_bucket{\(key.labels)\(comma)le=\"\(Self.number(bound))\"} \(sum)")
        }
        lines.append("\(name)_bucket{\(key.labels)\(comma)le=\"+Inf\"} \(values.count)")
        lines.append("\(name)_sum\(labels) \(Self.number(values.sum))")
        lines.append("\(name)_count\(labels) \(values.count)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func number(_ value: Double) -> String {
    value.rounded() == value && value.magnitude < 1e15 ? String(Int(value)) : "\(value)"
  }

  private static func name(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}

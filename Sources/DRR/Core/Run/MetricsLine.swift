import Essentials
import Tensor

/// A line of `metrics.jsonl`: what reports it, the step, Unix seconds, and the report's own figures
/// beside them.
struct MetricsLine: Encodable {
  static let validation = "validation"

  var kind: String
  var step: Int
  var time: Double
  var report: any Encodable & Sendable

  private enum Keys: CodingKey { case kind, step, time }

  func encode(to encoder: any Encoder) throws {
    var line = encoder.container(keyedBy: Keys.self)
    try line.encode(kind, forKey: .kind)
    try line.encode(step, forKey: .step)
    try line.encode(time, forKey: .time)
    try report.encode(to: encoder)
  }
}

/// What tells the lines of a stage from others. Lines of older programs have no kind, but for those
/// of IRecGAN, which name their part.
private struct LineKind: Decodable {
  var kind: String?
  var part: String?
  var name: String? { kind ?? part }
}

extension RunFolder {
  /// Adds a line to the metrics, on the disk before any checkpoint that counts on it; its text.
  func append(_ line: MetricsLine) throws -> String {
    let text = try RunFolder.json(line)
    try AtomicFile.append(line: text, to: metrics, synchronize: true)
    return text
  }

  /// The latest report of a kind in the metrics; nil if there is none.
  ///
  /// - Parameter kind: nil: of any line that reads as one.
  package func lastMetrics<Report: Decodable>(_ type: Report.Type, kind: String?) -> Report? {
    metricsLines().reversed().lazy
      .filter { kind == nil || [nil, kind].contains(Self.kind(of: $0)) }
      .compactMap { try? Self.decoder.decode(type, from: Data($0)) }.first
  }

  /// All reports of a kind in the metrics, in their order.
  package func metrics<Report: Decodable>(_ type: Report.Type, kind: String) -> [Report] {
    metricsLines().filter { Self.kind(of: $0) == kind }
      .compactMap { try? Self.decoder.decode(type, from: Data($0)) }
  }

  /// Keeps of the metrics what other stages wrote and the first lines of these kinds; what was
  /// behind them comes again. A line that a killed process left unfinished goes.
  ///
  /// - Returns: how many lines of these kinds there are.
  func keepMetrics(of kinds: [String], first lines: Int) throws -> Int {
    guard let bytes = FileManager.default.contents(atPath: metrics) else { return 0 }
    var found = 0
    var kept = Data()
    for line in metricsLines() {
      guard let kind = Self.readKind(of: line) else { continue }
      if let name = kind.name, kinds.contains(name) {
        guard found < lines else { continue }
        found += 1
      }
      kept += line
      kept.append(UInt8(ascii: "\n"))
    }
    if kept != bytes { try AtomicFile.write(String(decoding: kept, as: UTF8.self), to: metrics) }
    return found
  }

  private func metricsLines() -> [Data.SubSequence] {
    FileManager.default.contents(atPath: metrics)?.split(separator: UInt8(ascii: "\n")) ?? []
  }

  private static func readKind(of line: Data) -> LineKind? {
    try? decoder.decode(LineKind.self, from: Data(line))
  }

  private static func kind(of line: Data) -> String? { readKind(of: line)?.name }
}

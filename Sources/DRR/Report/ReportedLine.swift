import DRRCore
import Essentials

/// A line of `metrics.jsonl`: what reports it, the step, and its numbers; those of a part are named
/// `part.number`.
package struct ReportedLine {
  /// Such as `dqn` or `validation`.
  package var kind: String
  package var step: Int
  /// Unix seconds; nil where an older program wrote the line.
  package var time: Double?
  /// A truth is 1 or 0.
  package var numbers: [String: Double] = [:]
  /// By name.
  package var histograms: [String: Histogram] = [:]

  /// Nil for text that is no JSON, and for lines of older programs that have no step.
  package init?(json: Data) {
    guard
      case .object(let fields)? = try? RunFolder.decoder.decode(JSONValue.self, from: json),
      let step = fields["step"]?.number.flatMap({ Int(exactly: $0) })
    else { return nil }
    func text(_ name: String) -> String? {
      if case .text(let text)? = fields[name] { text } else { nil }
    }
    // What a stage of a part reports is not what the next one does.
    kind = [text("kind") ?? "run", text("stage")].compactMap { $0 }.joined(separator: "/")
    self.step = step
    time = fields["time"]?.number
    for (name, value) in fields where !["step", "time"].contains(name) { add(value, name) }
  }

  /// Those of a folder, in their order.
  package static func all(in folder: RunFolder) -> [ReportedLine] {
    (FileManager.default.contents(atPath: folder.metrics) ?? Data())
      .split(separator: UInt8(ascii: "\n")).compactMap { ReportedLine(json: Data($0)) }
  }

  private mutating func add(_ value: JSONValue, _ name: String) {
    switch value {
    case .number(let number): numbers[name] = number
    case .object(let fields):
      if let histogram = Histogram(fields) {
        histograms[name] = histogram
      } else {
        for (inner, value) in fields { add(value, "\(name).\(inner)") }
      }
    case .text, .list, .other: return
    }
  }
}

extension Histogram {
  /// Nil for fields of anything else.
  fileprivate init?(_ fields: [String: JSONValue]) {
    guard case .list(let edges)? = fields["edges"], case .list(let counts)? = fields["counts"],
      !counts.isEmpty, edges.count == counts.count + 1
    else { return nil }
    self.init(
      edges: edges.compactMap(\.number),
      counts: counts.compactMap { $0.number.flatMap { Int(exactly: $0) } })
    guard self.edges.count == edges.count, self.counts.count == counts.count else { return nil }
  }
}

/// JSON of any shape.
private enum JSONValue: Decodable {
  case number(Double)
  case text(String)
  case object([String: JSONValue])
  case list([JSONValue])
  case other

  var number: Double? { if case .number(let number) = self { number } else { nil } }

  init(from decoder: any Decoder) throws {
    if let object = try? decoder.container(keyedBy: AnyKey.self) {
      var fields: [String: JSONValue] = [:]
      for key in object.allKeys {
        fields[key.stringValue] = try object.decode(Self.self, forKey: key)
      }
      self = .object(fields)
      return
    }
    let value = try? decoder.singleValueContainer()
    if let number = try? value?.decode(Double.self) {
      self = .number(number)
    } else if let truth = try? value?.decode(Bool.self) {
      self = .number(truth ? 1 : 0)
    } else if let text = try? value?.decode(String.self) {
      self = .text(text)
    } else if let list = try? value?.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .other
    }
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }
}

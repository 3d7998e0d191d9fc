import DRRCore
import Essentials

/// The numbers of a run's metrics, by what reports them and by name.
struct MetricSeries {
  /// A line of `metrics.jsonl`, its numbers alone; those of a part are named `part.number`.
  struct Line {
    var step: Double
    var numbers: [String: Double]
  }

  /// In their order, by kind.
  private(set) var lines: [String: [Line]] = [:]
  /// Kinds in the order in which they first report.
  private(set) var kinds: [String] = []

  /// What a folder's metrics hold; lines that are no JSON are passed over.
  init(_ folder: RunFolder) {
    guard let data = FileManager.default.contents(atPath: folder.metrics) else { return }
    for line in data.split(separator: UInt8(ascii: "\n")) {
      guard
        case .object(let fields)? = try? RunFolder.decoder.decode(JSONValue.self, from: Data(line)),
        case .number(let step)? = fields["step"]
      else { continue }
      func text(_ name: String) -> String? {
        if case .text(let text)? = fields[name] { text } else { nil }
      }
      // What a stage of a part reports is not what the next one does.
      let kind = [text("kind") ?? "run", text("stage")].compactMap { $0 }.joined(separator: "/")
      var found = Line(step: step, numbers: [:])
      for (name, value) in fields where !["step", "time"].contains(name) {
        value.collect(name, into: &found.numbers)
      }
      if lines[kind] == nil { kinds.append(kind) }
      lines[kind, default: []].append(found)
    }
  }

  /// The points of a number against steps; nothing where it was not reported.
  func points(_ kind: String, _ name: String) -> [(x: Double, y: Double)] {
    (lines[kind] ?? []).compactMap { line in line.numbers[name].map { (line.step, $0) } }
  }

  /// Names of the numbers of a kind, in alphabetical order.
  func names(_ kind: String) -> [String] {
    Set((lines[kind] ?? []).flatMap(\.numbers.keys)).sorted()
  }
}

/// JSON of any shape.
enum JSONValue: Decodable {
  case number(Double)
  case text(String)
  case object([String: JSONValue])
  case other

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

  /// Adds the numbers within to others; a truth is 1 or 0.
  fileprivate func collect(_ name: String, into numbers: inout [String: Double]) {
    switch self {
    case .number(let number): numbers[name] = number
    case .object(let fields):
      for (inner, value) in fields { value.collect("\(name).\(inner)", into: &numbers) }
    case .text, .other: return
    }
  }
}

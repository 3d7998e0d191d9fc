import Foundation
import TestSupport
import Testing

@Suite("JSON Schemas of what commands print")
struct SchemaTests {
  /// The name of the schema, and the command in a folder that holds the run `run`.
  static let commands: [(name: String, command: String)] = [
    ("bandit", "bandit arms --rounds 50 --seeds 2"),
    ("compare", "compare --run run --device cpu"),
    ("config-diff", "config diff run other"), ("config-show", "config show run"),
    ("data-describe", "data describe --data generated:tiny"),
    ("data-feedback", "data feedback log --out served.csv"), ("devices", "devices"),
    ("evaluate", "evaluate --run run --device cpu"),
    ("ope", "ope --data made/log.csv --policy uniform"),
    ("ope-lists", "ope --data log --policy model:better"),
    ("promote", "promote better --over current --log log --dry-run"),
    ("recommend", "recommend --run run --user 1 --device cpu"),
    ("report", "report run --no-lists --out page.html"), ("runs", "runs ."),
    ("search", "search --space space.yaml --trials 2"),
    ("simulate", "simulate --run run --device cpu"),
    ("simulate-world", "simulate world long-term-satisfaction --episodes 2 --seeds 2"),
    ("simulate-worlds", "simulate worlds"), ("terms", "terms Gini"),
    ("train-agent", "train drr --run run --device cpu"), ("train-q", "train q --steps 50 --run q"),
  ]

  private static func prepared() throws -> Scratch {
    let folder = Scratch()
    for (run, seed) in [("run", "0"), ("other", "1")] {
      let words =
        Tiny.train(run) + ["--split", "latest", "--seed", seed, "--minimum-candidates", "3"]
      try Program.run(words.filter { $0 != "--no-myopic" }, in: folder).required()
    }
    try folder.write("space.yaml", "train: q\nsteps: 50\nsearch:\n  discount: [0.5, 0.9]\n")
    try Program.run(
      ["ope", "simulate", "--log-only", "--out", "made", "--sizes", "200"], in: folder
    ).required()
    try ServedModels.write(folder, lists: 1_500)
    return folder
  }

  @Test("what every command prints is as its schema says, and DRR_RECORD=1 writes them anew")
  func schemas() throws {
    let folder = try Self.prepared()
    let place = packageRoot.appendingPathComponent("docs/schemas")
    let records = ProcessInfo.processInfo.environment["DRR_RECORD"] == "1"
    for (name, command) in Self.commands {
      let outcome = try Program.run(
        command.split(separator: " ").map(String.init) + ["--json"], in: folder)
      #expect(outcome.code == 0, "\(name): \(outcome.description)")
      let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      let file = place.appendingPathComponent("\(name).json")
      if records {
        var schema = Schema(of: value).json
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = "drr \(name.replacing("-", with: " ")) --json"
        let data = try JSONSerialization.data(
          withJSONObject: schema, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try (data + Data("\n".utf8)).write(to: file)
      }
      let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
      let faults = Self.faults(value, try #require(schema as? [String: Any]), name)
      #expect(faults.isEmpty, "\(faults.prefix(5).joined(separator: "; "))")
    }
  }

  @Test("a value that is not as its schema says is found, whatever it lacks")
  func wrong() throws {
    let schema = Schema(of: ["a": 1, "list": [["b": "x"], ["b": "y", "c": true]]]).json
    func faults(_ value: Any) -> [String] { Self.faults(value, schema, "") }
    #expect(faults(["a": 2, "list": []]).isEmpty)
    #expect(faults(["a": 2, "list": [["b": "z"]]]).isEmpty)
    #expect(faults(["list": []]) == [".a is missing"])
    #expect(faults(["a": "1", "list": []]) == [".a is no number"])
    #expect(faults(["a": 1, "list": [["c": true]]]) == [".list[0].b is missing"])
    #expect(faults(["a": 1, "list": [["b": "x", "d": 1]]]) == [".list[0].d is new"])
  }

  /// Where a value differs from a schema of this file's making.
  private static func faults(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    guard let type = schema["type"] as? String else { return [] }
    switch value {
    case let object as [String: Any]:
      guard type == "object" else { return ["\(path) is no \(type)"] }
      guard let properties = schema["properties"] as? [String: [String: Any]] else { return [] }
      let required = schema["required"] as? [String] ?? []
      let missing = required.filter { object[$0] == nil }.map { "\(path).\($0) is missing" }
      return missing
        + object.sorted { $0.key < $1.key }.flatMap { name, value in
          properties[name].map { faults(value, $0, "\(path).\(name)") }
            ?? ["\(path).\(name) is new"]
        }
    case let list as [Any]:
      guard type == "array" else { return ["\(path) is no \(type)"] }
      guard let items = schema["items"] as? [String: Any] else { return [] }
      return list.enumerated().flatMap { faults($1, items, "\(path)[\($0)]") }
    default:
      return type == Schema(of: value).type ? [] : ["\(path) is no \(type)"]
    }
  }
}

/// The shape of a JSON value: what all of a list's have is required.
private struct Schema {
  var type: String?
  private var properties: [String: Schema] = [:]
  private var required: Set<String> = []
  private var items: [Schema] = []

  init(of value: Any) {
    switch value {
    case let object as [String: Any]:
      type = "object"
      // Settings are each algorithm's own.
      properties = Dictionary(
        uniqueKeysWithValues: object.map { name, value in
          (name, name == "configuration" ? Schema(of: [String: Any]()) : Schema(of: value))
        })
      required = Set(object.keys)
    case let list as [Any]:
      type = "array"
      items = list.map { Schema(of: $0) }.reduce(into: []) { merged, next in
        merged = merged.isEmpty ? [next] : [merged[0].merged(with: next)]
      }
    case is String: type = "string"
    case let number as NSNumber: type = number.isBool ? "boolean" : "number"
    default: type = nil
    }
  }

  private func merged(with other: Schema) -> Schema {
    guard type == other.type else {
      var either = self
      (either.type, either.properties, either.items) = (nil, [:], [])
      return either
    }
    var both = self
    both.properties.merge(other.properties) { $0.merged(with: $1) }
    both.required.formIntersection(other.required)
    if let first = both.items.first, let second = other.items.first {
      both.items = [first.merged(with: second)]
    } else {
      both.items += other.items
    }
    return both
  }

  var json: [String: Any] {
    var json: [String: Any] = [:]
    if let type { json["type"] = type }
    if !properties.isEmpty {
      json["properties"] = properties.mapValues(\.json)
      json["required"] = required.sorted()
    }
    if let first = items.first { json["items"] = first.json }
    return json
  }
}

extension NSNumber {
  /// Whether JSON had true or false.
  fileprivate var isBool: Bool { objCType[0] == 99 }
}

/// The JSON Schema (draft 2020-12) of a command's options in a file.
struct ConfigSchema: Encodable {
  private struct Property: Encodable {
    var description: String
    var type: [String]
    var `enum`: [String]?
    var items: Items?
  }

  private struct Items: Encodable { var type = ["string", "number"] }

  private enum Keys: String, CodingKey {
    case schema = "$schema"
    case title, type, properties, additionalProperties
  }

  private let title: String
  private var properties: [String: Property] = [:]

  /// - Parameter command: its words, as `train dqn`.
  init(_ command: String, _ help: CommandHelp) {
    title = "drr \(command)"
    for option in help.options where !["config", "help", "version"].contains(option.name) {
      let isChoice =
        !option.values.isEmpty && !option.isRepeating
        && !option.values.contains(ProcessName.anyFile)
      properties[option.name] = Property(
        description: option.help,
        type: option.isFlag
          ? ["boolean"] : isChoice ? ["string"] : ["string", "number", "array"],
        enum: isChoice ? option.values : nil,
        items: option.isFlag || isChoice ? nil : Items())
    }
  }

  func encode(to encoder: any Encoder) throws {
    var schema = encoder.container(keyedBy: Keys.self)
    try schema.encode("https://json-schema.org/draft/2020-12/schema", forKey: .schema)
    try schema.encode(title, forKey: .title)
    try schema.encode("object", forKey: .type)
    try schema.encode(properties, forKey: .properties)
    try schema.encode(false, forKey: .additionalProperties)
  }
}

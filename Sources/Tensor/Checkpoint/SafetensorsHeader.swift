/// What the JSON header of a safetensors file says.
struct SafetensorsHeader {
  static let metadataKey = "__metadata__"
  static let dataChecksumKey = "crc32"
  static let headerChecksumKey = "crc32.header"
  /// The longest header, in bytes, that the format allows.
  static let maximumLength = 100_000_000

  var entries: [SafetensorsFile.Entry] = []
  var metadata: [String: String] = [:]

  /// Over all entries and all metadata except itself, each text and list led by its length, so that
  /// no two headers give the same bytes. Unlike the JSON it does not change with spaces or escapes.
  var checksum: Checksum {
    var bytes: [UInt8] = []
    func add(_ number: Int) {
      withUnsafeBytes(of: UInt64(number).littleEndian) { bytes.append(contentsOf: $0) }
    }
    func add(_ text: String) {
      add(text.utf8.count)
      bytes.append(contentsOf: text.utf8)
    }
    add(entries.count)
    for entry in entries {
      add(entry.name)
      add(entry.type.name)
      add(entry.shape.count)
      entry.shape.forEach(add)
      add(entry.byteRange.lowerBound)
      add(entry.byteRange.upperBound)
    }
    for key in metadata.keys.sorted(by: Self.precedes) where key != Self.headerChecksumKey {
      add(key)
      add(metadata[key] ?? "")
    }
    var checksum = Checksum()
    checksum.update(bytes)
    return checksum
  }

  /// The order of the UTF-8 bytes, the reference's; Swift's own order normalizes first.
  static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// The JSON, padded with spaces to a multiple of 8 bytes.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func add(_ json: String) { bytes.append(contentsOf: json.utf8) }
    add("{\"\(Self.metadataKey)\":{")
    for (position, key) in metadata.keys.sorted(by: Self.precedes).enumerated() {
      if position > 0 { add(",") }
      add("\(Self.json(key)):\(Self.json(metadata[key] ?? ""))")
    }
    add("}")
    for entry in entries {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      let range = "\(entry.byteRange.lowerBound),\(entry.byteRange.upperBound)"
      add(",\(Self.json(entry.name)):{\"dtype\":\"\(entry.type.name)\",\"shape\":[\(shape)],")
      add("\"data_offsets\":[\(range)]}")
    }
    add("}")
    while bytes.count % 8 != 0 { bytes.append(0x20) }
    return bytes
  }

  private static func json(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": json += "\\\""
      case "\\": json += "\\\\"
      case "\u{8}": json += "\\b"
      case "\u{C}": json += "\\f"
      case "\n": json += "\\n"
      case "\r": json += "\\r"
      case "\t": json += "\\t"
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }

  /// Whether `json` can write the text: of the control characters, those with a short escape. The
  /// others would need \u, whose digits have two spellings, and one hides a flipped bit.
  static func isWritable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0.value >= 0x20 || $0 == "\n" || $0 == "\r" || $0 == "\t" || $0 == "\u{8}" || $0 == "\u{C}"
    }
  }
}

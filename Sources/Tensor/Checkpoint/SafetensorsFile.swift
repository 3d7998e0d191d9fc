/// A safetensors file: named arrays and a metadata table of strings. Strict: whatever the reference
/// reader (github.com/huggingface/safetensors) refuses is refused, and so are duplicate keys,
/// unknown fields and space before the header.
///
/// Only the header is kept; each tensor is read from the file when asked for, straight into the
/// array that is returned.
public struct SafetensorsFile: Sendable {
  /// An array of the file, as the header describes it.
  public struct Entry: Hashable, Sendable {
    /// The array's name, of which the file has one.
    public let name: String
    /// The type of its elements.
    public let type: TensorType
    /// Empty for a single number.
    public let shape: [Int]
    /// Within the data section.
    public let byteRange: Range<Int>
  }

  /// In the order of their data.
  public let entries: [Entry]
  /// Without the checksums.
  public let metadata: [String: String]
  /// Whether the file carried checksums; if so they have been verified.
  public let hasChecksum: Bool
  /// The file's path, or what a file in memory is called.
  public var path: String { source.path }

  /// What to do where the file cannot be used, as errors say it.
  let remedy: String
  private let source: CheckpointBytes
  private let dataStart: Int
  private let positions: [String: Int]

  /// Reads and checks the header and, where the file carries them, the checksums of it and of the
  /// data. Files of other programs carry none; `requireChecksum` refuses them. `remedy` is what
  /// errors about the values advise.
  public init(
    contentsOf path: String, requireChecksum: Bool = false, remedy: String = Self.remedy
  ) throws(CheckpointError) {
    try self.init(
      source: CheckpointBytes(path: path), requireChecksum: requireChecksum, remedy: remedy)
  }

  /// What errors about the values of a file advise.
  public static let remedy = "restore the file from a copy, or make it anew"

  /// A file in memory; errors call it `name`.
  public init(
    bytes: [UInt8], name: String, requireChecksum: Bool = false, remedy: String = Self.remedy
  ) throws(CheckpointError) {
    try self.init(
      source: CheckpointBytes(bytes: bytes, name: name), requireChecksum: requireChecksum,
      remedy: remedy)
  }

  private init(
    source: CheckpointBytes, requireChecksum: Bool, remedy: String
  ) throws(CheckpointError) {
    self.source = source
    self.remedy = remedy
    var header: SafetensorsHeader
    (header, dataStart) = try Self.readHeader(source)
    header.entries = try Self.inDataOrder(header.entries, source.count - dataStart, source.path)

    switch (
      header.metadata[SafetensorsHeader.dataChecksumKey],
      header.metadata[SafetensorsHeader.headerChecksumKey]
    ) {
    case (nil, nil):
      if requireChecksum { throw CheckpointError.noChecksum(path: source.path) }
      hasChecksum = false
    case (let dataChecksum, let headerChecksum):
      guard header.checksum.text == headerChecksum else {
        throw CheckpointError.checksum(path: source.path, part: "header")
      }
      guard try Self.checksum(source, from: dataStart).text == dataChecksum else {
        throw CheckpointError.checksum(path: source.path, part: "contents")
      }
      hasChecksum = true
      header.metadata[SafetensorsHeader.dataChecksumKey] = nil
      header.metadata[SafetensorsHeader.headerChecksumKey] = nil
    }
    entries = header.entries
    metadata = header.metadata
    positions = Dictionary(
      uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }

  // MARK: Tensors

  /// The array of that name; nil where there is none.
  public func entry(_ name: String) -> Entry? {
    positions[name].map { entries[$0] }
  }

  /// The values in C order, whatever they are. Throws when there is no such tensor, when its type is
  /// not `Element`'s, and when `shape` is given and differs.
  public func values<Element: TensorElement>(
    _ name: String, as type: Element.Type = Element.self, shape: [Int]? = nil
  ) throws(CheckpointError) -> [Element] {
    let entry = try entry(name, of: Element.self, shape: shape)
    return try source.array(
      of: Element.self, at: dataStart + entry.byteRange.lowerBound,
      count: entry.byteRange.count / MemoryLayout<Element>.stride)
  }

  /// The same of some of the rows of a table alone, which `shape` has.
  package func values<Element: TensorElement>(
    _ name: String, as type: Element.Type = Element.self, shape: [Int], rows: Range<Int>
  ) throws(CheckpointError) -> [Element] {
    let entry = try entry(name, of: Element.self, shape: shape)
    guard !rows.isEmpty else { return [] }
    let bytes = entry.byteRange.count / shape[0]
    return try source.array(
      of: Element.self, at: dataStart + entry.byteRange.lowerBound + rows.lowerBound * bytes,
      count: rows.count * bytes / MemoryLayout<Element>.stride)
  }

  private func entry<Element: TensorElement>(
    _ name: String, of type: Element.Type, shape: [Int]?
  ) throws(CheckpointError) -> Entry {
    guard let entry = entry(name) else {
      throw CheckpointError.noTensor(path: path, tensor: name)
    }
    guard entry.type == Element.tensorType else {
      throw CheckpointError.wrongType(
        path: path, tensor: name, found: entry.type, expected: Element.tensorType)
    }
    if let shape, shape != entry.shape {
      throw CheckpointError.wrongShape(
        path: path, tensor: name, found: entry.shape, expected: shape)
    }
    return entry
  }

  // MARK: Opening

  private static func readHeader(
    _ source: CheckpointBytes
  ) throws(CheckpointError) -> (SafetensorsHeader, dataStart: Int) {
    guard source.count >= 8 else {
      throw CheckpointError.malformed(
        path: source.path, reason: "it has \(source.count) bytes, expected at least 8")
    }
    let length = try source.array(of: UInt64.self, at: 0, count: 1)[0]
    guard length <= SafetensorsHeader.maximumLength else {
      throw CheckpointError.malformed(
        path: source.path,
        reason: "the header length is \(length), expected at most "
          + "\(SafetensorsHeader.maximumLength)")
    }
    let end = 8 + Int(length)
    guard end <= source.count else {
      throw CheckpointError.malformed(
        path: source.path,
        reason: "the header should end at byte \(end), but the file has \(source.count)")
    }
    let bytes = try source.array(of: UInt8.self, at: 8, count: Int(length))
    do {
      return (try SafetensorsHeaderParser.parse(bytes), end)
    } catch {
      throw CheckpointError.malformed(path: source.path, reason: error.reason)
    }
  }

  /// The entries by begin, checked to fill `length` bytes without hole or overlap.
  private static func inDataOrder(
    _ entries: [Entry], _ length: Int, _ path: String
  ) throws(CheckpointError) -> [Entry] {
    let order = entries.indices.sorted {
      let (left, right) = (entries[$0].byteRange, entries[$1].byteRange)
      return (left.lowerBound, left.upperBound, $0) < (right.lowerBound, right.upperBound, $1)
    }
    var end = 0
    for entry in order.lazy.map({ entries[$0] }) {
      let tensor = "tensor \(quoted(entry.name))"
      guard entry.byteRange.lowerBound == end else {
        throw CheckpointError.malformed(
          path: path,
          reason: "\(tensor) begins at byte \(entry.byteRange.lowerBound) of the data, "
            + "expected \(end)")
      }
      guard let size = entry.type.byteCount(of: entry.shape) else {
        throw CheckpointError.malformed(
          path: path,
          reason: "\(tensor) of type \(entry.type.name) and shape \(entry.shape.prefix(8)) does "
            + "not fill a whole number of bytes below 2^60")
      }
      guard size == entry.byteRange.count else {
        throw CheckpointError.malformed(
          path: path,
          reason: "\(tensor) has \(entry.byteRange.count) bytes, expected \(size) for "
            + "\(entry.type.name) \(entry.shape.prefix(8))")
      }
      end = entry.byteRange.upperBound
    }
    guard end == length else {
      throw CheckpointError.malformed(
        path: path, reason: "the data section has \(length) bytes, expected \(end)")
    }
    return order.map { entries[$0] }
  }

  private static func checksum(
    _ source: CheckpointBytes, from start: Int
  ) throws(CheckpointError) -> Checksum {
    var checksum = Checksum()
    var position = start
    while position < source.count {
      let count = min(1 << 20, source.count - position)
      checksum.update(try source.array(of: UInt8.self, at: position, count: count))
      position += count
    }
    return checksum
  }
}

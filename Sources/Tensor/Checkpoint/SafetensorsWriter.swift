import Platform

/// Collects named arrays and writes them as one safetensors file, in the reference's order: by
/// type of falling alignment, then by name. The arrays are kept by reference and written from where
/// they are.
public struct SafetensorsWriter: Sendable {
  private struct Tensor: Sendable {
    var name: String
    var type: TensorType
    var shape: [Int]
    var byteCount: Int
    var contents: any TensorBytes
  }

  /// Stored beside the tensors. The keys of the two checksums, "crc32" (of the data) and
  /// "crc32.header", are set by `write`.
  public var metadata: [String: String]
  private var tensors: [Tensor] = []
  private var names: Set<String> = []

  /// A file without arrays.
  public init(metadata: [String: String] = [:]) {
    self.metadata = metadata
  }

  /// `values` in C order; `shape` is [values.count] when nil. Throws when the shape does not hold
  /// the values, when the name is taken, and when the format cannot hold it.
  public mutating func add<Element: TensorElement>(
    _ name: String, _ values: [Element], shape: [Int]? = nil
  ) throws(CheckpointError) {
    let shape = shape ?? [values.count]
    let type = Element.tensorType
    let byteCount = values.count * MemoryLayout<Element>.stride
    guard shape.allSatisfy({ $0 >= 0 }), type.byteCount(of: shape) == byteCount else {
      throw CheckpointError.unwritable(
        name: name, reason: "\(values.count) values do not have the shape \(shape)")
    }
    try add(
      Tensor(
        name: name, type: type, shape: shape, byteCount: byteCount,
        contents: ArrayBytes(values: values)))
  }

  /// Float32 numbers of a shape that are never held whole: `pieces` hands them out in C order, each
  /// time that the file is written, put in memory or summed, and twice for a file that is written.
  package mutating func add(
    _ name: String, shape: [Int],
    pieces: @escaping (_ take: ([Float]) throws(FileError) -> Void) throws(FileError) -> Void
  ) throws(CheckpointError) {
    try add(
      Tensor(
        name: name, type: Float.tensorType, shape: shape, byteCount: 4 * shape.reduce(1, *),
        contents: MadeBytes(count: shape.reduce(1, *), pieces: pieces)))
  }

  private mutating func add(_ tensor: Tensor) throws(CheckpointError) {
    let name = tensor.name
    guard name != SafetensorsHeader.metadataKey, SafetensorsHeader.isWritable(name) else {
      throw CheckpointError.unwritable(name: name, reason: "the format reserves this name")
    }
    guard names.insert(name).inserted else {
      throw CheckpointError.unwritable(name: name, reason: "another tensor has the same name")
    }
    tensors.append(tensor)
  }

  /// Writes through a temporary file, so that `path` never holds a part; see `AtomicFile.write`.
  public func write(to path: String) throws(CheckpointError) {
    let (lead, ordered) = try layOut()
    try AtomicFile.write(to: path) { (sink) throws(FileError) in
      try sink.write(lead)
      for tensor in ordered { try tensor.contents.withBytes(sink.write) }
    }
  }

  /// Asks for pieces as often as ``write(to:)`` does, where those of several processes are one file
  /// and another of them writes it.
  package func attend() throws(CheckpointError) {
    try CheckpointError.passing { () throws(FileError) in
      for _ in 0..<2 {
        for tensor in ordered where tensor.contents.isMade {
          try tensor.contents.withBytes { _ in }
        }
      }
    }
  }

  /// The whole file in memory.
  public func bytes() throws(CheckpointError) -> [UInt8] {
    var (file, ordered) = try layOut()
    file.reserveCapacity(file.count + ordered.reduce(0) { $0 + $1.byteCount })
    try CheckpointError.passing { () throws(FileError) in
      for tensor in ordered { try tensor.contents.withBytes { file.append(contentsOf: $0) } }
    }
    return file
  }

  /// CRC-32 of the arrays in the order of the file.
  package var checksum: UInt32 {
    get throws(CheckpointError) { try Self.checksum(of: ordered).value }
  }

  private static func checksum(of tensors: [Tensor]) throws(CheckpointError) -> Checksum {
    try CheckpointError.passing { () throws(FileError) in
      var data = Checksum()
      for tensor in tensors { try tensor.contents.withBytes { data.update($0) } }
      return data
    }
  }

  private var ordered: [Tensor] {
    tensors.sorted {
      $0.type == $1.type
        ? SafetensorsHeader.precedes($0.name, $1.name) : $0.type.rawValue > $1.type.rawValue
    }
  }

  /// The length and the header, and the tensors in the order of the file.
  private func layOut() throws(CheckpointError) -> (lead: [UInt8], [Tensor]) {
    for (key, value) in metadata
    where !SafetensorsHeader.isWritable(key) || !SafetensorsHeader.isWritable(value) {
      throw CheckpointError.unwritable(
        name: key, reason: "metadata may not contain control characters")
    }
    let ordered = ordered
    var header = SafetensorsHeader(metadata: metadata)
    let data = try Self.checksum(of: ordered)
    var end = 0
    for tensor in ordered {
      header.entries.append(
        SafetensorsFile.Entry(
          name: tensor.name, type: tensor.type, shape: tensor.shape,
          byteRange: end..<end + tensor.byteCount))
      end += tensor.byteCount
    }
    header.metadata[SafetensorsHeader.dataChecksumKey] = data.text
    header.metadata[SafetensorsHeader.headerChecksumKey] = header.checksum.text
    let bytes = header.bytes
    guard bytes.count <= SafetensorsHeader.maximumLength else {
      throw CheckpointError.unwritable(
        name: SafetensorsHeader.metadataKey,
        reason: "the header would have \(bytes.count) bytes, more than the format's "
          + "\(SafetensorsHeader.maximumLength)")
    }
    let length = withUnsafeBytes(of: UInt64(bytes.count)) { Array($0) }
    return (length + bytes, ordered)
  }
}

private protocol TensorBytes: Sendable {
  /// Whether they are made anew each time.
  var isMade: Bool { get }
  /// Calls `body` once or more, with all of them in order.
  func withBytes(
    _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError)
}

private struct ArrayBytes<Element: TensorElement>: TensorBytes {
  var values: [Element]
  var isMade: Bool { false }

  func withBytes(
    _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) {
    try values.withUnsafeBufferPointer { (buffer) throws(FileError) in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }
}

/// Numbers that one thread makes and writes.
private struct MadeBytes: TensorBytes, @unchecked Sendable {
  let count: Int
  let pieces: (_ take: ([Float]) throws(FileError) -> Void) throws(FileError) -> Void
  var isMade: Bool { true }

  func withBytes(
    _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) {
    var given = 0
    try pieces { (piece) throws(FileError) in
      given += piece.count
      try piece.withUnsafeBufferPointer { (buffer) throws(FileError) in
        try body(UnsafeRawBufferPointer(buffer))
      }
    }
    require(given == count, "a file: \(given) numbers in pieces, expected \(count)")
  }
}

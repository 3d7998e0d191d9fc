import Platform

/// Why a checkpoint cannot be read or written, in one sentence that names the file.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// A system call failed: `action` is what was wanted, "read", "write" or "append to".
  case system(path: String, action: String, code: Int32)
  /// What is to be written would take the place of something else; `reason` says of what, and what
  /// to do.
  case occupied(path: String, reason: String)
  /// The bytes are not a safetensors file; `reason` says what was found and expected.
  case malformed(path: String, reason: String)
  /// `part` is "contents" or "header".
  case checksum(path: String, part: String)
  /// A checksum is required, and the file has none.
  case noChecksum(path: String)
  /// No array of the file has that name.
  case noTensor(path: String, tensor: String)
  /// The array has another element type.
  case wrongType(path: String, tensor: String, found: TensorType, expected: TensorType)
  /// The array has another shape.
  case wrongShape(path: String, tensor: String, found: [Int], expected: [Int])
  /// The array has values that nothing can go on from.
  case unusable(path: String, tensor: String, found: String, expected: String, remedy: String)
  /// A tensor or a metadata entry that the format cannot hold was given to the writer.
  case unwritable(name: String, reason: String)

  public var description: String {
    switch self {
    case .system(let path, let action, let code):
      "cannot \(action) \(path): \(String(cString: strerror(code)))"
    case .occupied(let path, let reason): "\(path) \(reason)"
    case .malformed(let path, let reason):
      "\(path): not a valid safetensors file: \(reason)"
    case .checksum(let path, let part):
      "\(path): the \(part) do\(part.hasSuffix("s") ? "" : "es") not match "
        + "\(part.hasSuffix("s") ? "their" : "its") checksum; the file is damaged"
    case .noChecksum(let path):
      "\(path): the file carries no checksum, and one is required"
    case .noTensor(let path, let tensor):
      "\(path): no tensor is named \(quoted(tensor))"
    case .wrongType(let path, let tensor, let found, let expected):
      "\(path): tensor \(quoted(tensor)) has type \(found.name), expected \(expected.name)"
    case .wrongShape(let path, let tensor, let found, let expected):
      "\(path): tensor \(quoted(tensor)) has shape \(found), expected \(expected)"
    case .unusable(let path, let tensor, let found, let expected, let remedy):
      "\(path): tensor \(quoted(tensor)) \(found), expected \(expected); \(remedy)"
    case .unwritable(let name, let reason):
      "cannot store \(quoted(name)): \(reason)"
    }
  }
}

/// A name from a file, safe to print: quoted, control characters escaped, at most 80 characters.
func quoted(_ name: String) -> String {
  var shown = "'"
  for (count, scalar) in name.unicodeScalars.enumerated() {
    if count == 80 { return shown + "…'" }
    // `escaped` leaves the C1 controls and those of direction, which terminals obey too.
    let hides = [0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069].contains { $0 ~= scalar.value }
    shown += scalar.value == 0x27 ? "'" : scalar.escaped(asASCII: hides)
  }
  return shown + "'"
}

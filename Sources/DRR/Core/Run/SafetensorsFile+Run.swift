import Essentials
import Tensor

/// Reading the files of a run.
extension SafetensorsFile {
  /// A file that a run wrote, with its checksum.
  package init(ofRun path: String) throws(CheckpointError) {
    try self.init(
      contentsOf: path, requireChecksum: true,
      remedy: "restore the file from a copy, or start again with --fresh")
  }

  /// - Throws: `CheckpointError` where a training of so many steps, the last of which `together`
  ///   environments take at once, cannot have made `made` of them.
  package func requireSteps(
    of made: Int, _ name: String, _ steps: Int, _ together: Int = 1
  ) throws(CheckpointError) {
    try require(
      made < steps + together || made <= steps, name, "has \(made) steps", "\(steps) at most")
  }

  /// A value that `RunFolder.json` wrote as bytes.
  package func json<Value: Decodable>(
    _ name: String, _ type: Value.Type
  ) throws(CheckpointError) -> Value {
    let text = String(decoding: try values(name, .anything as Expected<UInt8>), as: UTF8.self)
    let value = RunFolder.value(type, json: text)
    try require(value != nil, name, "cannot be read", "what this program wrote")
    return value!
  }

  /// A count of the metadata; nil where there is none of that name.
  package func count(_ key: String) throws(CheckpointError) -> Int? {
    guard let text = metadata[key] else { return nil }
    guard let count = Int(text), 0...1 << 48 ~= count else {
      throw CheckpointError.malformed(
        path: path, reason: "its \(key) is \(text), expected 0 or more")
    }
    return count
  }
}

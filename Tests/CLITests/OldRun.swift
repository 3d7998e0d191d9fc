import Foundation
import TestSupport
import Testing

/// Copies of run folders that version 0.1.0 wrote (Tests/Fixtures/runs/README.md).
enum OldRun {
  static func copied(_ names: String...) throws -> Scratch { try copied(names) }

  static func copied(_ names: [String]) throws -> Scratch {
    let folder = Scratch()
    let fixtures = packageRoot.appendingPathComponent("Tests/Fixtures/runs")
    for name in names {
      try FileManager.default.copyItem(
        at: fixtures.appendingPathComponent(name), to: folder.url(name))
    }
    return folder
  }
}

extension Scratch {
  /// Every file in a folder and those below it, by its path from there.
  func tree(_ folder: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: url(folder).path)
      ?? .init()
    {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(
        atPath: url("\(folder)/\(name)").path, isDirectory: &isFolder)
      if !isFolder.boolValue { found[name] = try data("\(folder)/\(name)") }
    }
    return found
  }

  /// Every tensor of a folder's checkpoints and of those below it: its bytes by file, name, type and
  /// shape. What a checkpoint says beside its tensors does not count.
  func tensors(_ folder: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for (file, bytes) in try tree(folder) where file.hasSuffix(".safetensors") {
      let size = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let header = try object(String(decoding: bytes[8..<8 + size], as: UTF8.self))
      for (name, entry) in header where name != "__metadata__" {
        let entry = try #require(entry as? [String: Any])
        let (type, shape) = (entry["dtype"] as? String, entry["shape"] as? [Int])
        let range = try #require(entry["data_offsets"] as? [Int])
        found["\(file) \(name) \(type ?? "") \(shape ?? [])"] = Data(
          bytes[8 + size + range[0]..<8 + size + range[1]])
      }
    }
    return found
  }
}

/// What two dictionaries do not have alike.
func differences(_ one: [String: Data], _ other: [String: Data]) -> [String] {
  Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
}

/// The row of a report for what today calls `name`.
func row(_ rows: Any?, _ name: String) throws -> [String: Any] {
  let rows = try #require(rows as? [[String: Any]])
  return try #require(
    rows.first { ($0["id"] ?? $0["name"]) as? String == name }, "\(name) has no row")
}

/// The number at a path of keys and places.
func number(_ value: Any?, _ path: Any...) throws -> Double {
  var value = value
  for part in path {
    if let key = part as? String { value = (value as? [String: Any])?[key] }
    if let place = part as? Int { value = (value as? [Any])?[place] }
  }
  return try #require(value as? Double, "no number at \(path)")
}

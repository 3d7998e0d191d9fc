import Foundation

/// A folder that goes away with the test.
package final class TemporaryFolder {
  package let path: String

  package init() {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "drr-data-\(UUID().uuidString)"
      ).path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
  }

  /// Writes `files` into a folder of this name and returns its path.
  package func folder(_ name: String, _ files: [String: Data]) throws -> String {
    let folder = "\(path)/\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (file, data) in files { try data.write(to: URL(fileURLWithPath: "\(folder)/\(file)")) }
    return folder
  }

  package func folder(_ name: String, _ files: [String: String]) throws -> String {
    try folder(name, files.mapValues { Data($0.utf8) })
  }

  package func file(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }
}

import DRRData
import Foundation
import TestSupport
import Testing

/// The folder of real data sets: `DRR_DATA`, otherwise `../shared/data` beside the package.
package enum RealData {
  package static let folder =
    ProcessInfo.processInfo.environment["DRR_DATA"]
    ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/data").path

  /// Runs `body` with the path of a file there; where it is absent, says so and checks that the
  /// reader says so too.
  package static func with(_ file: String, _ body: (String) throws -> Void) throws {
    let path = "\(folder)/\(file)"
    if FileManager.default.fileExists(atPath: path) { return try body(path) }
    print("real data absent: \(path); set DRR_DATA to the folder that has \(file)")
    #expect(loadingError(path) == "\(path): no such file or folder")
  }
}

/// The error of loading `path`, as the user reads it; nil where it loads.
package func loadingError(_ path: String) -> String? {
  do throws(DataError) {
    _ = try RatingsSource.load(path)
    return nil
  } catch {
    return error.description
  }
}

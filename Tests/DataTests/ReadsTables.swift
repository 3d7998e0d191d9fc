import DRRData
import TestSupport
import Testing

/// Tests of tables that are read with options.
protocol ReadsTables {
  var temporary: TemporaryFolder { get }
}

extension ReadsTables {
  func load(
    _ files: [String: String], file: String? = nil, range: ClosedRange<Float>? = nil,
    _ change: (inout ReadingOptions) -> Void
  ) throws -> RatingsLog {
    var options = ReadingOptions()
    change(&options)
    let folder = try temporary.folder("t", files)
    return try RatingsSource.load(
      file.map { "\(folder)/\($0)" } ?? folder, range: range, reading: options)
  }

  /// Why a table is refused.
  func said(
    _ text: String, _ name: String = "a.csv", _ change: (inout ReadingOptions) -> Void
  ) throws -> String {
    let error = #expect(throws: DataError.self) {
      try load([name: text], file: name, change)
    }
    return error?.description ?? ""
  }
}

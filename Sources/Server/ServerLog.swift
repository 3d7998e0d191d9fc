import DRRCore
import Essentials
import Logging

/// A line of JSON an event, on standard error.
struct ServerLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  /// Takes a line.
  let write: @Sendable (String) -> Void

  init(level: Logger.Level, write: @escaping @Sendable (String) -> Void) {
    logLevel = level
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
    fields["time"] = Date.now.ISO8601Format(.init(includingFractionalSeconds: true))
    fields["level"] = event.level.rawValue
    fields["message"] = "\(event.message)"
    if let error = event.error { fields["error"] = "\(error)" }
    if let line = try? RunFolder.json(fields) { write(line) }
  }
}

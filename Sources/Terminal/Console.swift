import DRRCore
import Logging
import Platform

/// What a person reads while a command works goes to standard error; results go to standard output.
package enum Console {
  package static let isTerminal = isatty(2) == 1

  /// Columns of the terminal, or what `COLUMNS` says; 80 where nothing tells.
  package static var columns: Int {
    var size = winsize()
    if ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let told = getenv("COLUMNS").flatMap { Int(String(cString: $0)) }
    return told.map { min(max($0, 20), 1_000) } ?? 80
  }

  /// A message that cannot be written is lost: nothing reads it.
  package static func write(_ text: String) { _ = write(text, to: 2) }

  /// Makes a file that grows past its limit a failed write, not the end of the process.
  package static func surviveFileLimits() { signal(SIGXFSZ, SIG_IGN) }

  /// Without what a terminal would take for more than lines of text: some of it is from files.
  package static func note(_ line: String) { write(line.printableLines + "\n") }

  /// Prints a result. Throws where standard output takes no more: its disk may be full.
  package static func result(_ text: String) throws {
    if let code = write(text.printableLines + "\n", to: 1) {
      throw RunError("cannot write to standard output: \(String(cString: strerror(code)))")
    }
  }

  /// The code of the error, if there was one.
  private static func write(_ text: String, to file: Int32) -> Int32? {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Platform.write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : EIO }
      bytes = bytes.dropFirst(count)
    }
    return nil
  }
}

/// Log messages as plain lines on standard error.
package struct PlainLogHandler: LogHandler {
  package var logLevel = Logger.Level.info
  package var metadata: Logger.Metadata = [:]

  package init() {}

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    Console.note(event.level >= .warning ? "\(event.level): \(event.message)" : "\(event.message)")
  }
}

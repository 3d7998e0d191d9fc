import DRRCore
import Platform

/// What a person reads while a command works goes to standard error; results go to standard output.
package enum Console {
  /// Makes a file that grows past its limit a failed write, not the end of the process.
  package static func surviveFileLimits() { signal(SIGXFSZ, SIG_IGN) }

  /// Without what a terminal would take for more than lines of text: some of it is from files.
  package static func note(_ line: String) { say(line, .info) }

  /// What may be wrong with the result.
  package static func warn(_ line: String) { say("warning: " + line, .warning) }

  /// Why a command fails.
  package static func fail(_ line: String) { say(line, .error) }

  /// What only somebody who looks for a fault asks for.
  package static func debug(_ line: @autoclosure () -> String) { say("debug: " + line(), .debug) }

  /// A line for the `drr` that started this one.
  static func report(_ line: String) { _ = write(line + "\n", to: 2) }

  private static func say(_ line: String, _ level: ScreenSettings.Level) {
    Screen.say(line.printableLines + "\n", level)
  }

  /// Prints a result. Throws where standard output takes no more: its disk may be full.
  ///
  /// - Parameter isForPeople: whether lines are broken that the terminal has no room for.
  package static func result(_ text: String, isForPeople: Bool = false) throws {
    if Screen.isMuted { return }
    Screen.clear()
    let printable = text.printableLines
    let text = (isForPeople ? fitted(printable) : printable) + "\n"
    if let code = write(Screen.isColored(1) ? text.withBoldRows : text, to: 1) {
      throw RunError("cannot write to standard output: \(String(cString: strerror(code)))")
    }
  }

  /// The code of the error, if there was one.
  static func write(_ text: String, to file: Int32) -> Int32? {
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

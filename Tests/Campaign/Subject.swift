import Foundation
import TestSupport

/// A process under trial, with its streams kept and bounds of its own.
final class Subject {
  struct Ending: CustomStringConvertible {
    enum Cause: Equatable {
      case code(Int32)
      case signal(Int32)
      /// It was still at work at its time limit, and was killed.
      case time
    }
    var cause: Cause
    var output: String
    var error: String
    var seconds: Double

    /// Why this is no way for a program to end, whatever it was given: by a signal, at the time
    /// limit, or with a code and no sentence. Nil where it is one.
    var fault: String? {
      switch cause {
      case .time: return "still at work after \(Int(seconds)) s"
      case .signal(let number): return "ended by signal \(number): \(error.suffix(400))"
      case .code(0): return nil
      case .code(let code):
        if error.contains("Fatal error") { return "trapped: \(error.suffix(400))" }
        let isSilent = error.allSatisfy(\.isWhitespace) && output.allSatisfy(\.isWhitespace)
        return isSilent ? "exit \(code) without a word" : nil
      }
    }

    var description: String { "\(cause): \(error.suffix(800))" }
  }

  /// The bounds of a process.
  struct Limits {
    var seconds = 10.0
    /// Address space in KiB, as `ulimit -v` has it; nil for none.
    var addressSpace: Int?
    /// Bytes of a file that is written, in blocks of 512, as `ulimit -f` has it.
    var fileBlocks: Int?
    /// Whether a process of root gives its rights up.
    var unprivileged = false

    init(seconds: Double = 10) { self.seconds = seconds }
  }

  let folder: String
  private(set) var process: pid_t = 0
  private let streams = TemporaryFolder()
  private let limits: Limits
  private let begun = ContinuousClock.now
  private var status: Int32?

  /// Starts `words` in `folder`, with `environment` over the variables of this process.
  init(
    _ words: [String], in folder: String, environment: [String: String] = [:],
    limits: Limits = Limits()
  ) throws {
    (self.folder, self.limits) = (folder, limits)
    var bounds = "ulimit -c 0; "
    if let limit = limits.addressSpace { bounds += "ulimit -v \(limit); " }
    if let limit = limits.fileBlocks { bounds += "ulimit -f \(limit); " }
    // Ids of `nobody` in Debian.
    let drop =
      limits.unprivileged && geteuid() == 0
      ? "setpriv --reuid=65534 --regid=65534 --clear-groups -- " : ""
    let command =
      ["/bin/sh", "-c", "cd \"$0\" && \(bounds)exec \(drop)\"$@\"", folder] + words
    var variables = ProcessInfo.processInfo.environment
    variables["SOURCE_DATE_EPOCH"] = "0"
    variables.merge(environment) { $1 }
    process = try spawn(command, environment: variables, streams: streams, apart: true)
  }

  deinit { if isRunning { end() } }

  var isRunning: Bool {
    if status == nil { collect(WNOHANG) }
    return status == nil
  }

  /// What it has written to standard error until now.
  var errorSoFar: String { (try? streams.text("stderr")) ?? "" }

  var seconds: Double { (ContinuousClock.now - begun) / .seconds(1) }

  func send(_ signal: Int32, toGroup: Bool = false) {
    if isRunning { kill(toGroup ? -process : process, signal) }
  }

  /// Kills it with its children.
  func end() {
    kill(-process, SIGKILL)
    collect(0)
  }

  private func collect(_ options: Int32) {
    var found: Int32 = 0
    while status == nil {
      let answer = waitpid(process, &found, options)
      if answer == process { status = found }
      if answer >= 0 || errno != EINTR { return }
    }
  }

  /// Waits for the end, or the time limit.
  func wait() throws -> Ending {
    var cause: Ending.Cause?
    while isRunning {
      if seconds > limits.seconds {
        end()
        cause = .time
      }
      usleep(2_000)
    }
    let status = status ?? -1
    let byItself: Ending.Cause =
      status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    return Ending(
      cause: cause ?? byItself, output: try streams.text("stdout"),
      error: try streams.text("stderr"), seconds: seconds)
  }

  static func run(
    _ words: [String], in folder: String, environment: [String: String] = [:],
    limits: Limits = Limits()
  ) throws -> Ending {
    try Subject(words, in: folder, environment: environment, limits: limits).wait()
  }
}

/// What a trial needs and does not find.
struct Absent: Error, CustomStringConvertible { var description: String }

extension [String] {
  /// The words as they are typed in a shell.
  var shell: String {
    map { word in
      word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+%@".contains($0) } && !word.isEmpty
        ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }
}

import DRR
import Logging
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What a person reads while a command works goes to standard error; results go to standard output.
enum Console {
  static let isTerminal = isatty(2) == 1

  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foreign.write(2, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  static func note(_ line: String) { write("\(line)\n") }
}

/// Calls whose names Swift or ArgumentParser also use.
enum Foreign {
  static func write(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      Darwin.write(file, bytes, count)
    #elseif canImport(Musl)
      Musl.write(file, bytes, count)
    #else
      Glibc.write(file, bytes, count)
    #endif
  }

  static func exit(_ code: Int32) -> Never {
    #if canImport(Darwin)
      Darwin.exit(code)
    #elseif canImport(Musl)
      Musl.exit(code)
    #else
      Glibc.exit(code)
    #endif
  }
}

/// Whether the person has pressed Control-C. The first asks to stop after the step under way, which
/// is then saved; the second ends the process.
enum Interrupt {
  private static let requested = Atomic<Bool>(false)

  static var isRequested: Bool { requested.load(ordering: .relaxed) }

  static func install() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interrupt.requested.exchange(true, ordering: .relaxed) { signal(number, SIG_DFL) }
      }
    }
  }
}

/// Log messages as plain lines on standard error.
struct PlainLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    Console.note(event.level >= .warning ? "\(event.level): \(event.message)" : "\(event.message)")
  }
}

/// A bar with rate and time left on a terminal; a line every ten seconds elsewhere.
final class Progress {
  private let start = ContinuousClock.now
  private var first: Int?
  private var lastShown: ContinuousClock.Instant?
  private var isShown = false

  func update(_ done: Int, of total: Int, _ note: String) {
    let now = ContinuousClock.now
    let first = first ?? max(done - 1, 0)
    self.first = first
    let interval: Duration = Console.isTerminal ? .milliseconds(100) : .seconds(10)
    let since = lastShown ?? (Console.isTerminal ? start - .seconds(1) : start)
    guard now - since >= interval || (done >= total && isShown) else { return }
    lastShown = now
    isShown = true
    let elapsed = (now - start).seconds
    let rate = Double(done - first) / max(elapsed, 1e-9)
    let left = rate > 0 ? Double(total - done) / rate : 0
    let share = total > 0 ? Double(done) / Double(total) : 1
    let filled = Int(share * 24)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    let line =
      "\(bar) \(Int(share * 100))%  \(grouped(done))/\(grouped(total)) \(note)"
      + "  \(grouped(Int(rate)))/s  \(done >= total ? "took" : "left") "
      + clock(done >= total ? elapsed : left)
    Console.write(Console.isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n")
  }

  func finish() {
    if isShown && Console.isTerminal { Console.write("\n") }
  }

  private func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0
      ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }
}

/// 1234567 as 1,234,567.
func grouped(_ number: Int) -> String {
  var digits = Array("\(abs(number))")
  var at = digits.count - 3
  while at > 0 {
    digits.insert(",", at: at)
    at -= 3
  }
  return (number < 0 ? "-" : "") + String(digits)
}

/// 1.5 GB and the like.
func byteText(_ bytes: UInt64) -> String {
  let units = ["B", "KB", "MB", "GB", "TB"]
  var (value, unit) = (Double(bytes), 0)
  while value >= 1_000 && unit < units.count - 1 {
    value /= 1_000
    unit += 1
  }
  return "\(decimal(value, unit == 0 ? 0 : 1)) \(units[unit])"
}

/// Columns padded to their widest cell; the first to the left, the rest to the right.
struct Table {
  var rows: [[String]]

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

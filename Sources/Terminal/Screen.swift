import DRRCore
import Platform
import Synchronization

/// What a person is shown of standard error, and in which colours.
package struct ScreenSettings: Sendable {
  /// What is said, from the least on.
  package enum Level: String, CaseIterable, Sendable, Comparable {
    case debug, info, warning, error

    package static func < (one: Self, other: Self) -> Bool {
      let order = allCases
      return order.firstIndex(of: one)! < order.firstIndex(of: other)!
    }
  }

  package enum Color: String, CaseIterable, Sendable { case auto, always, never }

  package var level = Level.info
  package var showsProgress = true
  package var color = Color.auto

  package init() {}

  /// Takes --quiet, --log-level and --color, which every command has, out of a command line.
  ///
  /// - Throws: `RunError` for a value that there is not.
  package init(takenFrom words: inout [String]) throws {
    var kept: [String] = []
    var rest = words[...]
    func value<Choice: RawRepresentable & CaseIterable>(
      _ option: String, _ word: String, _ choice: Choice.Type
    ) throws -> Choice where Choice.RawValue == String {
      let text =
        word == option ? rest.popFirst() ?? "" : String(word.dropFirst(option.count + 1))
      guard let found = Choice(rawValue: text) else {
        throw RunError(
          "\(option) is \(text.isEmpty ? "empty" : text); it must be one of "
            + Choice.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return found
    }
    while let word = rest.popFirst() {
      if word == "--" {
        kept += [word] + rest
        break
      } else if word == "--quiet" {
        (level, showsProgress) = (max(level, .warning), false)
      } else if word == "--log-level" || word.hasPrefix("--log-level=") {
        level = try value("--log-level", word, Level.self)
      } else if word == "--color" || word.hasPrefix("--color=") {
        color = try value("--color", word, Color.self)
      } else {
        kept.append(word)
      }
    }
    words = kept
  }
}

/// Standard error as a person sees it: whole lines, and on a terminal one below them that is redrawn
/// while something is under way.
package enum Screen {
  package static let isTerminal = isatty(2) == 1

  private struct State {
    var settings = ScreenSettings()
    /// Whether the terminal's last line is one that is redrawn.
    var isDrawn = false
    var heart = Heartbeat(isTerminal: isTerminal, at: .now)
    /// Whether another process speaks for this one.
    var isMuted = false
    /// Programs at work that write to the same place.
    var lent = 0
  }

  private static let state = Mutex(State())

  /// Columns of the terminal, or what `COLUMNS` says; 80 where nothing tells.
  package static var columns: Int {
    var size = winsize()
    if ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let told = getenv("COLUMNS").flatMap { Int(String(cString: $0)) }
    return told.map { min(max($0, 20), 1_000) } ?? 80
  }

  package static var showsProgress: Bool { state.withLock { $0.settings.showsProgress } }

  /// Whether nothing is written: another process speaks for this one.
  static var isMuted: Bool { state.withLock(\.isMuted) }

  package static func mute() {
    state.withLock { ($0.isMuted, $0.settings.showsProgress) = (true, false) }
  }

  package static func unmute() { state.withLock { $0.isMuted = false } }

  /// From here on nobody is left without a sign for long.
  ///
  /// - Parameter isWatched: whether another `drr` reads what is written, and gives the signs.
  package static func begin(_ settings: ScreenSettings, isWatched: Bool) {
    state.withLock { $0.settings = settings }
    guard settings.showsProgress, !isWatched else { return }
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { _ in
        while true {
          usleep(500_000)
          Screen.beat()
        }
      }, nil)
  }

  /// Says that what is under way still is.
  private static func beat() {
    state.withLock { state in
      guard state.lent == 0, !state.isMuted, let text = state.heart.beat(at: .now) else { return }
      if isTerminal {
        put("\r\u{1B}[K\(text.prefix(columns - 1))")
        state.isDrawn = true
      } else {
        put(text + "\n")
      }
    }
  }

  /// Leaves the screen to a program that is started and waited for.
  static func lend<Result>(while body: () throws -> Result) rethrows -> Result {
    state.withLock {
      erase(&$0)
      $0.lent += 1
    }
    defer {
      state.withLock {
        $0.lent -= 1
        $0.heart.speak(at: .now)
      }
    }
    return try body()
  }

  /// A whole line, above the one that is redrawn.
  static func say(_ text: String, _ level: ScreenSettings.Level) {
    state.withLock { state in
      guard level >= state.settings.level, !state.isMuted else { return }
      erase(&state)
      let text = isTerminal ? fitted(text, columns: columns) : text
      put(
        isColored(state.settings, 2)
          ? text.withStyle(level == .error ? "31" : level == .warning ? "33" : nil) : text)
      state.heart.speak(at: .now)
    }
  }

  /// The line that is redrawn; where there is no terminal, one of its own.
  ///
  /// - Parameter work: what it tells of, in a few words.
  static func draw(_ text: String, work: String) {
    state.withLock { state in
      state.heart.speak(at: .now, of: work)
      guard isTerminal else { return put(text + "\n") }
      let line = isColored(state.settings, 2) ? text.withColoredBar : text
      put("\r\u{1B}[K\(line)")
      state.isDrawn = true
    }
  }

  /// A drawing on standard output, over what `back` takes away.
  package static func draw(over back: String, _ text: String) {
    state.withLock { state in
      erase(&state)
      _ = Console.write(back + (text.isEmpty ? "" : text.printableLines + "\n"), to: 1)
      state.heart.speak(at: .now)
    }
  }

  /// Takes the line away that is redrawn.
  static func clear() { state.withLock { erase(&$0) } }

  /// Whether what goes to a stream is coloured: asked for, or a terminal that shows colours.
  static func isColored(_ stream: Int32) -> Bool { isColored(state.withLock(\.settings), stream) }

  private static func isColored(_ settings: ScreenSettings, _ stream: Int32) -> Bool {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    switch settings.color {
    case .always: return true
    case .never: return false
    case .auto:
      return isatty(stream) == 1 && (variable("NO_COLOR") ?? "").isEmpty
        && variable("TERM") != "dumb"
    }
  }

  private static func erase(_ state: inout State) {
    if state.isDrawn { put("\r\u{1B}[K") }
    state.isDrawn = false
  }

  /// What cannot be written is lost: nobody reads it.
  private static func put(_ text: String) { _ = Console.write(text, to: 2) }
}

extension String {
  /// The text up to its first colon in a colour.
  fileprivate func withStyle(_ code: String?) -> String {
    guard let code, let colon = firstIndex(of: ":"), !self[..<colon].contains(" ") else {
      return self
    }
    return "\u{1B}[\(code)m\(self[...colon])\u{1B}[0m\(self[index(after: colon)...])"
  }

  /// The part of a bar that is done in green.
  fileprivate var withColoredBar: String {
    let done = prefix { $0 == "█" }
    return done.isEmpty ? self : "\u{1B}[32m\(done)\u{1B}[0m\(dropFirst(done.count))"
  }

  /// Rows of tables that are marked as the reader's own in bold.
  var withBoldRows: String {
    split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.hasPrefix(">") ? "\u{1B}[1m\($0)\u{1B}[0m" : String($0)
    }.joined(separator: "\n")
  }
}

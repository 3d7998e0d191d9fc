import DRRCore

/// What is shown of a long piece of work: the share done, the rate, the time left.
package struct ProgressLine {
  package var done: Int
  package var total: Int
  /// Work that was done before the clock started.
  package var first: Int
  package var seconds: Double
  package var note: String

  package init(done: Int, total: Int, first: Int, seconds: Double, note: String) {
    self.done = done
    self.total = total
    self.first = first
    self.seconds = seconds.isFinite ? max(seconds, 1e-9) : 1e-9
    self.note = note
  }

  package var text: String { text(bar: 24, note) }

  /// The line in so many columns: where it has no room the bar is shorter, and then the note is cut.
  package func text(columns: Int) -> String {
    for bar in [24, 16, 10] {
      let line = text(bar: bar, note)
      if line.count <= columns { return line }
    }
    let room = columns - text(bar: 10, "").count - 1
    return room > 0
      ? text(bar: 10, note.prefix(room) + "…") : String(text(bar: 0, "").prefix(columns))
  }

  private func text(bar width: Int, _ note: some StringProtocol) -> String {
    let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 1
    let rate = Double(done - first) / seconds
    let filled = Int(share * Double(width))
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let time =
      done >= total
      ? "took " + clock(seconds)
      : rate > 0 ? clock(Double(total - done) / rate) + " left" : "? left"
    return "\(bar) \(Int(share * 100))%  \(grouped(done))/\(grouped(total)) \(note)"
      + "  \(rateText(rate))/s  \(time)"
  }

  private func rateText(_ rate: Double) -> String {
    let rate = min(max(rate, 0), 1e15)
    return rate < 10 ? decimal(rate, 1) : grouped(Int(rate))
  }

  private func clock(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e12).rounded())
    let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if hours >= 100 { return "\(grouped(hours / 24)) days" }
    return hours > 0
      ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }
}

/// A bar with rate and time left on a terminal; a line every ten seconds elsewhere; reports for
/// the `drr` that started this one where it asks for them.
package final class Progress {
  private let reports: Bool
  private let start = ContinuousClock.now
  private var first: Int?
  private var lastShown: ContinuousClock.Instant?
  private var isShown = false

  package init(reports: Bool = false) { self.reports = reports }

  package func update(_ done: Int, of total: Int, _ note: String) {
    let now = ContinuousClock.now
    let first = first ?? max(done - 1, 0)
    self.first = first
    let isPrompt = Console.isTerminal || reports
    let interval: Duration = isPrompt ? .milliseconds(100) : .seconds(10)
    let since = lastShown ?? (isPrompt ? start - .seconds(1) : start)
    guard now - since >= interval || (done >= total && isShown) else { return }
    lastShown = now
    if reports {
      return Console.write(ProgressReport(done: done, total: total, note: note).line + "\n")
    }
    isShown = true
    let line = ProgressLine(
      done: done, total: total, first: first, seconds: (now - start).seconds, note: note)
    Console.write(
      Console.isTerminal
        ? "\r\u{1B}[K\(line.text(columns: Console.columns - 1))" : "\(line.text)\n")
  }

  package func finish() {
    if isShown && Console.isTerminal { Console.write("\n") }
    isShown = false
  }
}

/// Progress as one `drr` tells it to another: a line of standard error that is no message.
package struct ProgressReport: Equatable {
  package var done: Int
  package var total: Int
  package var note: String

  private static let mark: Character = "\u{1}"

  package init(done: Int, total: Int, note: String) {
    (self.done, self.total, self.note) = (done, total, note)
  }

  package init?(line: String) {
    let parts = line.dropFirst().split(separator: " ", maxSplits: 2)
    guard line.first == Self.mark, parts.count == 3, let done = Int(parts[0]),
      let total = Int(parts[1])
    else { return nil }
    self.init(done: done, total: total, note: String(parts[2]))
  }

  package var line: String { "\(Self.mark)\(done) \(total) \(note)" }
}

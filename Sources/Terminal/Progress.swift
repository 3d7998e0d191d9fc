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
    // A rate takes a moment to be one.
    let rate = seconds > 1e-3 ? Double(done - first) / seconds : 0
    let filled = Int(share * Double(width))
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let time =
      done >= total
      ? "took " + clockText(seconds)
      : rate > 0 ? clockText(Double(total - done) / rate) + " left" : "? left"
    return "\(bar) \(Int(share * 100))%  \(grouped(done))/\(grouped(total)) \(note)"
      + "  \(rateText(rate))/s  \(time)"
  }

  private func rateText(_ rate: Double) -> String {
    let rate = min(max(rate, 0), 1e15)
    return rate < 10 ? decimal(rate, 1) : grouped(Int(rate))
  }

}

/// 1:05, 2:00:09, or 11 days.
func clockText(_ seconds: Double) -> String {
  let whole = Int(min(max(seconds, 0), 1e12).rounded())
  let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  if hours >= 100 { return "\(grouped(hours / 24)) days" }
  return hours > 0
    ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
}

/// One line for all stages of a piece of work, each with its own rate and time left: redrawn on a
/// terminal, every ten seconds elsewhere, or reported to the `drr` that started this one.
package final class Progress {
  private let reports: Bool
  /// The words that a stage's notes begin with, when it began, and what was done before.
  private var stage = ""
  private var start = ContinuousClock.now
  private var first = 0
  /// What was done when, in the last seconds, from which the rate is.
  private var marks: [(time: ContinuousClock.Instant, done: Int)] = []
  private static let memory = Duration.seconds(20)
  private var lastShown: ContinuousClock.Instant?
  private var isShown = false

  package init(reports: Bool = false) { self.reports = reports }

  package func update(_ done: Int, of total: Int, _ note: String) {
    let now = ContinuousClock.now
    let stage = String(note.prefix { $0 != "," })
    if stage != self.stage {
      endStage(now)
      (self.stage, start, first, isShown) = (stage, now, max(done - 1, 0), false)
      marks = [(start, first)]
    }
    let isPrompt = Screen.isTerminal || reports
    let interval: Duration = isPrompt ? .milliseconds(100) : .seconds(10)
    let since = lastShown ?? (isPrompt ? start - .seconds(1) : start)
    guard now - since >= interval || (done >= total && isShown) else { return }
    lastShown = now
    if reports {
      return Console.report(ProgressReport(done: done, total: total, note: note).line)
    }
    guard Screen.showsProgress else { return }
    isShown = done < total
    let isOver = done >= total
    let mark = isOver ? (time: start, done: first) : marks[0]
    let line = ProgressLine(
      done: done, total: total, first: mark.done, seconds: (now - mark.time).seconds, note: note)
    marks.append((now, done))
    while marks.count > 2, now - marks[1].time > Self.memory { marks.removeFirst() }
    Screen.draw(
      Screen.isTerminal ? line.text(columns: Screen.columns - 1) : line.text, work: stage)
  }

  package func finish() {
    endStage(.now)
    (stage, isShown) = ("", false)
    Screen.clear()
  }

  private func endStage(_ now: ContinuousClock.Instant) {
    guard !stage.isEmpty else { return }
    Console.debug("\(stage) took \(clockText((now - start).seconds))")
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

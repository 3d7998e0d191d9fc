/// When something was last said of what is under way, and what is said where that was long ago.
package struct Heartbeat {
  /// Whether the line is redrawn, so that it may come often and its time grow.
  private let isTerminal: Bool
  private var spoke: ContinuousClock.Instant
  /// When something was last said of the work itself.
  private var told: ContinuousClock.Instant
  /// What was under way then, in a few words.
  private var work = ""

  package init(isTerminal: Bool, at now: ContinuousClock.Instant) {
    (self.isTerminal, spoke, told) = (isTerminal, now, now)
  }

  /// Something was said.
  ///
  /// - Parameter work: what it tells of; nil where it tells of no work.
  package mutating func speak(at now: ContinuousClock.Instant, of work: String? = nil) {
    (spoke, told) = (now, now)
    if let work { self.work = work }
  }

  /// What is to be said by now: nothing within 2 seconds, or 50 where there is no terminal.
  package mutating func beat(at now: ContinuousClock.Instant) -> String? {
    let silence = now - spoke
    guard silence >= (isTerminal ? .seconds(2) : .seconds(50)) else { return nil }
    if !isTerminal { spoke = now }
    return (work.isEmpty ? "at work" : "at work after \(work)")
      + ", \(clockText((now - told).seconds))"
  }
}
